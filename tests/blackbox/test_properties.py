"""What 5.0 lets travel with a message, and how names become numbers."""

from mqtt import *
from story import Story, main, matrix, mosquitto_deviates, versions


class PassedOn(Story):
    def through(self, properties, retain=False, payload=b"x"):
        blue = self.client("blue")
        blue.subscribe(self.topic("t"), qos=1)
        self.client("green").publish(self.topic("t"), payload, 1, properties=properties)
        return blue.expect_message(self.topic("t"), payload).properties

    @matrix
    def test_request_and_response(self):
        """[MQTT-3.3.2-15][MQTT-3.3.2-16] response topic and correlation data arrive unaltered"""
        properties = {"response_topic": "réponse/à/" + "x" * 300,
                      "correlation_data": bytes(range(256)) * 4}
        self.assertEqual(self.through(properties), properties)
        self.assertEqual(self.through({"response_topic": "r", "correlation_data": b""}),
                         {"response_topic": "r", "correlation_data": b""})

    @matrix
    def test_user_properties(self):
        """[MQTT-3.3.2-17][MQTT-3.3.2-18] user properties arrive unaltered, in order, repeated"""
        pairs = [("b", "1"), ("a", "2"), ("b", "1"), ("", ""), ("é", "\U0001f98e"), ("b", "3")]
        pairs += [(f"k{number}", "v" * number) for number in range(200)]
        self.assertEqual(self.through({"user_property": pairs}), {"user_property": pairs})

    def test_user_properties_among_others(self):
        """[MQTT-3.3.2-18] their order stays when other properties stand between them"""
        properties = [("user_property", ("a", "1")), ("content_type", "t"),
                      ("user_property", ("b", "2")), ("topic_alias", 3), ("response_topic", "r"),
                      ("user_property", ("a", "3")), ("message_expiry_interval", 1000),
                      ("user_property", ("c", "4"))]
        got = self.through(properties)
        self.assertEqual(got["user_property"], [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")])
        self.assertEqual((got["content_type"], got["response_topic"]), ("t", "r"))

    @matrix
    def test_payload_format_and_content_type(self):
        """[MQTT-3.3.2-4][MQTT-3.3.2-20] arrive unaltered"""
        for indicator in (0, 1):
            properties = {"payload_format_indicator": indicator, "content_type": "text/plain; é"}
            got = self.through(properties, payload="été".encode())
            self.assertEqual(got.get("payload_format_indicator", 0), indicator)
            self.assertEqual(got["content_type"], properties["content_type"])

    @matrix
    def test_to_3(self):
        """[MQTT-3.3.2-3] to a client of 3.x goes the message without properties, and back"""
        old, new = self.client("old", 4), self.client("new")
        old.subscribe(self.topic("t"), qos=1)
        new.subscribe(self.topic("t"), qos=1)
        new.publish(self.topic("t"), b"five", 1, properties={"content_type": "t"})
        old.expect_message(self.topic("t"), b"five")
        new.expect_message(self.topic("t"), b"five")
        old.publish(self.topic("t"), b"four", 1)
        self.assertEqual(new.expect_message(self.topic("t"), b"four").properties, {})
        old.expect_message(self.topic("t"), b"four")

    @mosquitto_deviates("accepts some of them")
    def test_malformed(self):
        """[MQTT-3.3.4-6][MQTT-3.3.2-14][MQTT-3.3.2-13][MQTT-3.3.2-19] what PUBLISH may not carry"""
        bad = (
            b"\x0b\x01",                            # a subscription identifier
            b"\x08\x00\x03a/#",                     # wildcards in the response topic
            b"\x08\x00\x01+",
            b"\x08\x00\x01\xff",                    # not UTF-8
            b"\x03\x00\x01\xff", b"\x26\x00\x01a\x00\x01\xff", b"\x03\x00\x02a\x00",
            b"\x01\x02",                            # payload format 2
            b"\x01\x00\x01\x00",                    # twice
            b"\x02\x00\x00\x00\x01" * 2, b"\x23\x00\x01\x23\x00\x01", b"\x03\x00\x01a\x03\x00\x01a",
            b"\x08\x00\x01a\x08\x00\x01a", b"\x09\x00\x01a\x09\x00\x01a",
            b"\x11\x00\x00\x00\x01", b"\x21\x00\x01", b"\x1f\x00\x01a",  # of other packets
            b"\x00", b"\x7f", b"\x80\x01",          # unknown
            b"\x02\x00\x00\x00", b"\x03\x00\x05a", b"\x26\x00\x01a",     # cut short
        )
        for properties in bad:
            green = self.client("green")
            green.name = repr(properties)
            green.send(publish(self.topic("t"), b"x", 1, 1, properties=properties))
            green.expect_ended(0x81, 0x82, 0x90, 0x99)

    def test_payload_that_is_no_text(self):
        """[MQTT-3.3.2-4] payload format 1 with bytes that are no UTF-8: refused or passed on"""
        blue, green = self.client("blue"), self.client("green")
        blue.subscribe(self.topic("t"), qos=1)
        green.send(publish(self.topic("t"), b"\xff", 1, 1,
                           properties={"payload_format_indicator": 1}))
        packet = green.receive()
        if packet.kind == PUBACK and packet.reason < 0x80:
            blue.expect_message(self.topic("t"), b"\xff")
        else:
            self.assertEqual(packet.reason, 0x99)


class Expiry(Story):
    @matrix
    def test_remaining_interval(self):
        """[MQTT-3.3.2-6] what waited is sent with the time that is left"""
        away = self.durable("away")
        away.subscribe(self.topic("t"), qos=1)
        away.disconnect()
        green = self.client("green")
        green.publish(self.topic("t"), b"long", 1, properties={"message_expiry_interval": 100})
        green.publish(self.topic("t"), b"short", 1, properties={"message_expiry_interval": 1})
        green.publish(self.topic("t"), b"none", 1)
        self.let_time_pass(2.1)
        again = self.durable("away")
        packet = again.expect_message(self.topic("t"), b"long")
        self.assertIn(packet.properties["message_expiry_interval"], range(90, 99))
        self.assertEqual(again.expect_message(self.topic("t"), b"none").properties, {})

    @matrix
    def test_passed_on_at_once(self):
        """[MQTT-3.3.2-6] what did not wait is sent with the interval it came with"""
        blue = self.client("blue")
        blue.subscribe(self.topic("t"))
        for interval in (5, 0xFFFFFFFF):
            self.client("green").publish(self.topic("t"), b"x", 0,
                                         properties={"message_expiry_interval": interval})
            got = blue.expect_message(self.topic("t")).properties["message_expiry_interval"]
            self.assertIn(got, (interval, interval - 1))

    @mosquitto_deviates("sends it")
    def test_behind_the_window(self):
        """[MQTT-3.3.2-5] expires while it waits for the receive maximum: deleted"""
        blue = self.client("blue", properties={"receive_maximum": 1})
        blue.subscribe(self.topic("t"), qos=1)
        green = self.client("green")
        green.publish(self.topic("t"), b"first", 1)
        green.publish(self.topic("t"), b"stale", 1, properties={"message_expiry_interval": 1})
        green.publish(self.topic("t"), b"last", 1)
        first = blue.expect_publish(self.topic("t"), b"first")
        self.let_time_pass(2.1)
        blue.send(puback(first.packet_id))
        blue.expect_message(self.topic("t"), b"last")

    @versions(5)
    def test_not_once_sent(self, v):
        """[MQTT-4.3.3-7][MQTT-4.3.3-13] once sent it does not expire: the exchange is finished"""
        blue = self.durable("blue", v)
        blue.subscribe(self.topic("t"), qos=2)
        self.client("green").publish(self.topic("t"), b"x", 2,
                                     properties={"message_expiry_interval": 1})
        packet = blue.expect_publish(self.topic("t"), b"x")
        self.let_time_pass(1.6)
        blue.send(pubrec(packet.packet_id))
        blue.expect(PUBREL, packet_id=packet.packet_id, reason=0)
        blue.send(pubcomp(packet.packet_id))
        blue.expect_silence()

    def test_old_clients_too(self):
        """[MQTT-3.3.2-5] holds for what waits for a 3.1.1 session as well"""
        away = self.durable("away", 4)
        away.subscribe(self.topic("t"), qos=1)
        away.disconnect()
        green = self.client("green")
        green.publish(self.topic("t"), b"stale", 1, properties={"message_expiry_interval": 1})
        green.publish(self.topic("t"), b"fresh", 1, properties={"message_expiry_interval": 100})
        self.let_time_pass(2.1)
        self.durable("away", 4).expect_message(self.topic("t"), b"fresh")


class Aliases(Story):
    def watcher(self, **how):
        watch = self.client("watch", **how)
        watch.subscribe(self.topic("#"), qos=1)
        return watch

    @matrix
    def test_from_the_client(self):
        """[MQTT-3.3.2-12] an alias stands for the name it was given with, until given anew"""
        watch = self.watcher()
        green = self.client("green")
        highest = green.connack.properties["topic_alias_maximum"]
        for alias in (1, highest):
            for name in ("a", "b"):
                green.send(publish(self.topic(name), b"named", properties={"topic_alias": alias}))
                green.send(publish("", b"alone", properties={"topic_alias": alias}))
                green.send(publish("", b"alone", 1, 7, properties={"topic_alias": alias}))
                green.expect(PUBACK, packet_id=7)
                for payload in (b"named", b"alone", b"alone"):
                    packet = watch.expect_message(self.topic(name), payload)
                    self.assertNotIn("topic_alias", packet.properties)

    @matrix
    def test_bad_from_the_client(self):
        """[MQTT-3.3.2-8][MQTT-3.3.2-9][MQTT-3.2.2-17] 0, or above the broker's maximum: 0x94"""
        for alias in (0, 11, 65535):
            green = self.client("green")
            green.send(publish(self.topic("t"), b"x", properties={"topic_alias": alias}))
            green.expect_ended(0x94)

    def test_unknown(self):
        """[MQTT-3.3.2-7] an alias that was not given on this connection: protocol error"""
        first = self.durable("green")
        first.send(publish(self.topic("t"), b"x", properties={"topic_alias": 2}))
        first.ping()
        first.disconnect()
        again = self.durable("green")
        again.send(publish("", b"x", properties={"topic_alias": 2}))
        again.expect_ended(0x82, 0x94)

    def test_none_offered(self):
        """[MQTT-3.2.2-18] max_topic_alias 0: no alias is accepted"""
        self.use("max_topic_alias 0")
        green = self.client("green")
        self.assertEqual(green.connack.properties.get("topic_alias_maximum", 0), 0)
        green.send(publish(self.topic("t"), b"x", properties={"topic_alias": 1}))
        green.expect_ended(0x94)

    @matrix
    def test_from_the_broker(self):
        """[MQTT-3.1.2-26][MQTT-3.3.2-8][MQTT-3.3.2-11] never above the client's maximum"""
        watch = self.watcher(properties={"topic_alias_maximum": 2})
        green = self.client("green")
        known = {}
        for number in range(40):
            topic = self.topic(f"n{number % 4}")
            green.publish(topic, b"%d" % number, number % 2)
            packet = watch.expect(PUBLISH, payload=b"%d" % number)
            watch.acknowledge(packet)
            alias = packet.properties.get("topic_alias")
            if alias is not None:
                self.assertIn(alias, (1, 2))
                if packet.topic:
                    known[alias] = packet.topic
            self.assertEqual(packet.topic or known.get(alias), topic)

    def test_broker_uses_them(self):
        """[MQTT-3.3.2-10] a topic that comes again and again is sent by its alias"""
        watch = self.watcher(properties={"topic_alias_maximum": 10})
        green = self.client("green")
        lengths = []
        for _ in range(5):
            green.publish(self.topic("long/" + "x" * 100), b"x", 0)
            lengths.append(len(watch.expect(PUBLISH).topic))
        if not Link.reasons_are_optional:  # mosquitto uses none
            self.assertEqual(lengths[-1], 0)

    @matrix
    def test_none_unasked(self):
        """[MQTT-3.1.2-27] without a topic alias maximum the broker uses none"""
        for properties in (None, {"topic_alias_maximum": 0}):
            watch = self.watcher(properties=properties)
            green = self.client("green")
            for _ in range(5):
                green.publish(self.topic("t"), b"x", 1)
                self.assertEqual(watch.expect_message(self.topic("t"), b"x").properties, {})

    def test_sent_again_in_full(self):
        """[MQTT-3.3.2-7][MQTT-4.4.0-1] what is sent again on a new connection names its topic"""
        how = {"topic_alias_maximum": 10}
        watch = self.durable("watch", properties=how)
        watch.subscribe(self.topic("t"), qos=1)
        green = self.client("green")
        for number in range(3):
            green.publish(self.topic("t"), b"%d" % number, 1)
            watch.expect(PUBLISH)
        watch.close()
        again = self.durable("watch", properties=how)
        names = [again.expect(PUBLISH, dup=True) for _ in range(3)]
        self.assertEqual(names[0].topic, self.topic("t"))
        for packet in names[1:]:
            self.assertTrue(packet.topic or packet.properties["topic_alias"])


if __name__ == "__main__":
    main()
