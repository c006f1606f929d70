"""SUBSCRIBE and UNSUBSCRIBE: which messages a client gets."""

from mqtt import *
from story import Story, main, matrix, midged_only, mosquitto_deviates, versions


class Matching(Story):
    @matrix
    @versions(3, 4, 5)
    def test_filters(self, v):
        """[MQTT-4.7.1-1][MQTT-4.7.1-2][v3 MQTT-4.7.1-2][v3 MQTT-4.7.1-3] + and #"""
        names = ["a", "a/", "/a", "a/b", "a/b/c", "b/b", "a//c", "", "A/b", "a/b/c/d", "é/b"]
        matches = {
            "#": names,
            "+": ["a", ""], "a": ["a"], "a/#": ["a", "a/", "a/b", "a/b/c", "a//c", "a/b/c/d"],
            "a/+": ["a/", "a/b"], "+/b": ["a/b", "b/b", "A/b", "é/b"], "+/+": [
                "a/", "/a", "a/b", "b/b", "A/b", "é/b"], "a/+/c": ["a/b/c", "a//c"],
            "+/+/+": ["a/b/c", "a//c"], "/+": ["/a"], "a/b/#": ["a/b", "a/b/c", "a/b/c/d"],
            "+/b/#": ["a/b", "a/b/c", "b/b", "A/b", "a/b/c/d", "é/b"], "a/": ["a/"],
            "": [""], "b/+/#": ["b/b"], "é/+": ["é/b"], "/": [],
        }
        green = self.client("green", v)
        for rest, expected in matches.items():
            blue = self.client("blue", v)
            blue.subscribe(self.topic(rest))
            for name in names:
                green.publish(self.topic(name), name.encode(), 1)
            for name in expected:
                blue.expect_publish(self.topic(name), name.encode())
            blue.expect_silence()
            blue.disconnect()

    @matrix
    @versions(4, 5)
    def test_whole_tree(self, v):
        """[MQTT-4.7.2-1][v3 MQTT-4.7.2-1] a filter that begins with a wildcard finds no $ topics"""
        blue = self.client("blue", v)
        blue.subscribe("#", "+/" + self.topic("x"), "+/#", retain_handling=2 if v == 5 else 0)
        green = self.client("green", v)
        green.publish("$other/" + self.topic("x"), b"hidden", 1)
        green.publish("$SYS/" + self.topic("x"), b"hidden", 1)
        green.publish(self.topic("end"), b"seen", 1)
        while True:
            packet = blue.expect(PUBLISH)
            self.assertFalse(packet.topic.startswith("$"), packet)
            if packet.topic == self.topic("end"):
                break

    @versions(4, 5)
    def test_dollar_topics(self, v):
        """[MQTT-4.7.2-1][v3 MQTT-4.7.2-1] a filter that names the $ level finds them"""
        blue = self.client("blue", v)
        topic = "$other/" + self.topic("x")
        blue.subscribe("$other/#", qos=1)
        self.client("green", v).publish(topic, b"x", 1)
        blue.expect_message(topic, b"x")

    @versions(4, 5)
    def test_exact_bytes(self, v):
        """[MQTT-4.7.3-4][v3 MQTT-4.7.3-4] no normalising: case, composition, spaces count"""
        blue = self.client("blue", v)
        blue.subscribe(self.topic("\u00e9"), self.topic("Lamp"), self.topic("a b"))
        green = self.client("green", v)
        for rest in ("e\u0301", "lamp", "ab", "a b ", "\ufeff\u00e9"):
            green.publish(self.topic(rest), b"no", 1)
        green.publish(self.topic("\u00e9"), b"yes", 1)
        blue.expect_publish(self.topic("\u00e9"), b"yes")

    @versions(4, 5)
    def test_long_filters(self, v):
        """[MQTT-4.7.3-3][v3 MQTT-4.7.3-3] a filter of many bytes and one of many levels"""
        blue = self.client("blue", v)
        for rest in ("x" * 60000, "/".join("l" * 100)):
            self.assertEqual(blue.subscribe(self.topic(rest), qos=1), [1])
            blue.publish(self.topic(rest), b"x", 1)
            blue.expect_message(self.topic(rest), b"x")


