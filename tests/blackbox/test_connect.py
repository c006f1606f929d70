"""How a connection begins: CONNECT, and the broker's answer."""

from mqtt import *
from story import Story, main, matrix, mosquitto_deviates, versions


class Accepted(Story):
    @matrix
    @versions(3, 4, 5)
    def test_accepted(self, v):
        """[MQTT-3.1.4-5][MQTT-3.2.0-1][v3 MQTT-3.1.4-4][v3 MQTT-3.2.0-1] CONNACK 0 comes first"""
        client = self.client("blue", v)
        client.expect_silence()
        client.disconnect()

    @versions(4, 5)
    def test_packets_behind_connect(self, v):
        """[MQTT-3.2.0-1] what a client sends right behind CONNECT is answered after CONNACK"""
        link = self.link(v)
        link.send(connect(self.name("eager"), v=v), pingreq(),
                  subscribe(7, [(self.topic("x"), 1)], v=v), pingreq())
        link.expect(CONNACK, reason=0)
        link.expect(PINGRESP)
        link.expect(SUBACK, packet_id=7, reasons=[1])
        link.expect(PINGRESP)

    @versions(3, 4, 5)
    def test_one_byte_at_a_time(self, v):
        """[MQTT-4.2-1] packets may arrive in any portions"""
        link = self.link(v)
        for byte in connect(self.name("drip"), v=v):
            link.send(bytes([byte]))
        link.expect(CONNACK, reason=0)
        for byte in publish(self.topic("t"), b"payload", 1, 9, v=v) + pingreq():
            link.send(bytes([byte]))
        link.expect(PUBACK, packet_id=9)
        link.expect(PINGRESP)

    @versions(3, 4, 5)
    def test_user_name_and_password(self, v):
        """[MQTT-3.1.2-17][MQTT-3.1.2-19][v3 MQTT-3.1.2-19][v3 MQTT-3.1.2-21] fields are read"""
        self.client("who", v, user_name="blue", password=b"\x00\xff secret")

    def test_password_alone(self):
        """[MQTT-3.1.2-16][MQTT-3.1.2-19] 5.0 allows a password without a user name"""
        self.client("token", 5, password=b"token")

    @versions(3, 4)
    def test_password_without_user_name(self, v):
        """[v3 MQTT-3.1.2-22] a password without a user name ends the connection"""
        link = self.link(v)
        link.send(connect(self.name("bad"), v=v, password=b"token"))
        link.expect_closed()

    @versions(3, 4, 5)
    def test_plain_client_ids(self, v):
        """[MQTT-3.1.3-5][v3 MQTT-3.1.3-5] identifiers of 1 to 23 letters and digits are accepted"""
        for client_id in ("a", "Z9", "0123456789abcdefghijABC"):
            self.link(v).connect(client_id)

    @versions(4, 5)
    def test_unusual_client_ids(self, v):
        """[MQTT-3.1.3-2][v3 MQTT-3.1.3-2] long, foreign, odd identifiers name sessions, too"""
        for client_id in ("x" * 200, "зелёный кабель", "a/b", "with space", "\U0001f98e" * 5):
            self.link(v).connect(client_id)

    @versions(4, 5)
    def test_all_kinds_of_will(self, v):
        """[MQTT-3.1.2-9][MQTT-3.1.2-12][v3 MQTT-3.1.2-9] a will of each QoS, kept or not"""
        for qos in (0, 1, 2):
            for retain in (False, True):
                will = Will(self.topic("w"), b"", qos, retain)
                self.client(f"w{qos}{retain:d}", v, will=will).disconnect()

    def test_all_properties(self):
        """[MQTT-3.1.4-5] CONNECT with every property it may have, and a will with all of its own"""
        will = Will(self.topic("w"), b"\x00", 2, True, {
            "will_delay_interval": 1, "payload_format_indicator": 0,
            "message_expiry_interval": 60, "content_type": "t", "response_topic": "r",
            "correlation_data": b"c", "user_property": [("a", "b"), ("a", "c")]})
        self.client("full", 5, will=will, user_name="u", password=b"p", keep_alive=65535,
                    properties={"session_expiry_interval": 0, "receive_maximum": 65535,
                                "maximum_packet_size": 268435460, "topic_alias_maximum": 65535,
                                "request_response_information": 1,
                                "request_problem_information": 1,
                                "user_property": [("", ""), ("k", "v")]}).disconnect()


