"""Retained messages: one a topic, for everybody who comes later."""

from mqtt import *
from story import Story, main, matrix, midged_only, mosquitto_deviates, versions


class Retained(Story):
    @matrix
    @versions(3, 4, 5)
    def test_set(self, v):
        """[MQTT-3.3.1-5][MQTT-3.3.1-9][v3 MQTT-3.3.1-5][v3 MQTT-3.3.1-6][v3 MQTT-3.3.1-8] kept"""
        green = self.client("green", v)
        green.publish(self.topic("lamp"), b"on", 1, retain=True)
        blue = self.client("blue", v)
        blue.subscribe(self.topic("lamp"), qos=1)
        blue.expect_message(self.topic("lamp"), b"on", retain=True, qos=1, dup=False)
        blue.expect_silence()

    @matrix
    @versions(3, 4, 5)
    def test_replace(self, v):
        """[MQTT-3.3.1-5][v3 MQTT-3.3.1-5] a new one replaces the old one"""
        green = self.client("green", v)
        for payload in (b"one", b"two", b"three"):
            green.publish(self.topic("lamp"), payload, 1, retain=True)
        blue = self.client("blue", v)
        blue.subscribe(self.topic("lamp"))
        blue.expect_message(self.topic("lamp"), b"three", retain=True)
        blue.expect_silence()

    @matrix
    @versions(3, 4, 5)
    def test_clear(self, v):
        """[MQTT-3.3.1-6][MQTT-3.3.1-7][v3 MQTT-3.3.1-10][v3 MQTT-3.3.1-11] an empty one clears"""
        watch = self.client("watch", v)
        watch.subscribe(self.topic("lamp"))
        green = self.client("green", v)
        green.publish(self.topic("lamp"), b"on", 1, retain=True)
        green.publish(self.topic("lamp"), b"", 1, retain=True)
        watch.expect_message(self.topic("lamp"), b"on", retain=False)
        watch.expect_message(self.topic("lamp"), b"", retain=False)
        blue = self.client("blue", v)
        blue.subscribe(self.topic("lamp"))
        blue.expect_silence()
        green.publish(self.topic("never"), b"", 1, retain=True)
        green.publish(self.topic("lamp"), b"again", 1, retain=True)
        blue.expect_message(self.topic("lamp"), b"again", retain=False)

    @versions(4, 5)
    def test_plain_messages_leave_it(self, v):
        """[MQTT-3.3.1-8][v3 MQTT-3.3.1-12] retain 0 neither stores, replaces nor clears"""
        green = self.client("green", v)
        green.publish(self.topic("lamp"), b"kept", 1, retain=True)
        green.publish(self.topic("lamp"), b"passing", 1)
        green.publish(self.topic("lamp"), b"", 1)
        green.publish(self.topic("other"), b"passing", 1)
        blue = self.client("blue", v)
        blue.subscribe(self.topic("#"))
        blue.expect_message(self.topic("lamp"), b"kept", retain=True)
        blue.expect_silence()

    @versions(3, 4, 5)
    def test_standing_subscription(self, v):
        """[MQTT-3.3.1-12][v3 MQTT-3.3.1-9] to a standing subscription it goes with retain 0"""
        blue = self.client("blue", v)
        blue.subscribe(self.topic("lamp"), qos=2)
        self.client("green", v).publish(self.topic("lamp"), b"on", 2, retain=True)
        blue.expect_message(self.topic("lamp"), b"on", retain=False, qos=2)

    @versions(4, 5)
    def test_qos(self, v):
        """[MQTT-3.8.4-8][v3 MQTT-3.8.4-6] the lower of its QoS and the subscription's"""
        green = self.client("green", v)
        for qos in (0, 1, 2):
            green.publish(self.topic(f"lamp/{qos}"), b"x", qos, retain=True)
        green.ping()
        for granted in (0, 1, 2):
            blue = self.client("blue", v)
            for qos in (0, 1, 2):
                blue.subscribe(self.topic(f"lamp/{qos}"), qos=granted)
                blue.expect_message(self.topic(f"lamp/{qos}"), qos=min(qos, granted), retain=True)

    @versions(4, 5)
    def test_qos_0_replaces(self, v):
        """[v3 MQTT-3.3.1-7] a QoS 0 message drops the earlier one of QoS 1"""
        green = self.client("green", v)
        green.publish(self.topic("lamp"), b"old", 1, retain=True)
        green.publish(self.topic("lamp"), b"new", 0, retain=True)
        green.publish(self.topic("x"), b"", 2)
        blue = self.client("blue", v)
        blue.subscribe(self.topic("lamp"), qos=1)
        blue.expect_message(self.topic("lamp"), b"new", retain=True, qos=0)

    @matrix
    @versions(4, 5)
    def test_wildcards(self, v):
        """[MQTT-3.3.1-9][v3 MQTT-3.3.1-6] a filter with wildcards finds all that match"""
        green = self.client("green", v)
        names = ("a", "a/b", "a/c", "a/b/d", "b/b", "/a", "a/", "c//d")
        for name in names:
            green.publish(self.topic(name), name.encode(), 1, retain=True)
        wanted = {
            "#": set(names), "+": {"a"}, "a/#": {"a", "a/b", "a/c", "a/b/d", "a/"},
            "a/+": {"a/b", "a/c", "a/"}, "+/b": {"a/b", "b/b"},
            "+/+": {"a/b", "a/c", "b/b", "/a", "a/"},
            "/+": {"/a"}, "+/b/#": {"a/b", "a/b/d", "b/b"}, "c/+/d": {"c//d"}, "c/+": set(),
            "a/b/d/#": {"a/b/d"}, "a/b/d/+": set(), "A": set(),
        }
        for rest, expected in wanted.items():
            blue = self.client("blue", v)
            blue.subscribe(self.topic(rest))
            got = [blue.expect(PUBLISH, retain=True).payload.decode() for _ in expected]
            self.assertEqual(sorted(got), sorted(expected), rest)
            blue.expect_silence()

    @versions(4, 5)
    def test_leading_wildcard_and_dollar(self, v):
        """[MQTT-4.7.2-1][v3 MQTT-4.7.2-1] # and + do not find retained messages under $"""
        green = self.client("green", v)
        green.publish("$mine/" + self.topic("lamp"), b"x", 1, retain=True)
        blue = self.client("blue", v)
        blue.subscribe("$mine/#")
        blue.expect_message("$mine/" + self.topic("lamp"), b"x", retain=True)
        other = self.client("other", v)
        other.subscribe("+/" + self.topic("lamp"))
        other.expect_silence()
        green.publish("$mine/" + self.topic("lamp"), b"", 1, retain=True)

    @matrix
    @versions(4)
    def test_subscribing_again(self, v):
        """[v3 MQTT-3.8.4-3][MQTT-3.8.4-4] the same filter again: the retained message again"""
        self.client("green", v).publish(self.topic("lamp"), b"on", 1, retain=True)
        blue = self.client("blue", v)
        for qos in (0, 1, 0):
            blue.subscribe(self.topic("lamp"), qos=qos)
            blue.expect_message(self.topic("lamp"), b"on", retain=True, qos=qos)

    @versions(4, 5)
    def test_several_filters(self, v):
        """[MQTT-3.8.4-5][v3 MQTT-3.8.4-4] each filter of a SUBSCRIBE brings its own"""
        green = self.client("green", v)
        green.publish(self.topic("a"), b"a", 1, retain=True)
        green.publish(self.topic("b"), b"b", 1, retain=True)
        blue = self.client("blue", v)
        blue.subscribe(self.topic("a"), self.topic("b"), self.topic("c"))
        got = sorted(blue.expect(PUBLISH, retain=True).payload for _ in range(2))
        self.assertEqual(got, [b"a", b"b"])
        blue.expect_silence()

    @matrix
    def test_live_or_replayed_but_not_both(self):
        """[MQTT-3.3.1-9][MQTT-3.3.1-12] what is published after SUBACK comes once, with retain 0"""
        greens = [self.client(f"green{number}") for number in range(4)]
        blues = [self.client(f"blue{number}") for number in range(4)]
        for number in range(200):
            blue, rest = blues[number % 4], f"n{number}"
            blue.subscribe(self.topic(rest + ("/#" if number % 2 else "")), qos=1)
            greens[number // 4 % 4].publish(self.topic(rest), b"x", 1, retain=True)
            blue.expect_message(self.topic(rest), b"x", retain=False)
        for blue in blues:
            blue.expect_silence()

    @matrix
    def test_the_newest_comes_last(self):
        """[MQTT-3.3.1-5][MQTT-4.6.0-5] no replay brings an old message after a newer one"""
        greens = [self.client(f"green{number}") for number in range(4)]
        blues = [self.client(f"blue{number}") for number in range(4)]
        last = {}

        def read(blue, wanted):
            while last.get(wanted[0]) != wanted[1]:
                packet = blue.expect(PUBLISH)
                blue.acknowledge(packet)
                last[packet.topic] = packet.payload

        for number in range(200):
            blue, green = blues[number % 4], greens[number // 4 % 4]
            topic = self.topic(f"n{number}")
            green.publish(topic, b"old", 1, retain=True)
            blue.subscribe(topic + "/#", qos=1)
            green.publish(topic, b"new", 1, retain=True)
            read(blue, (topic, b"new"))
        for number, blue in enumerate(blues):
            blue.subscribe(self.topic(f"end{number}"), qos=1)
            greens[0].publish(self.topic(f"end{number}"), b"end", 1)
            read(blue, (self.topic(f"end{number}"), b"end"))
        old = [topic for topic, payload in last.items() if payload == b"old"]
        self.assertEqual(old, [])

    @versions(4, 5)
    def test_from_qos_2_publish(self, v):
        """[MQTT-3.3.1-5] a QoS 2 message is kept as well, once"""
        self.client("green", v).publish(self.topic("lamp"), b"on", 2, retain=True)
        blue = self.client("blue", v)
        blue.subscribe(self.topic("lamp"), qos=2)
        blue.expect_message(self.topic("lamp"), b"on", retain=True, qos=2)

    def test_across_versions(self):
        """[MQTT-3.3.1-9] what 5.0 retained is sent to 3.1.1, and back"""
        self.client("five").publish(self.topic("5"), b"five", 1, retain=True,
                                    properties={"content_type": "text"})
        self.client("four", 4).publish(self.topic("4"), b"four", 1, retain=True)
        old = self.client("old", 4)
        old.subscribe(self.topic("5"))
        old.expect_message(self.topic("5"), b"five", retain=True)
        new = self.client("new")
        new.subscribe(self.topic("+"))
        got = {packet.payload: packet.properties
               for packet in (new.expect(PUBLISH, retain=True) for _ in range(2))}
        self.assertEqual(got, {b"five": {"content_type": "text"}, b"four": {}})


class Handling(Story):
    """5.0: the options of a subscription."""

    def given(self):
        self.client("green").publish(self.topic("lamp"), b"on", 1, retain=True)
        return self.client("blue")

    @matrix
    def test_send_always(self):
        """[MQTT-3.3.1-9][MQTT-3.8.4-4] retain handling 0: at each subscribe"""
        blue = self.given()
        for _ in range(3):
            blue.subscribe(self.topic("lamp"), retain_handling=0)
            blue.expect_message(self.topic("lamp"), b"on", retain=True)

    @matrix
    def test_send_if_new(self):
        """[MQTT-3.3.1-10] retain handling 1: only when the subscription is new"""
        blue = self.given()
        blue.subscribe(self.topic("lamp"), retain_handling=1)
        blue.expect_message(self.topic("lamp"), b"on", retain=True)
        blue.subscribe(self.topic("lamp"), retain_handling=1, qos=1)
        blue.expect_silence()
        blue.unsubscribe(self.topic("lamp"))
        blue.subscribe(self.topic("lamp"), retain_handling=1)
        blue.expect_message(self.topic("lamp"), b"on", retain=True)

    def test_send_if_new_in_a_kept_session(self):
        """[MQTT-3.3.1-10] retain handling 1: a subscription the session kept is not new"""
        self.given()
        first = self.durable("kept")
        first.subscribe(self.topic("lamp"), retain_handling=1)
        first.expect_message(self.topic("lamp"), b"on")
        first.disconnect()
        again = self.durable("kept")
        again.subscribe(self.topic("lamp"), retain_handling=1)
        again.expect_silence()

    @matrix
    def test_send_never(self):
        """[MQTT-3.3.1-11] retain handling 2: not at subscribe; what comes later is delivered"""
        blue = self.given()
        blue.subscribe(self.topic("lamp"), retain_handling=2)
        blue.expect_silence()
        self.client("green").publish(self.topic("lamp"), b"off", 1, retain=True)
        blue.expect_message(self.topic("lamp"), b"off", retain=False)

    @matrix
    def test_retain_as_published(self):
        """[MQTT-3.3.1-12][MQTT-3.3.1-13] retain as published keeps the flag; otherwise it is 0"""
        keeps, clears = self.client("keeps"), self.client("clears")
        keeps.subscribe(self.topic("lamp"), retain_as_published=True)
        clears.subscribe(self.topic("lamp"))
        green = self.client("green")
        for retain in (True, False):
            green.publish(self.topic("lamp"), b"x", 1, retain=retain)
            keeps.expect_message(self.topic("lamp"), b"x", retain=retain)
            clears.expect_message(self.topic("lamp"), b"x", retain=False)

    def test_subscription_id(self):
        """[MQTT-3.3.4-3] a retained message bears the identifier of the subscription"""
        blue = self.given()
        blue.subscribe(self.topic("lamp"), properties={"subscription_identifier": 300})
        packet = blue.expect_message(self.topic("lamp"), b"on", retain=True)
        self.assertEqual(packet.properties["subscription_identifier"], [300])

    @mosquitto_deviates("sends them")
    def test_none_for_shared(self):
        """[MQTT-3.3.1-9] a shared subscription gets no retained messages"""
        blue = self.given()
        blue.subscribe("$share/group/" + self.topic("lamp"))
        blue.expect_silence()

    def test_properties(self):
        """[MQTT-3.3.2-4][MQTT-3.3.2-17] all properties are retained with the message"""
        properties = {"payload_format_indicator": 1, "content_type": "t", "response_topic": "r",
                      "correlation_data": b"\x00c", "user_property": [("a", "1"), ("a", "2")]}
        self.client("green").publish(self.topic("lamp"), b"on", 1, retain=True,
                                     properties=properties)
        blue = self.client("blue")
        blue.subscribe(self.topic("lamp"))
        self.assertEqual(blue.expect_message(self.topic("lamp")).properties, properties)

    def test_no_local(self):
        """[MQTT-3.8.3-3] no local holds for one's own retained message, too, while standing"""
        blue = self.client("blue")
        blue.subscribe(self.topic("lamp"), no_local=True)
        blue.publish(self.topic("lamp"), b"mine", 1, retain=True)
        blue.expect_silence()

    def test_expires(self):
        """[MQTT-3.3.2-5][MQTT-3.3.2-6] a retained message goes when its interval has passed"""
        green = self.client("green")
        green.publish(self.topic("short"), b"x", 1, retain=True,
                      properties={"message_expiry_interval": 1})
        green.publish(self.topic("long"), b"y", 1, retain=True,
                      properties={"message_expiry_interval": 100})
        self.let_time_pass(2.1)
        blue = self.client("blue")
        blue.subscribe(self.topic("#"))
        packet = blue.expect_message(self.topic("long"), b"y")
        self.assertIn(packet.properties["message_expiry_interval"], (97, 98))
        blue.expect_silence()


class NotAvailable(Story):
    directives = ("retain_available false",)

    def test_said_and_refused(self):
        """[MQTT-3.2.2-13][MQTT-3.2.2-14] retain_available false: told, a will refused, 0x9A"""
        self.assertEqual(self.client("a").connack.properties["retain_available"], 0)
        self.client("will", reason=0x9A, will=Will("w", retain=True)).expect_closed()
        green = self.client("green")
        green.send(publish(self.topic("lamp"), b"x", 1, 1, retain=True))
        green.expect_ended(0x9A)


class Many(Story):
    directives = ("max_queued_messages 100",)
    count = 10000

    @matrix
    @versions(4, 5)
    @mosquitto_deviates("drops what does not fit into its queue")
    def test_ten_thousand_at_once(self, v):
        """[MQTT-3.3.1-9][v3 MQTT-3.3.1-6] one # brings 10 000 retained messages, none is lost"""
        green = self.client("green", v)
        for start in range(0, self.count, 50):
            green.send(*[publish(self.topic(f"{number % 100}/{number}"), b"%d" % number, 1,
                                 number - start + 1, retain=True, v=v)
                         for number in range(start, start + 50)])
            for _ in range(50):
                green.expect(PUBACK)
        for qos in (0, 1, 2):
            blue = self.client("blue", v)
            blue.send(subscribe(1, [(self.topic("#"), qos)], v=v))
            blue.await_kind(SUBACK, packet_id=1)
            got = set()
            for _ in range(self.count):
                packet = blue.expect(PUBLISH, retain=True, qos=min(qos, 1), dup=False)
                blue.acknowledge(packet)
                got.add(packet.payload)
            self.assertEqual(len(got), self.count)
            blue.expect_silence()

    @matrix
    @mosquitto_deviates("drops what does not fit into its queue")
    def test_live_messages_meanwhile(self):
        """[MQTT-3.3.1-9][MQTT-4.6.0-5] live messages get through a long replay"""
        green = self.client("green")
        for start in range(0, 3000, 50):
            green.send(*[publish(self.topic(f"old/{number}"), b"o" * 500, 1, number - start + 1,
                                 retain=True) for number in range(start, start + 50)])
            for _ in range(50):
                green.expect(PUBACK)
        blue = self.client("blue", receive_buffer=8192)
        blue.send(subscribe(1, [(self.topic("#"), 1)]))
        blue.await_kind(SUBACK, packet_id=1)
        for number in range(30):
            green.publish(self.topic("live"), b"%d" % number, 1)
        old, live = set(), []
        while len(old) < 3000 or len(live) < 30:
            packet = blue.expect(PUBLISH)
            blue.acknowledge(packet)
            if packet.topic == self.topic("live"):
                live.append(int(packet.payload))
            else:
                old.add(packet.topic)
        self.assertEqual(live, list(range(30)))


class Limited(Story):
    @midged_only("a directive of ours")
    def test_max_retained_messages(self):
        """[MQTT-3.4.2-1] max_retained_messages: one too many is refused, replacing is not"""
        self.use("max_retained_messages 16")
        green = self.client("green")
        answers = [green.publish(self.topic(f"n{number}"), b"x", 1, retain=True).reason
                   for number in range(200)]
        accepted = sum(answer < 0x80 for answer in answers)
        self.assertIn(accepted, range(1, 17))
        self.assertIn(answers[-1], (0x97, 0x80, 0x83))
        self.assertLess(answers[0], 0x80)
        kept = self.client("blue")
        kept.subscribe(self.topic("#"), qos=1)
        for _ in range(accepted):
            kept.acknowledge(kept.expect(PUBLISH, retain=True))
        kept.expect_silence()
        self.assertLess(green.publish(self.topic("n0"), b"y", 1, retain=True).reason, 0x80)


if __name__ == "__main__":
    main()
