"""AUTH, PINGREQ and DISCONNECT; what the broker says when it ends a connection, or itself."""

import signal

from mqtt import *
from story import Story, main, matrix, midged_only, mosquitto_deviates, versions


class Authentication(Story):
    def test_unknown_method(self):
        """[MQTT-4.12.0-1][MQTT-4.12.0-4][MQTT-3.1.2-30] a method nobody knows: 0x8C, closed"""
        for properties in ({"authentication_method": "none such"},
                           {"authentication_method": "", "authentication_data": b""},
                           {"authentication_method": "SCRAM-SHA-1", "authentication_data": b"n,,"}):
            link = self.link(5)
            link.send(connect(self.name("a"), properties=properties))
            packet = link.expect(CONNACK, reason=(0x8C, 0x87), session_present=False)
            self.assertNotIn("authentication_method", packet.properties)
            link.expect_closed()

    def test_unasked(self):
        """[MQTT-4.12.0-6][MQTT-4.12.0-7] AUTH without a method in CONNECT is a protocol error"""
        for reason in (0x18, 0x19, 0):
            client = self.client("a")
            client.send(auth(reason, {"authentication_method": "m"}))
            client.expect_ended(0x82, 0x8C)

    def test_flags(self):
        """[MQTT-3.15.1-1][MQTT-3.15.2-1] AUTH with flags, or with a reason of another packet"""
        for packet in (b"\xf1\x00", b"\xf8\x00", auth(0x80, {}), auth(1, {})):
            client = self.client("a")
            client.send(packet)
            client.expect_ended(0x81, 0x82, 0x8C)

    @versions(4)
    def test_not_in_3(self, v):
        """[v3 MQTT-4.8.0-1] packet type 15 is forbidden in 3.1.1"""
        client = self.client("a", v)
        client.send(b"\xf0\x00")
        client.expect_closed()


class Ping(Story):
    @matrix
    @versions(3, 4, 5)
    def test_answered(self, v):
        """[MQTT-3.12.4-1][v3 MQTT-3.12.4-1] each PINGREQ gets a PINGRESP"""
        client = self.client("a", v)
        client.send(pingreq() * 100)
        for _ in range(100):
            client.expect(PINGRESP)

    @versions(4, 5)
    @mosquitto_deviates("answers")
    def test_malformed(self, v):
        """[MQTT-2.1.3-1][v3 MQTT-2.2.2-1][v3 MQTT-2.2.2-2] flags or a body on PINGREQ"""
        for packet in (b"\xc1\x00", b"\xc0\x01\x00"):
            client = self.client("a", v)
            client.send(packet)
            client.expect_ended(0x81, 0x82)


class FromClient(Story):
    @matrix
    @versions(3, 4, 5)
    def test_closed(self, v):
        """[MQTT-3.14.4-2][v3 MQTT-3.14.4-1] after DISCONNECT the broker closes"""
        client = self.client("a", v)
        client.send(disconnect(v=v), pingreq(), publish(self.topic("t"), b"late", v=v))
        client.expect_closed()

    def test_forms(self):
        """[MQTT-3.14.2-1] short and long forms, every reason a client may give"""
        for packet in (b"\xe0\x00", b"\xe0\x01\x00", b"\xe0\x02\x00\x00", b"\xe0\x01\x04"):
            client = self.client("a")
            client.send(packet)
            client.expect_closed()
        for reason in (0, 4, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98,
                       0x99):
            self.client("a").disconnect(reason, {"reason_string": "so",
                                                 "user_property": [("a", "b")]})

    @mosquitto_deviates("accepts some of them")
    def test_malformed(self):
        """[MQTT-3.14.1-1][MQTT-3.14.2-1][MQTT-3.14.2-2] flags, reasons, properties out of place"""
        for packet in (b"\xe1\x00", b"\xe2\x00", disconnect(0x18), disconnect(1),
                       disconnect(0, {"topic_alias": 1}), b"\xe0\x02\x00\x05",
                       disconnect(0, [("session_expiry_interval", 1)] * 2),
                       b"\xe0\x04\x00\x00\x00\x00"):
            client = self.durable("a")
            client.name = repr(packet)
            client.send(packet)
            client.expect_ended(0x81, 0x82)

    @versions(4)
    @mosquitto_deviates("closes either way")
    def test_malformed_in_3(self, v):
        """[v3 MQTT-3.14.1-1][v3 MQTT-2.2.2-2] DISCONNECT with flags or a body keeps the will"""
        watch = self.client("watch", v)
        watch.subscribe(self.topic("will"))
        for packet in (b"\xe1\x00", b"\xe0\x01\x00"):
            client = self.client("a", v, will=Will(self.topic("will")))
            client.send(packet)
            client.expect_closed()
            watch.expect_message(self.topic("will"))

    @versions(4, 5)
    @mosquitto_deviates("accepts some of them")
    def test_only_what_clients_send(self, v):
        """[MQTT-4.13.1-1][v3 MQTT-4.8.0-1] packets that only a broker sends end the connection"""
        packets = [connack(v=v), suback(1, [0], v=v), unsuback(1, [0], v=v), pingresp(),
                   b"\x00\x00"]
        for packet in packets:
            client = self.client("a", v)
            client.name = repr(packet)
            client.send(packet)
            client.expect_ended(0x81, 0x82)