class Answers(Story):
    @matrix
    @versions(3, 4, 5)
    def test_suback(self, v):
        """[MQTT-3.8.4-1][MQTT-3.8.4-2][MQTT-2.2.1-6][v3 MQTT-3.8.4-1][v3 MQTT-3.8.4-2] same id"""
        blue = self.client("blue", v)
        for packet_id in (1, 255, 256, 65535):
            blue.send(subscribe(packet_id, [(self.topic(packet_id), 1)], v=v))
            blue.expect(SUBACK, packet_id=packet_id, reasons=[1])
            blue.send(unsubscribe(packet_id, [self.topic(packet_id)], v=v))
            blue.expect(UNSUBACK, packet_id=packet_id)

    @matrix
    def test_answered_means_subscribed(self):
        """[MQTT-3.8.4-1][MQTT-4.5.0-1] SUBACK is sent when the filter works, for every publisher"""
        greens = [self.client(f"green{number}") for number in range(4)]
        blues = [self.client(f"blue{number}") for number in range(4)]
        for number in range(400):
            blue, rest = blues[number % 4], f"n{number}"
            blue.subscribe(self.topic(rest + ("/#" if number % 2 else "")), qos=1)
            greens[number // 4 % 4].publish(self.topic(rest), b"x", 1)
            blue.expect_message(self.topic(rest), b"x")

    @matrix
    @versions(3, 4, 5)
    def test_several_filters(self, v):
        """[MQTT-3.8.4-5][MQTT-3.8.4-6][MQTT-3.9.3-1][v3 MQTT-3.8.4-4][v3 MQTT-3.9.3-1] in order"""
        blue = self.client("blue", v)
        asked = [2, 0, 1, 1, 0, 2, 2]
        entries = [(self.topic(f"n{at}"), qos) for at, qos in enumerate(asked)]
        self.assertEqual(blue.subscribe(*entries), asked)

    def test_thousand_filters(self):
        """[MQTT-3.8.4-6][MQTT-3.10.4-6] a thousand filters in one SUBSCRIBE and UNSUBSCRIBE"""
        blue = self.client("blue")
        names = [self.topic(f"n{at}/+") for at in range(1000)]
        self.assertEqual(blue.subscribe(*names, qos=1), [1] * 1000)
        blue.publish(self.topic("n777/x"), b"x", 1)
        blue.expect_message(self.topic("n777/x"), b"x")
        self.assertEqual(blue.unsubscribe(*names, "none"), [0] * 1000 + [0x11])

    @versions(4, 5)
    @mosquitto_deviates("ends the connection")
    def test_invalid_filters(self, v):
        """[MQTT-3.8.4-7][MQTT-4.7.1-1][v3 MQTT-4.7.1-2] bad filters: refused, or malformed"""
        for bad in ("a#", "#/a", "a/#/b", "a/b#", "+a", "a+", "a/+b/c", "##", "a/b+"):
            blue = self.client("blue", v)
            blue.name = bad
            blue.send(subscribe(1, [(self.topic("good"), 1), (bad, 1)], v=v))
            packet = blue.receive_or_none()
            if packet is not None and packet.kind == SUBACK:
                self.assertEqual(packet.reasons, [1, 0x8F if v == 5 else 0x80], bad)
                blue.expect_silence()
            else:
                if v == 5:
                    self.assertIn(packet.reason, (0x8F, 0x81, 0x82))
                blue.expect_closed()

    @versions(4, 5)
    def test_malformed(self, v):
        """[MQTT-3.8.3-2][MQTT-3.10.3-2][v3 MQTT-3.8.3-3][v3 MQTT-3.10.3-2] no filter at all"""
        self.refused(v, subscribe(1, [], v=v))
        self.refused(v, unsubscribe(1, [], v=v))

    @versions(4, 5)
    def test_flags(self, v):
        """[MQTT-3.8.1-1][MQTT-3.10.1-1][v3 MQTT-3.8.1-1][v3 MQTT-3.10.1-1] flags are 0010"""
        for flags in (0, 1, 3, 10):
            self.refused(v, subscribe(1, [("a", 0)], v=v, flags=flags))
            self.refused(v, unsubscribe(1, ["a"], v=v, flags=flags))

    @versions(4, 5)
    def test_packet_id_0(self, v):
        """[MQTT-2.2.1-3][v3 MQTT-2.3.1-1] packet identifier 0"""
        self.refused(v, subscribe(0, [("a", 0)], v=v))
        self.refused(v, unsubscribe(0, ["a"], v=v))

    @versions(4, 5)
    def test_qos_3(self, v):
        """[MQTT-3.8.3-5][v3 MQTT-3.8.3-4] QoS 3"""
        self.refused(v, subscribe(1, [("a", 3)], v=v))

    @versions(4)
    def test_options_in_3(self, v):
        """[v3 MQTT-3.8.3-4] the options of 5.0 are reserved bits in 3.1.1"""
        for bits in (4, 8, 16, 64, 128):
            self.refused(v, subscribe(1, [("a", bits)], v=v))

    def test_options(self):
        """[MQTT-3.8.3-5] reserved bits, and retain handling 3"""
        for bits in (64, 128, 0x30):
            self.refused(5, subscribe(1, [("a", bits)]))

    @versions(4, 5)
    def test_strings(self, v):
        """[MQTT-3.8.3-1][MQTT-3.10.3-1][v3 MQTT-1.5.3-1][v3 MQTT-1.5.3-2] filters are UTF-8"""
        for bad in (b"\xff", b"a\x00", b"\xed\xa0\x80"):
            self.refused(v, subscribe(1, [(bad, 0)], v=v), 0x81, 0x82, 0x8F)
            self.refused(v, unsubscribe(1, [bad], v=v), 0x81, 0x82, 0x8F)

    @versions(4, 5)
    @mosquitto_deviates("answers the first")
    def test_empty_filter(self, v):
        """[MQTT-4.7.3-1][v3 MQTT-4.7.3-1] a filter has at least one character"""
        for packet in (subscribe(1, [("", 0)], v=v), unsubscribe(1, [""], v=v)):
            blue = self.client("blue", v)
            blue.send(packet)
            answer = blue.receive_or_none()
            if answer is not None and answer.kind != DISCONNECT:
                if answer.kind == SUBACK or v == 5:
                    self.assertGreaterEqual(answer.reasons[0], 0x80)
            else:
                blue.expect_gone()

    def test_subscription_id_0(self):
        """[MQTT-4.13.1-1] subscription identifier 0, or two of them"""
        self.refused(5, subscribe(1, [("a", 0)], {"subscription_identifier": 0}))
        self.refused(5, subscribe(1, [("a", 0)], {"subscription_identifier": [1, 2]}))

    def test_properties_out_of_place(self):
        """[MQTT-4.13.1-1] properties that do not belong here"""
        self.refused(5, subscribe(1, [("a", 0)], {"topic_alias": 1}))
        self.refused(5, unsubscribe(1, ["a"], {"subscription_identifier": 1}))

    def refused(self, v, packet, *reasons):
        client = self.client("bad", v)
        client.name = repr(packet)
        client.send(packet)
        client.expect_ended(*(reasons or (0x81, 0x82)))


class Unsubscribing(Story):
    @matrix
    @versions(3, 4, 5)
    def test_stops(self, v):
        """[MQTT-3.10.4-1][MQTT-3.10.4-2][v3 MQTT-3.10.4-1][v3 MQTT-3.10.4-2] nothing new"""
        blue = self.client("blue", v)
        blue.subscribe(self.topic("a"), self.topic("b"))
        green = self.client("green", v)
        self.assertEqual(blue.unsubscribe(self.topic("a")), [0] if v == 5 else [])
        green.publish(self.topic("a"), b"no", 1)
        green.publish(self.topic("b"), b"yes", 1)
        blue.expect_publish(self.topic("b"), b"yes")

    @versions(4, 5)
    def test_exact(self, v):
        """[MQTT-3.10.4-1][v3 MQTT-3.10.4-1] only the very same filter is taken away"""
        blue = self.client("blue", v)
        blue.subscribe(self.topic("a/+"))
        answer = blue.unsubscribe(self.topic("a/b"), self.topic("a/#"), self.topic("#"))
        self.assertEqual(answer, [0x11] * 3 if v == 5 else [])
        self.client("green", v).publish(self.topic("a/b"), b"x", 1)
        blue.expect_publish(self.topic("a/b"), b"x")

    @versions(3, 4, 5)
    def test_nothing_there(self, v):
        """[MQTT-3.10.4-4][MQTT-3.10.4-5][v3 MQTT-3.10.4-5] answered even if nothing matched"""
        blue = self.client("blue", v)
        self.assertEqual(blue.unsubscribe(self.topic("x")), [0x11] if v == 5 else [])

    def test_order_of_codes(self):
        """[MQTT-3.11.3-1][MQTT-3.11.3-2][MQTT-3.10.4-6] reason codes in the order of the filters"""
        blue = self.client("blue")
        blue.subscribe(self.topic("a"), self.topic("c"))
        self.assertEqual(blue.unsubscribe(*[self.topic(one) for one in "abcd"]),
                         [0, 0x11, 0, 0x11])

    @matrix
    @versions(4, 5)
    def test_what_was_begun_is_finished(self, v):
        """[MQTT-3.10.4-3][v3 MQTT-3.10.4-3] a delivery begun is completed after UNSUBSCRIBE"""
        blue = self.client("blue", v)
        blue.subscribe(self.topic("t"), qos=2)
        self.client("green", v).publish(self.topic("t"), b"x", 2)
        packet = blue.expect_publish(self.topic("t"), b"x")
        blue.unsubscribe(self.topic("t"))
        blue.send(pubrec(packet.packet_id))
        blue.expect(PUBREL, packet_id=packet.packet_id, reason=0)
        blue.send(pubcomp(packet.packet_id))
        blue.expect_silence()

    @versions(4, 5)
    def test_resumed_session(self, v):
        """[MQTT-3.10.4-2] what was unsubscribed stays so in the kept session"""
        blue = self.durable("blue", v)
        blue.subscribe(self.topic("a"), self.topic("b"), qos=1)
        blue.unsubscribe(self.topic("a"))
        blue.disconnect()
        green = self.client("green", v)
        green.publish(self.topic("a"), b"no", 1)
        green.publish(self.topic("b"), b"yes", 1)
        self.durable("blue", v).expect_message(self.topic("b"), b"yes")


class Overlapping(Story):
    @matrix
    @versions(3, 4)
    @mosquitto_deviates("takes the first it finds")
    def test_highest_qos(self, v):
        """[v3 MQTT-3.3.5-1] overlapping filters: delivered at the highest QoS among them"""
        blue = self.client("blue", v)
        blue.subscribe((self.topic("#"), 0), (self.topic("+/b"), 2), (self.topic("a/b"), 1))
        green = self.client("green", v)
        green.publish(self.topic("a/b"), b"x", 2)
        green.publish(self.topic("end"), b"", 1)
        highest = 0
        while True:
            packet = blue.expect(PUBLISH)
            blue.acknowledge(packet)
            if packet.topic == self.topic("end"):
                break
            highest = max(highest, packet.qos)
        self.assertEqual(highest, 2)

    @matrix
    def test_subscription_ids(self):
        """[MQTT-3.3.4-2][MQTT-3.3.4-3][MQTT-3.3.4-4][MQTT-3.3.4-5] all identifiers come along"""
        blue = self.client("blue")
        blue.subscribe(self.topic("#"), qos=0, properties={"subscription_identifier": 1})
        blue.subscribe(self.topic("+/b"), qos=2, properties={"subscription_identifier": 268435455})
        blue.subscribe(self.topic("a/b"), qos=1)
        blue.subscribe(self.topic("a/+"), qos=1, properties={"subscription_identifier": 1})
        green = self.client("green")
        green.publish(self.topic("a/b"), b"x", 2)
        green.publish(self.topic("end"), b"", 1)
        ids, highest = [], 0
        while True:
            packet = blue.expect(PUBLISH)
            blue.acknowledge(packet)
            if packet.topic == self.topic("end"):
                self.assertEqual(packet.properties["subscription_identifier"], [1])
                break
            ids += packet.properties.get("subscription_identifier", [])
            highest = max(highest, packet.qos)
        self.assertEqual((set(ids), highest), ({1, 268435455}, 2))

    @matrix
    @versions(3, 4, 5)
    def test_replaced(self, v):
        """[MQTT-3.8.4-3][v3 MQTT-3.8.4-3] the same filter again replaces the subscription"""
        blue = self.client("blue", v)
        green = self.client("green", v)
        for qos in (2, 0, 1):
            self.assertEqual(blue.subscribe(self.topic("t"), qos=qos), [qos])
            green.publish(self.topic("t"), b"x", 2)
            blue.expect_message(self.topic("t"), b"x", qos=qos)
            blue.expect_silence()

    @mosquitto_deviates("keeps the old no local")
    def test_replaced_options(self):
        """[MQTT-3.8.4-3] its identifier and options are replaced as well"""
        blue = self.client("blue")
        blue.subscribe(self.topic("t"), no_local=True, properties={"subscription_identifier": 5})
        blue.subscribe(self.topic("t"), qos=1, properties={"subscription_identifier": 6})
        blue.publish(self.topic("t"), b"x", 1)
        packet = blue.expect_message(self.topic("t"), b"x")
        self.assertEqual(packet.properties["subscription_identifier"], [6])
        blue.subscribe(self.topic("t"), qos=1)
        blue.publish(self.topic("t"), b"y", 1)
        self.assertEqual(blue.expect_message(self.topic("t"), b"y").properties, {})

    @matrix
    def test_replacing_loses_nothing(self):
        """[MQTT-3.8.4-4] while a subscription is replaced, again and again, no message is lost"""
        blue, green = self.client("blue"), self.client("green")
        blue.subscribe(self.topic("t"), qos=1)
        count = 300
        for start in range(1, count + 1, 10):
            green.send(*[publish(self.topic("t"), b"%d" % number, 1, number)
                         for number in range(start, start + 10)])
            blue.subscribe(self.topic("t"), qos=1, retain_handling=2)
            for _ in range(10):
                green.expect(PUBACK)
        for number in range(1, count + 1):
            blue.expect_message(self.topic("t"), b"%d" % number)

    @matrix
    def test_no_local(self):
        """[MQTT-3.8.3-3] no local: not one's own messages, but those of others"""
        blue, green = self.client("blue"), self.client("green")
        blue.subscribe(self.topic("t"), qos=1, no_local=True)
        blue.publish(self.topic("t"), b"mine", 1)
        green.publish(self.topic("t"), b"yours", 1)
        blue.expect_message(self.topic("t"), b"yours")

    def test_no_local_of_one_among_two(self):
        """[MQTT-3.8.3-3] another filter without no local still brings one's own message"""
        blue = self.client("blue")
        blue.subscribe((self.topic("t"), options(1, no_local=True)), (self.topic("#"), options(1)))
        blue.publish(self.topic("t"), b"mine", 1)
        blue.expect_message(self.topic("t"), b"mine")
        blue.expect_silence()

    @versions(4, 5)
    def test_kept_with_options(self, v):
        """[MQTT-3.1.2-5][v3 MQTT-3.1.2-4] a resumed session has its subscriptions and QoS again"""
        blue = self.durable("blue", v)
        blue.subscribe((self.topic("a"), 0), (self.topic("b"), 2))
        blue.disconnect()
        again = self.durable("blue", v)
        green = self.client("green", v)
        for rest, qos in (("a", 0), ("b", 2)):
            green.publish(self.topic(rest), b"x", 2)
            again.expect_message(self.topic(rest), b"x", qos=qos)


class MaximumQos(Story):
    directives = ("max_qos 1",)

    def test_said_and_held(self):
        """[MQTT-3.2.2-9][MQTT-3.2.2-10][MQTT-3.2.2-11][MQTT-3.2.2-12] max_qos 1"""
        blue = self.client("blue")
        self.assertEqual(blue.connack.properties["maximum_qos"], 1)
        self.assertIn(blue.subscribe(self.topic("t"), qos=2)[0], (1, 2))
        green = self.client("green")
        green.publish(self.topic("t"), b"x", 1)
        blue.expect_message(self.topic("t"), b"x", qos=1)
        green.send(publish(self.topic("t"), b"x", 2, 1))
        green.expect_ended(0x9B)
        self.client("will", reason=0x9B, will=Will("w", qos=2)).expect_closed()


class Levels(Story):
    @midged_only("a directive of ours")
    def test_too_many(self):
        """[MQTT-3.8.4-7] max_topic_levels: a deeper filter is refused, a deeper name ends it"""
        self.use("max_topic_levels 10")
        blue = self.client("blue")
        deep = "/".join("x" * 11)
        self.assertGreaterEqual(blue.subscribe(deep)[0], 0x80)
        self.assertEqual(blue.subscribe(deep[2:]), [0])
        blue.publish(deep[2:], b"x", 1)
        blue.expect_message(deep[2:], b"x")
        blue.send(publish(deep, b"x", 1, 99))
        packet = blue.receive()
        self.assertIn(packet.kind, (PUBACK, DISCONNECT))
        self.assertGreaterEqual(packet.reason, 0x80)

    @midged_only("a directive of ours")
    def test_too_many_subscriptions(self):
        """[MQTT-3.8.4-7][v3 MQTT-3.9.3-2] max_subscriptions: 0x97, or 0x80 in 3.1.1"""
        self.use("max_subscriptions 3")
        for v, refused in ((5, 0x97), (4, 0x80)):
            blue = self.client("blue", v)
            names = [self.topic(one) for one in "abcde"]
            self.assertEqual(blue.subscribe(*names), [0, 0, 0, refused, refused])
            self.assertEqual(blue.subscribe(names[0], qos=1), [1])
            blue.unsubscribe(names[0])
            self.assertEqual(blue.subscribe(names[4]), [0])


if __name__ == "__main__":
    main()
