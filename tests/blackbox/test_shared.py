"""Shared subscriptions: each message to one member of the group."""

from mqtt import *
from story import Story, main, matrix, mosquitto_deviates, versions


class Shared(Story):
    def filter(self, rest="t", group="group"):
        return f"$share/{group}/{self.topic(rest)}"

    def members(self, count, v=5, qos=1, group="group", **how):
        out = []
        for number in range(count):
            member = self.client(f"{group}{number}", v, **how)
            self.assertEqual(member.subscribe(self.filter(group=group), qos=qos), [qos])
            out.append(member)
        return out

    def collect(self, members, total, acknowledge=True):
        """What each member gets until there are `total`; then nothing more comes."""
        got = [[] for _ in members]

        def round_trip():
            for member, mine in zip(members, got):
                member.ping()
                while member.waiting:
                    packet = member.expect(PUBLISH)
                    mine.append(packet)
                    if acknowledge:
                        member.acknowledge(packet)
            return sum(map(len, got)) >= total

        self.eventually(round_trip, f"{total} messages")
        round_trip()
        self.assertEqual(sum(map(len, got)), total)
        return got

    def payloads(self, got):
        """All of them, in order of their numbers."""
        return sorted((int(packet.payload) for mine in got for packet in mine))

    @matrix
    @versions(4, 5)
    def test_one_of_them(self, v):
        """[MQTT-4.8.2-3][MQTT-4.8.2-1] each message goes to exactly one member, fairly"""
        members = self.members(3, v)
        green = self.client("green", v)
        for number in range(90):
            green.publish(self.topic("t"), b"%d" % number, 1)
        got = self.collect(members, 90)
        self.assertEqual(self.payloads(got), list(range(90)))
        for mine in got:
            self.assertGreaterEqual(len(mine), 15, [len(one) for one in got])

    @matrix
    def test_each_group(self):
        """[MQTT-4.8.2-2] every group gets each message, and so do plain subscribers"""
        first, second = self.members(2, group="first"), self.members(2, group="second")
        plain = self.client("plain")
        plain.subscribe(self.topic("t"), qos=1)
        green = self.client("green")
        for number in range(20):
            green.publish(self.topic("t"), b"%d" % number, 1)
        for members in (first, second, [plain]):
            self.assertEqual(self.payloads(self.collect(members, 20)), list(range(20)))

    @versions(4, 5)
    def test_member_and_plain_at_once(self, v):
        """[MQTT-3.3.4-2] a client may have the plain subscription beside the shared one"""
        blue = self.client("blue", v)
        blue.subscribe(self.filter(), self.topic("t"), qos=1)
        self.client("green", v).publish(self.topic("t"), b"x", 1)
        self.client("green", v).publish(self.topic("t"), b"end", 1)
        count = {b"x": 0, b"end": 0}
        while count[b"end"] == 0:
            packet = blue.expect(PUBLISH)
            blue.acknowledge(packet)
            count[packet.payload] += 1
        self.assertIn(count[b"x"], (1, 2))

    @matrix
    def test_granted_qos(self):
        """[MQTT-4.8.2-3][MQTT-3.8.4-8] at the QoS granted to the member it goes to"""
        for qos in (0, 1, 2):
            group = f"q{qos}"
            member = self.members(1, qos=qos, group=group)[0]
            self.client("green").publish(self.topic("t"), b"x", 2)
            member.expect_message(self.topic("t"), b"x", qos=qos)
            member.disconnect()

    @matrix
    def test_answered_means_subscribed(self):
        """[MQTT-3.8.4-1][MQTT-4.5.0-1] SUBACK is sent when the group works, for every publisher"""
        greens = [self.client(f"green{number}") for number in range(4)]
        blues = [self.client(f"blue{number}") for number in range(4)]
        for number in range(200):
            blue, rest = blues[number % 4], f"n{number}"
            blue.subscribe(self.filter(rest), qos=1)
            greens[number // 4 % 4].publish(self.topic(rest), b"x", 1)
            blue.expect_message(self.topic(rest), b"x")

    @versions(4, 5)
    def test_leaving(self, v):
        """[MQTT-3.10.4-2] UNSUBSCRIBE leaves the group: the others get everything"""
        one, two = self.members(2, v)
        self.assertEqual(one.unsubscribe(self.filter()), [0] if v == 5 else [])
        green = self.client("green", v)
        for number in range(10):
            green.publish(self.topic("t"), b"%d" % number, 1)
        got = self.collect([one, two], 10)
        self.assertEqual(([], list(range(10))), (got[0], self.payloads(got)))

    @matrix
    @versions(4, 5)
    def test_disconnecting(self, v):
        """[MQTT-4.1.0-2] a member whose session ends leaves; the others get everything"""
        one, two = self.members(2, v)
        one.disconnect()
        green = self.client("green", v)
        for number in range(10):
            green.publish(self.topic("t"), b"%d" % number, 1)
        self.assertEqual(self.payloads(self.collect([two], 10)), list(range(10)))

    @matrix
    @mosquitto_deviates("loses them")
    def test_unacknowledged_go_to_others(self):
        """[MQTT-4.8.2-3] a member ends with unacknowledged QoS 1 messages: others get them"""
        one, two = self.members(2)
        green = self.client("green")
        for number in range(20):
            green.publish(self.topic("t"), b"%d" % number, 1)
        got = self.collect([one, two], 20, acknowledge=False)
        for packet in got[1]:
            two.acknowledge(packet)
        have = [int(packet.payload) for packet in got[1]]
        self.assertLess(len(have), 20)
        one.close()
        for _ in range(20 - len(have)):
            packet = two.expect(PUBLISH)
            two.acknowledge(packet)
            have.append(int(packet.payload))
        self.assertEqual(sorted(have), list(range(20)))

    @matrix
    @mosquitto_deviates("keeps them for the member that is away")
    def test_away_members_are_not_chosen(self):
        """[MQTT-4.8.2-3] while another member is there, none that is away is chosen"""
        away = self.durable("away")
        away.subscribe(self.filter(), qos=1)
        away.disconnect()
        there = self.members(1)[0]
        green = self.client("green")
        for number in range(10):
            green.publish(self.topic("t"), b"%d" % number, 1)
        self.assertEqual(self.payloads(self.collect([there], 10)), list(range(10)))

    @versions(4, 5)
    def test_all_away(self, v):
        """[MQTT-4.5.0-1] when all are away a kept session gets the messages when it comes back"""
        away = self.durable("away", v)
        away.subscribe(self.filter(), qos=1)
        away.disconnect()
        green = self.client("green", v)
        for number in range(5):
            green.publish(self.topic("t"), b"%d" % number, 1)
        again = self.durable("away", v)
        for number in range(5):
            again.expect_message(self.topic("t"), b"%d" % number)

    @matrix
    def test_qos_2_is_finished_with_the_same(self):
        """[MQTT-4.8.2-4][MQTT-4.4.0-1] a QoS 2 delivery begun is finished with that member"""
        one = self.durable("one")
        one.subscribe(self.filter(), qos=2)
        self.client("green").publish(self.topic("t"), b"x", 2)
        packet = one.expect_publish(self.topic("t"), b"x")
        one.send(pubrec(packet.packet_id))
        one.expect(PUBREL)
        one.close()
        two = self.members(1, qos=2)[0]
        two.expect_silence()
        again = self.durable("one")
        again.expect(PUBREL, packet_id=packet.packet_id)
        again.send(pubcomp(packet.packet_id))
        again.expect_silence()
        two.expect_silence()

    def test_qos_2_after_pubrec_goes_to_no_other(self):
        """[MQTT-4.8.2-5] the session ends after PUBREC: nobody else gets the message"""
        one = self.client("one")
        one.subscribe(self.filter(), qos=2)
        self.client("green").publish(self.topic("t"), b"x", 2)
        packet = one.expect_publish(self.topic("t"), b"x")
        two = self.members(1, qos=2)[0]
        one.send(pubrec(packet.packet_id))
        one.expect(PUBREL)
        one.disconnect()
        self.client("green").publish(self.topic("t"), b"y", 2)
        two.expect_message(self.topic("t"), b"y")

    def test_refused_by_a_member(self):
        """[MQTT-4.8.2-6] a member that refuses a message ends it: no other is tried"""
        one, two = self.members(2)
        green = self.client("green")
        for number in range(2):
            green.publish(self.topic("t"), b"%d" % number, 1)
        got = self.collect([one, two], 2, acknowledge=False)
        for member, mine in zip((one, two), got):
            member.send(*[puback(packet.packet_id, 0x80) for packet in mine])
            member.ping()
        one.expect_silence()
        two.expect_silence()

    @matrix
    def test_order_with_one_member(self):
        """[MQTT-4.6.0-5] a group of one gets them in order"""
        member = self.members(1)[0]
        green = self.client("green")
        green.send(*[publish(self.topic("t"), b"%d" % number, 1, number)
                     for number in range(1, 19)])
        for number in range(1, 19):
            member.expect_message(self.topic("t"), b"%d" % number)

    def test_subscription_id(self):
        """[MQTT-3.3.4-3] the member's subscription identifier comes along"""
        blue = self.client("blue")
        blue.subscribe(self.filter(), properties={"subscription_identifier": 9})
        self.client("green").publish(self.topic("t"), b"x")
        packet = blue.expect_message(self.topic("t"), b"x")
        self.assertEqual(packet.properties, {"subscription_identifier": [9]})

    @versions(4, 5)
    def test_wildcards_below(self, v):
        """[MQTT-4.8.2-2] the filter of a group may have wildcards"""
        blue = self.client("blue", v)
        blue.subscribe(self.filter("+/x/#"), qos=1)
        self.client("green", v).publish(self.topic("a/x/y"), b"x", 1)
        blue.expect_message(self.topic("a/x/y"), b"x")

    @mosquitto_deviates("accepts some of them")
    def test_bad_filters(self):
        """[MQTT-4.8.2-1][MQTT-4.8.2-2] $share without name, with wildcards in it, without filter"""
        for bad in ("$share", "$share/", "$share/group", "$share//t", "$share/g+/t", "$share/#/t",
                    "$share/+/t", "$share/group/", "$share/g/a/#/b"):
            blue = self.client("blue")
            blue.name = bad
            blue.send(subscribe(1, [(bad, 1)]))
            packet = blue.receive()
            if packet.kind == SUBACK:
                self.assertEqual(packet.reasons, [0x8F], bad)
            else:
                self.assertEqual(packet.kind, DISCONNECT)
                self.assertIn(packet.reason, (0x8F, 0x81, 0x82))
                blue.expect_closed()

    @mosquitto_deviates("accepts it")
    def test_no_local(self):
        """[MQTT-3.8.3-4] no local on a shared subscription is a protocol error"""
        blue = self.client("blue")
        blue.send(subscribe(1, [(self.filter(), options(1, no_local=True))]))
        blue.expect_ended(0x82)

    @versions(4, 5)
    def test_publishing_to_share(self, v):
        """[MQTT-4.8.2-1] $share in a topic name is only a name, and harms nobody"""
        blue = self.client("blue", v)
        blue.publish("$share/group/t", b"x", 1)
        blue.expect_silence()


if __name__ == "__main__":
    main()