class Words(Story):
    """Reason strings and user properties: only to those who want them."""

    provocations = (
        subscribe(1, [("$share/g/#/x", 0)]), unsubscribe(2, ["none"]), pubrel(9), puback(9),
        pubrec(8), publish("t", b"x", 1, 3), publish("t", b"x", 2, 4), subscribe(5, [("ok", 1)]),
    )

    def test_not_wanted(self):
        """[MQTT-3.1.2-29] request problem information 0: no reason strings but where allowed"""
        for provocation in self.provocations:
            client = self.client("a", properties={"request_problem_information": 0})
            client.send(provocation, pingreq())
            while True:
                packet = client.receive()
                if packet.kind in (PINGRESP, DISCONNECT):
                    break
                self.assertNotIn("reason_string", packet.properties)
                self.assertNotIn("user_property", packet.properties)

    def test_wanted(self):
        """[MQTT-3.4.2-2][MQTT-3.5.2-2][MQTT-3.9.2-1][MQTT-3.11.2-1] what is said is well formed"""
        for provocation in self.provocations:
            client = self.client("a", properties={"request_problem_information": 1})
            client.send(provocation, pingreq())
            while client.receive().kind not in (PINGRESP, DISCONNECT):
                pass

    @mosquitto_deviates("answers")
    def test_disconnect_fits(self):
        """[MQTT-3.14.2-3][MQTT-3.14.2-4] DISCONNECT leaves its words out when they do not fit"""
        client = self.client("a", properties={"maximum_packet_size": 30})
        client.send(b"\xc1\x00")
        client.expect_ended(0x81, 0x82)

    @mosquitto_deviates("answers")
    def test_no_expiry_from_the_broker(self):
        """[MQTT-3.14.2-2] the broker's DISCONNECT has no session expiry interval"""
        client = self.durable("a")
        client.send(b"\xc1\x00")
        packet = client.receive_or_none()
        if packet is not None and packet.kind == DISCONNECT:
            self.assertNotIn("session_expiry_interval", packet.properties)
        client.expect_gone()


class Shutdown(Story):
    @matrix
    def test_in_order(self):
        """[MQTT-4.13.2-1] SIGTERM: 0x8B to 5.0, closed for all, status 0"""
        broker = self.own_broker()
        five = [self.client(f"five{number}", broker=broker) for number in range(20)]
        four = [self.client(f"four{number}", 4, broker=broker) for number in range(20)]
        half = self.link(5, "half", broker)
        half.send(connect("half")[:9])
        five[0].ping()
        broker.process.send_signal(signal.SIGTERM)
        for client in five:
            client.expect_ended(0x8B)
        for client in four:
            client.expect_closed()
        half.expect_closed()
        self.assertEqual(broker.process.wait(DEADLINE_S), 0)

    def test_wills_at_shutdown(self):
        """[MQTT-3.1.2-8] clients that are ended by a shutdown do not hang it"""
        broker = self.own_broker()
        watch = self.client("watch", broker=broker)
        watch.subscribe("#", qos=1)
        for number in range(50):
            self.client(f"m{number}", broker=broker, will=Will("w", qos=2, retain=True))
        broker.process.send_signal(signal.SIGTERM)
        watch.expect_gone()
        self.assertEqual(broker.process.wait(DEADLINE_S), 0)

    @midged_only("the words of the log are ours")
    def test_reload(self):
        """[MQTT-3.1.2-5] SIGHUP reads the configuration anew and disturbs nobody"""
        broker = self.own_broker("max_keepalive 100")
        older = self.client("older", broker=broker, keep_alive=200)
        self.assertEqual(older.connack.properties["server_keep_alive"], 100)
        with open(broker.configuration_path, encoding="utf-8") as file:
            text = file.read()
        with open(broker.configuration_path, "w", encoding="utf-8") as file:
            file.write(text.replace("max_keepalive 100", "max_keepalive 50"))
        broker.process.send_signal(signal.SIGHUP)

        def new_value():
            client = self.client("new", broker=broker, keep_alive=200)
            return client.connack.properties["server_keep_alive"] == 50

        self.eventually(new_value, "the new keep alive")
        older.expect_silence()
        with open(broker.configuration_path, "w", encoding="utf-8") as file:
            file.write("no such directive\n")
        broker.process.send_signal(signal.SIGHUP)
        broker.process.send_signal(signal.SIGUSR1)
        older.expect_silence()
        self.assertTrue(new_value())
        broker.stop()


if __name__ == "__main__":
    main()