class Identifiers(Story):
    def test_assigned_in_5(self):
        """[MQTT-3.1.3-6][MQTT-3.1.3-7][MQTT-3.2.2-16] no identifier: a new one each, in CONNACK"""
        names = set()
        for _ in range(20):
            connack = self.link(5).connect("")
            names.add(connack.properties["assigned_client_identifier"])
        self.assertEqual(len(names), 20)

    def test_assigned_names_the_session(self):
        """[MQTT-3.1.3-7] the session can be resumed by the assigned identifier"""
        first = self.link(5)
        connack = first.connect("", properties={"session_expiry_interval": 60})
        first.disconnect()
        again = self.link(5)
        again.connect(connack.properties["assigned_client_identifier"], clean=False)
        self.assertTrue(again.connack.session_present)
        self.assertNotIn("assigned_client_identifier", again.connack.properties)

    def test_assigned_without_clean_start(self):
        """[MQTT-3.1.3-6][MQTT-3.2.2-3] 5.0: no identifier, clean start 0: a new session"""
        connack = self.link(5).connect("", clean=False)
        self.assertIn("assigned_client_identifier", connack.properties)
        self.assertFalse(connack.session_present)

    def test_empty_in_311(self):
        """[v3 MQTT-3.1.3-6] no identifier and clean session: accepted, each unique"""
        first, second = self.link(4), self.link(4)
        first.connect("")
        second.connect("")
        first.expect_silence()

    def test_empty_in_311_for_a_durable_session(self):
        """[v3 MQTT-3.1.3-7][v3 MQTT-3.1.3-8][v3 MQTT-3.2.2-5] no identifier, clean session 0: 2"""
        link = self.link(4)
        link.connect("", reason=2, clean=False)
        link.expect_closed()

    def test_empty_in_31(self):
        """[v3 MQTT-3.1.3-9] 3.1 knows no empty identifier: return code 2"""
        link = self.link(3)
        link.connect("", reason=2)
        link.expect_closed()

    @mosquitto_deviates("answers 0x80")
    def test_empty_not_allowed(self):
        """[MQTT-3.1.3-8][v3 MQTT-3.1.3-9] allow_zero_length_clientid false: refused, then closed"""
        self.use("allow_zero_length_clientid false")
        for v, reason in ((4, 2), (5, 0x85)):
            link = self.link(v)
            link.connect("", reason=reason)
            link.expect_closed()

    def test_prefix_of_assigned(self):
        """[MQTT-3.1.3-7] auto_id_prefix stands before what the broker assigns"""
        self.use("auto_id_prefix house-")
        name = self.link(5).connect("").properties["assigned_client_identifier"]
        self.assertTrue(name.startswith("house-"), name)


class Connack(Story):
    def test_what_is_said(self):
        """[MQTT-3.2.2-9] CONNACK names only limits, and sane ones"""
        given = self.client("a").connack.properties
        self.assertNotIn("maximum_qos", given)
        self.assertIn(given.get("retain_available", 1), (1,))
        self.assertIn(given.get("shared_subscription_available", 1), (1,))
        self.assertIn(given.get("wildcard_subscription_available", 1), (1,))
        self.assertIn(given.get("subscription_identifier_available", 1), (1,))
        self.assertNotEqual(given.get("receive_maximum", 65535), 0)
        self.assertNotEqual(given.get("maximum_packet_size", 1), 0)

    def test_nothing_that_was_not_asked_for(self):
        """[MQTT-3.1.2-28][MQTT-4.12.0-6][MQTT-3.2.2-22] nothing unasked"""
        for properties in (None, {"request_response_information": 0}):
            given = self.client("a", properties=properties, keep_alive=30).connack.properties
            for name in ("response_information", "authentication_method", "server_keep_alive",
                         "authentication_data", "assigned_client_identifier"):
                self.assertNotIn(name, given)

    def test_topic_alias_maximum(self):
        """[MQTT-3.3.2-12] the broker offers the ten aliases of its default"""
        self.assertEqual(self.client("a").connack.properties.get("topic_alias_maximum"), 10)

    @versions(4)
    def test_two_bytes(self, v):
        """[v3 MQTT-3.2.2-1] CONNACK of 3.1.1 has two bytes and no properties"""
        link = self.link(v)
        link.send(connect(self.name("x"), v=v))
        raw = b""
        while len(raw) < 4:
            raw += link.socket.recv(4 - len(raw))
        self.assertEqual(raw, b"\x20\x02\x00\x00")
        link.expect_silence()


