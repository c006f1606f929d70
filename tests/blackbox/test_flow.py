"""How much may be under way: Receive Maximum, Maximum Packet Size, many messages in flight."""

from mqtt import *
from story import Story, main, matrix, midged_only, mosquitto_deviates, versions


class ManyInFlight(Story):
    """A 3.x publisher knows no limit: what is acknowledged arrives."""

    directives = ("max_queued_messages 20000",)

    def flood(self, v, qos, count):
        watch = self.client("watch", v)
        watch.subscribe(self.topic("t"), qos=qos)
        green = self.client("green", v)
        green.send(*[publish(self.topic("t"), b"%d" % number, qos, number, v=v)
                     for number in range(1, count + 1)])
        return watch, green

    @matrix
    @versions(3, 4)
    def test_qos_1(self, v):
        """[v3 MQTT-4.3.2-2][v3 MQTT-4.6.0-6][v3 MQTT-4.5.0-1] 5000 QoS 1 publishes at once"""
        count = 5000
        watch, green = self.flood(v, 1, count)
        for number in range(1, count + 1):
            green.expect(PUBACK, packet_id=number)
        for number in range(1, count + 1):
            watch.expect_message(self.topic("t"), b"%d" % number, dup=False)
        watch.expect_silence()

    @matrix
    @versions(3, 4)
    @mosquitto_deviates("drops what goes beyond max_inflight_messages")
    def test_qos_2(self, v):
        """[v3 MQTT-4.3.3-2][v3 MQTT-4.6.0-6] 3000 QoS 2 publishes at once: each exactly once"""
        count = 3000
        watch, green = self.flood(v, 2, count)
        for number in range(1, count + 1):
            green.expect(PUBREC, packet_id=number)
        green.send(*[pubrel(number) for number in range(1, count + 1)])
        for number in range(1, count + 1):
            green.expect(PUBCOMP, packet_id=number)
        for number in range(1, count + 1):
            watch.expect_message(self.topic("t"), b"%d" % number, dup=False)
        watch.expect_silence()

    @mosquitto_deviates("drops what goes beyond max_inflight_messages")
    def test_every_id_at_once(self):
        """[v3 MQTT-2.3.1-2][v3 MQTT-4.3.3-2] all 65535 packet identifiers open at the same time"""
        green = self.client("green", 4)
        for start in range(1, 65536, 4369):
            ids = range(start, start + 4369)
            green.send(*[publish(self.topic("t"), b"x", 2, one, v=4) for one in ids])
            for one in ids:
                green.expect(PUBREC, packet_id=one)
        for start in range(1, 65536, 4369):
            ids = range(start, start + 4369)
            green.send(*[pubrel(one) for one in ids])
            for one in ids:
                green.expect(PUBCOMP, packet_id=one)
        green.publish(self.topic("t"), b"again", 2)

    @matrix
    @midged_only("mosquitto drops them")
    def test_to_one_who_is_away(self):
        """[v3 MQTT-4.5.0-1][v3 MQTT-3.1.2-5] 2000 of each QoS for a session that is away"""
        watch = self.durable("watch", 4)
        watch.subscribe(self.topic("t"), qos=2)
        watch.disconnect()
        green = self.client("green", 4)
        count = 2000
        for qos in (1, 2):
            green.send(*[publish(self.topic("t"), b"%d %d" % (qos, number), qos, number, v=4)
                         for number in range(1, count + 1)])
            for number in range(1, count + 1):
                green.expect(PUBACK if qos == 1 else PUBREC, packet_id=number)
        green.send(*[pubrel(number) for number in range(1, count + 1)])
        for number in range(1, count + 1):
            green.expect(PUBCOMP, packet_id=number)
        again = self.durable("watch", 4)
        for qos in (1, 2):
            for number in range(1, count + 1):
                again.expect_message(self.topic("t"), b"%d %d" % (qos, number), qos=qos)


class ReceiveMaximum(Story):
    @matrix
    @mosquitto_deviates("takes PUBREC for the end of an exchange")
    def test_of_the_client(self):
        """[MQTT-3.3.4-9][MQTT-4.9.0-1][MQTT-4.9.0-2] never more unacknowledged than it allows"""
        watch = self.durable("watch", properties={"receive_maximum": 3})
        watch.subscribe(self.topic("t"), qos=2)
        green = self.client("green")
        for number in range(10):
            green.publish(self.topic("t"), b"%d" % number, 1 + number % 2)
        flying = [watch.expect_publish(self.topic("t"), b"%d" % number) for number in range(3)]
        watch.expect_silence()
        for number in range(3, 10):
            done = flying.pop(0)
            if done.qos == 1:
                watch.send(puback(done.packet_id))
            else:
                watch.send(pubrec(done.packet_id))
                watch.expect(PUBREL, packet_id=done.packet_id)
                watch.expect_silence()  # PUBREC alone frees nothing
                watch.send(pubcomp(done.packet_id))
            flying.append(watch.expect_publish(self.topic("t"), b"%d" % number))
            watch.expect_silence()

    @matrix
    def test_nothing_else_is_held_back(self):
        """[MQTT-3.3.4-10][MQTT-4.9.0-3] with the quota used up QoS 0 and all else goes on"""
        watch = self.client("watch", properties={"receive_maximum": 1})
        watch.subscribe(self.topic("one"), qos=1)
        watch.subscribe(self.topic("zero"), qos=0)
        green = self.client("green")
        green.publish(self.topic("one"), b"a", 1)
        green.publish(self.topic("one"), b"b", 1)
        first = watch.expect_publish(self.topic("one"), b"a")
        green.publish(self.topic("zero"), b"z", 1)
        watch.expect_message(self.topic("zero"), b"z")
        self.assertEqual(watch.subscribe(self.topic("more")), [0])
        watch.publish(self.topic("elsewhere"), b"x", 2)
        watch.expect_silence()
        watch.send(puback(first.packet_id))
        watch.expect_message(self.topic("one"), b"b")

    def test_refusal_frees(self):
        """[MQTT-4.9.0-1] PUBREC of 0x80 or more gives the quota back"""
        watch = self.client("watch", properties={"receive_maximum": 1})
        watch.subscribe(self.topic("t"), qos=2)
        green = self.client("green")
        green.publish(self.topic("t"), b"a", 2)
        green.publish(self.topic("t"), b"b", 2)
        first = watch.expect_publish(self.topic("t"), b"a")
        watch.send(pubrec(first.packet_id, 0x80))
        watch.expect_message(self.topic("t"), b"b")

    @mosquitto_deviates("sends all of it again at once")
    def test_counts_after_reconnect(self):
        """[MQTT-3.3.4-9] a smaller receive maximum at reconnect holds for what is sent again"""
        watch = self.durable("watch", properties={"receive_maximum": 5})
        watch.subscribe(self.topic("t"), qos=1)
        green = self.client("green")
        for number in range(5):
            green.publish(self.topic("t"), b"%d" % number, 1)
        for number in range(5):
            watch.expect_publish(self.topic("t"), b"%d" % number)
        watch.close()
        again = self.durable("watch", properties={"receive_maximum": 2})
        for number in range(5):
            packet = again.expect_publish(self.topic("t"), b"%d" % number, dup=True)
            if number == 1:
                again.expect_silence()
                again.send(puback(first.packet_id))
            if number >= 1:
                again.send(puback(packet.packet_id))
            first = packet

    @matrix
    @mosquitto_deviates("does not hold clients to it")
    def test_of_the_broker(self):
        """[MQTT-3.3.4-7] more unacknowledged than the broker allows: DISCONNECT 0x93"""
        self.use("receive_maximum 20")
        green = self.client("green")
        allowed = green.connack.properties.get("receive_maximum", 65535)
        self.assertGreaterEqual(allowed, 1)
        for packet_id in range(1, allowed + 1):
            green.send(publish(self.topic("t"), b"x", 2, packet_id))
            green.expect(PUBREC, packet_id=packet_id)
        green.send(publish(self.topic("t"), b"x", 2, allowed + 1))
        green.expect_ended(0x93)

    def test_of_the_broker_used_to_the_full(self):
        """[MQTT-3.3.4-8] the broker's receive maximum can be used over and over"""
        green = self.client("green")
        allowed = min(green.connack.properties.get("receive_maximum", 65535), 1000)
        for _ in range(3):
            ids = range(1, allowed + 1)
            green.send(*[publish(self.topic("t"), b"x", 2, one) for one in ids])
            for one in ids:
                green.expect(PUBREC, packet_id=one)
            green.send(*[pubrel(one) for one in ids])
            for one in ids:
                green.expect(PUBCOMP, packet_id=one, reason=0)

    @versions(4)
    def test_default_window_of_3(self, v):
        """[v3 MQTT-4.3.2-1] max_inflight_messages holds for 3.1.1: the rest waits, in order"""
        self.use("max_inflight_messages 4")
        watch = self.client("watch", v)
        watch.subscribe(self.topic("t"), qos=1)
        green = self.client("green", v)
        for number in range(12):
            green.publish(self.topic("t"), b"%d" % number, 1)
        window = [watch.expect_publish(self.topic("t"), b"%d" % number) for number in range(4)]
        watch.expect_silence()
        for packet in window:
            watch.send(puback(packet.packet_id))
        for number in range(4, 12):
            watch.expect_message(self.topic("t"), b"%d" % number)