class Refused(Story):
    @versions(4, 5)
    def test_second_connect(self, v):
        """[MQTT-3.1.0-2][v3 MQTT-3.1.0-2] a second CONNECT ends the connection"""
        client = self.client("twice", v)
        client.send(connect(self.name("twice"), v=v))
        client.expect_ended(0x82)

    @versions(4, 5)
    def test_wrong_protocol_name(self, v):
        """[MQTT-3.1.2-1][v3 MQTT-3.1.2-1] another protocol name is not served"""
        for name in ("MQTX", "mqtt", "", "MQTTMQTT", "HTTP", b"\xff\xfeTT", "MQIsdP"):
            link = self.link(v)
            link.send(connect(self.name("n"), v=v, name=name))
            try:
                link.expect(CONNACK, reason=(0x84, 0x81, 1))
            except Closed:
                continue
            link.expect_closed()

    def test_wrong_version(self):
        """[MQTT-3.1.2-2][v3 MQTT-3.1.2-2] a version nobody speaks: 1 or 0x84, closed"""
        for name, level in (("MQTT", 0), ("MQTT", 2), ("MQTT", 6), ("MQTT", 127), ("MQIsdp", 1),
                            ("MQIsdp", 9)):
            link = self.link(5)  # the answer may have the form of any version
            link.send(connect(self.name("l"), v=4, name=name, level=level))
            link.expect(CONNACK, reason=(1, 0x84), session_present=False)
            link.expect_closed()

    @mosquitto_deviates("lets names and levels be mixed")
    def test_name_of_another_version(self):
        """[MQTT-3.1.2-1][v3 MQTT-3.1.2-1] MQIsdp belongs to level 3, MQTT to 4 and 5"""
        for name, level in (("MQIsdp", 4), ("MQIsdp", 5), ("MQTT", 3)):
            link = self.link(4)
            link.send(connect(self.name("m"), v=4, name=name, level=level))
            link.expect_gone()

    @versions(4, 5)
    def test_reserved_flag(self, v):
        """[MQTT-3.1.2-3][v3 MQTT-3.1.2-3] the reserved connect flag ends the connection"""
        link = self.link(v)
        link.send(connect(self.name("r"), v=v, flags=0x03))
        self.expect_connect_refused(link, 0x81)

    @versions(4, 5)
    def test_will_flags_without_will(self, v):
        """[MQTT-3.1.2-11][MQTT-3.1.2-13][v3 MQTT-3.1.2-13][v3 MQTT-3.1.2-15] are malformed"""
        for flags in (0x0A, 0x12, 0x22, 0x2A):
            link = self.link(v)
            link.send(connect(self.name("f"), v=v, flags=flags))
            self.expect_connect_refused(link, 0x81, 0x82)

    @versions(4, 5)
    def test_will_qos_3(self, v):
        """[MQTT-3.1.2-12][v3 MQTT-3.1.2-14] a will of QoS 3 is malformed"""
        link = self.link(v)
        link.send(connect(self.name("q"), v=v, will=Will("w", qos=3)))
        self.expect_connect_refused(link, 0x81, 0x82)

    @versions(4, 5)
    def test_will_topic(self, v):
        """[MQTT-3.3.2-2][MQTT-4.7.3-1][v3 MQTT-3.3.2-2] the will's topic is a topic name"""
        for topic in ("", "a/#", "+/b", "#", b"\xc3\x28", b"a\x00b"):
            link = self.link(v)
            link.send(connect(self.name("t"), v=v, will=Will(topic)))
            self.expect_connect_refused(link, 0x81, 0x82, 0x90)

    @versions(4, 5)
    def test_missing_fields(self, v):
        """[MQTT-3.1.4-1][v3 MQTT-3.1.4-1] flags that promise fields which are not there"""
        for flags in (0x06, 0x82, 0xC2, 0xC6):
            link = self.link(v)
            link.send(connect("c", v=v, flags=flags))
            self.expect_connect_refused(link, 0x81, 0x82)

    @versions(4, 5)
    def test_bytes_too_many(self, v):
        """[MQTT-3.1.4-1][v3 MQTT-3.1.4-1] something behind the last field is malformed"""
        whole = connect(self.name("m"), v=v)
        link = self.link(v)
        link.send(frame(CONNECT, whole[2:] + b"\x00\x01x"))
        self.expect_connect_refused(link, 0x81, 0x82)

    @versions(4, 5)
    def test_strings(self, v):
        """[MQTT-1.5.4-1][MQTT-1.5.4-2][MQTT-3.1.3-4][v3 MQTT-1.5.3-1][v3 MQTT-1.5.3-2] bad UTF-8"""
        for bad in (b"\xff", b"a\x00b", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80",
                    b"\xe2\x82"):
            for how in ({"client_id": bad}, {"client_id": "c", "user_name": bad}):
                link = self.link(v)
                link.send(connect(v=v, **how))
                self.expect_connect_refused(link, 0x81, 0x85, 2)

    @versions(4, 5)
    def test_other_packets_first(self, v):
        """[MQTT-3.1.0-1][v3 MQTT-3.1.0-1] whatever comes before CONNECT ends the connection"""
        for packet in (publish("t", b"x", v=v), pingreq(), disconnect(v=v), puback(1),
                       subscribe(1, [("t", 0)], v=v), unsubscribe(1, ["t"], v=v), pubrel(1),
                       connack(v=v), suback(1, [0], v=v), pingresp(), auth(), b"\x00\x00",
                       b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"):
            link = self.link(v)
            link.send(packet)
            link.expect_closed()

    def test_refused_goes_no_further(self):
        """[MQTT-3.1.4-6][v3 MQTT-3.1.4-5] nothing that follows a rejected CONNECT is worked on"""
        watch = self.client("watch")
        watch.subscribe(self.topic("#"))
        link = self.link(4)
        link.send(connect("", v=4, clean=False), publish(self.topic("no"), b"no", v=4))
        link.expect(CONNACK, reason=2)
        link.expect_closed()
        self.client("other").publish(self.topic("yes"), b"yes", 1)
        watch.expect_publish(self.topic("yes"))

    @mosquitto_deviates("accepts some of them")
    def test_bad_properties(self):
        """[MQTT-3.1.4-1][MQTT-4.13.1-1] properties out of place, out of range or twice"""
        bad = (
            b"\x23\x00\x01",                            # topic alias
            b"\x21\x00\x00",                            # receive maximum 0
            b"\x27\x00\x00\x00\x00",                    # maximum packet size 0
            b"\x17\x02",                                # request problem information 2
            b"\x19\x02",                                # request response information 2
            b"\x21\x00\x05\x21\x00\x05",                # receive maximum twice
            b"\x11\x00\x00\x00\x05" * 2,                # session expiry twice
            b"\x18\x00\x00\x00\x01",                    # will delay, not among the will's
            b"\x7f\x00", b"\x00", b"\x81\x01",          # unknown
            b"\x16\x00\x01a",                           # authentication data without a method
            b"\x26\x00\x01\xff\x00\x01b",               # user property that is not UTF-8
            b"\x11\x00\x00",                            # cut short
        )
        for properties in bad:
            link = self.link(5)
            link.name = repr(properties)
            link.send(connect(self.name("p"), properties=properties))
            self.expect_connect_refused(link, 0x81, 0x82)

    @mosquitto_deviates("accepts some of them")
    def test_bad_will_properties(self):
        """[MQTT-3.1.4-1] properties that do not belong to a will"""
        for properties in (b"\x11\x00\x00\x00\x05", b"\x23\x00\x01", b"\x01\x02", b"\x0b\x01",
                           b"\x18\x00\x00\x00\x01" * 2, b"\x7f", b"\x08\x00\x01#"):
            link = self.link(5)
            link.name = repr(properties)
            link.send(connect(self.name("p"), will=Will("w", properties=properties)))
            self.expect_connect_refused(link, 0x81, 0x82, 0x90)

    def expect_connect_refused(self, link, *reasons):
        """A malformed CONNECT: 3.x closes without a word, 5.0 may say why in CONNACK."""
        try:
            packet = link.expect(CONNACK, session_present=False)
        except Closed:
            return
        self.assertIn(packet.reason, reasons, link.name)
        link.expect_closed()


class Anonymous(Story):
    directives = ("allow_anonymous false",)

    @versions(3, 4, 5)
    def test_not_allowed(self, v):
        """[MQTT-3.1.4-2][MQTT-3.2.2-6][MQTT-3.2.2-7][v3 MQTT-3.2.2-4][v3 MQTT-3.2.2-5] no name"""
        link = self.link(v)
        link.connect(self.name("nobody"), reason=(4, 5) if v < 5 else (0x86, 0x87))
        self.assertFalse(link.connack.session_present)
        link.expect_closed()


if __name__ == "__main__":
    main()