class PacketSize(Story):
    @matrix
    @mosquitto_deviates("counts without the fixed header")
    def test_of_the_client(self):
        """[MQTT-3.1.2-24][MQTT-3.1.2-25] too large for the client: dropped as if it were sent"""
        watch = self.client("watch", properties={"maximum_packet_size": 100})
        watch.subscribe(self.topic("t"), qos=1)
        green = self.client("green")
        room = 100 - (2 + 2 + len(self.topic("t")) + 2 + 1)
        green.publish(self.topic("t"), b"x" * (room + 1), 1)
        green.publish(self.topic("t"), b"y" * room, 1)
        packet = watch.expect_message(self.topic("t"), b"y" * room)
        self.assertEqual(len(publish(packet.topic, packet.payload, 1, packet.packet_id)), 100)
        for number in range(30):  # more than any window: none of them may block it
            green.publish(self.topic("t"), b"x" * 200, 1 + number % 2)
        green.publish(self.topic("t"), b"small", 1)
        watch.expect_message(self.topic("t"), b"small")

    def test_of_the_client_retained_and_queued(self):
        """[MQTT-3.1.2-24] holds for retained messages and for what was queued, too"""
        green = self.client("green")
        green.publish(self.topic("r/1"), b"x" * 200, 1, retain=True)
        green.publish(self.topic("r/2"), b"small", 1, retain=True)
        first = self.durable("watch")
        first.subscribe(self.topic("t"), qos=1)
        first.disconnect()
        green.publish(self.topic("t"), b"x" * 200, 1)
        green.publish(self.topic("t"), b"queued", 1)
        watch = self.durable("watch", properties={"maximum_packet_size": 60})
        watch.expect_message(self.topic("t"), b"queued")
        watch.subscribe(self.topic("r/#"))
        watch.expect_message(self.topic("r/2"), b"small")

    def test_reason_strings_are_left_out(self):
        """[MQTT-3.9.2-1][MQTT-3.2.2-19][MQTT-3.14.2-3] answers fit the client's maximum, too"""
        watch = self.client("watch", properties={"maximum_packet_size": 20})
        watch.send(subscribe(1, [("a/#/b", 0)]))
        packet = watch.receive()
        if packet.kind == SUBACK:
            self.assertEqual(packet.properties, {})
        else:
            self.assertEqual((packet.kind, packet.properties), (DISCONNECT, {}))

    @mosquitto_deviates("counts without the fixed header")
    def test_of_the_broker(self):
        """[MQTT-3.2.2-15] max_packet_size: told in CONNACK; beyond it DISCONNECT 0x95"""
        self.use("max_packet_size 1000")
        green = self.client("green")
        self.assertEqual(green.connack.properties["maximum_packet_size"], 1000)
        fixed = 3 + 2 + len(self.topic("t")) + 2 + 1
        green.send(publish(self.topic("t"), b"x" * (1000 - fixed), 1, 1))
        green.expect(PUBACK, packet_id=1)
        green.send(publish(self.topic("t"), b"x" * (1001 - fixed), 1, 2))
        green.expect_ended(0x95)

    def test_of_the_broker_for_3(self):
        """[v3 MQTT-4.8.0-1] max_packet_size for 3.1.1: closed"""
        self.use("max_packet_size 1000")
        green = self.client("green", 4)
        green.send(publish(self.topic("t"), b"x" * 1000, 1, 1, v=4))
        green.expect_closed()

    def test_announced_is_enough(self):
        """[MQTT-3.2.2-15] the announced length is enough to refuse: nobody waits for the rest"""
        self.use("max_packet_size 1000")
        green = self.client("green")
        green.send(b"\x32\xff\xff\xff\x7f")
        green.expect_ended(0x95)

    @midged_only("mosquitto answers in its own ways")
    def test_message_size_limit(self):
        """[MQTT-3.4.2-1] message_size_limit: a larger payload is refused, the connection stays"""
        self.use("message_size_limit 100")
        watch = self.client("watch")
        watch.subscribe(self.topic("t"), qos=1)
        green = self.client("green")
        self.assertGreaterEqual(green.publish(self.topic("t"), b"x" * 101, 1).reason, 0x80)
        self.assertLess(green.publish(self.topic("t"), b"x" * 100, 1).reason, 0x80)
        watch.expect_message(self.topic("t"), b"x" * 100)


if __name__ == "__main__":
    main()
