"""PUBLISH at each QoS, in both directions, step by step."""

from mqtt import *
from story import Story, main, matrix, mosquitto_deviates, versions


class FromClient(Story):
    """The broker as receiver."""

    @matrix
    @versions(3, 4, 5)
    def test_each_qos(self, v):
        """[MQTT-3.3.4-1][MQTT-3.8.4-8][v3 MQTT-3.3.4-1][v3 MQTT-3.8.4-6] the lower QoS"""
        watch = self.client("watch", v)
        green = self.client("green", v)
        for granted in (0, 1, 2):
            self.assertEqual(watch.subscribe(self.topic(granted), qos=granted), [granted])
            for qos in (0, 1, 2):
                green.publish(self.topic(granted), b"%d" % qos, qos)
                watch.expect_message(self.topic(granted), b"%d" % qos, qos=min(qos, granted),
                                     dup=False, retain=False)

    @versions(3, 4, 5)
    def test_qos_1(self, v):
        """[MQTT-4.3.2-4][MQTT-2.2.1-5][v3 MQTT-4.3.2-2][v3 MQTT-2.3.1-6] PUBACK with the same id"""
        green = self.client("green", v)
        for packet_id in (1, 0x7FFF, 0xFFFF):
            green.send(publish(self.topic("t"), b"x", 1, packet_id, v=v))
            green.expect(PUBACK, packet_id=packet_id, reason=(0, 0x10))

    @versions(4, 5)
    def test_qos_1_same_id_again(self, v):
        """[MQTT-4.3.2-5][v3 MQTT-4.3.2-2] after PUBACK the same id is a new message, DUP or not"""
        watch = self.client("watch", v)
        watch.subscribe(self.topic("t"), qos=1)
        green = self.client("green", v)
        for dup in (False, True, True):
            green.send(publish(self.topic("t"), b"x", 1, 5, dup=dup, v=v))
            green.expect(PUBACK, packet_id=5)
        for _ in range(3):
            watch.expect_message(self.topic("t"), b"x", dup=False)

    @versions(3, 4, 5)
    def test_qos_2(self, v):
        """[MQTT-4.3.3-8][MQTT-4.3.3-11][v3 MQTT-4.3.3-2] PUBREC, PUBCOMP for PUBREL"""
        green = self.client("green", v)
        for packet_id in (1, 0xFFFF):
            green.send(publish(self.topic("t"), b"x", 2, packet_id, v=v))
            green.expect(PUBREC, packet_id=packet_id, reason=(0, 0x10))
            green.send(pubrel(packet_id))
            green.expect(PUBCOMP, packet_id=packet_id, reason=0)

    @matrix
    @versions(3, 4, 5)
    @mosquitto_deviates("ends the connection of a client that repeats itself")
    def test_qos_2_repeated(self, v):
        """[MQTT-4.3.3-10][v3 MQTT-4.3.3-2] a repeat gets PUBREC, and is not passed on"""
        watch = self.client("watch", v)
        watch.subscribe(self.topic("t"), qos=2)
        green = self.client("green", v)
        for dup in (False, True, True):
            green.send(publish(self.topic("t"), b"once", 2, 8, dup=dup, v=v))
            green.expect(PUBREC, packet_id=8, reason=(0, 0x10))
        green.send(pubrel(8))
        green.expect(PUBCOMP, packet_id=8)
        green.publish(self.topic("t"), b"marker", 2)
        watch.expect_message(self.topic("t"), b"once")
        watch.expect_message(self.topic("t"), b"marker")

    @versions(4, 5)
    def test_qos_2_id_again(self, v):
        """[MQTT-4.3.3-12][v3 MQTT-4.3.3-2] after PUBCOMP the id is a new message, even with DUP"""
        watch = self.client("watch", v)
        watch.subscribe(self.topic("t"), qos=2)
        green = self.client("green", v)
        for number in range(3):
            green.send(publish(self.topic("t"), b"%d" % number, 2, 8, dup=number > 0, v=v))
            green.expect(PUBREC, packet_id=8)
            green.send(pubrel(8))
            green.expect(PUBCOMP, packet_id=8)
        for number in range(3):
            watch.expect_message(self.topic("t"), b"%d" % number)

    @matrix
    @versions(4, 5)
    def test_qos_2_repeated_after_reconnect(self, v):
        """[MQTT-4.3.3-10][MQTT-3.1.2-23] what PUBREC acknowledged is remembered by the session"""
        watch = self.client("watch", v)
        watch.subscribe(self.topic("t"), qos=2)
        green = self.durable("green", v)
        green.send(publish(self.topic("t"), b"once", 2, 8, v=v))
        green.expect(PUBREC, packet_id=8)
        green.close()
        again = self.durable("green", v)
        self.assertTrue(again.connack.session_present)
        again.send(publish(self.topic("t"), b"once", 2, 8, dup=True, v=v))
        again.expect(PUBREC, packet_id=8)
        again.send(pubrel(8))
        again.expect(PUBCOMP, packet_id=8, reason=0)
        again.publish(self.topic("t"), b"marker", 2)
        watch.expect_message(self.topic("t"), b"once")
        watch.expect_message(self.topic("t"), b"marker")

    @versions(4, 5)
    @mosquitto_deviates("answers 0")
    def test_unknown_pubrel(self, v):
        """[MQTT-4.3.3-11] PUBREL for an unknown id: PUBCOMP all the same, in 5.0 with 0x92"""
        green = self.client("green", v)
        green.send(pubrel(77))
        green.expect(PUBCOMP, packet_id=77, reason=(0x92,) if v == 5 else 0)

    @versions(4, 5)
    @mosquitto_deviates("answers 0")
    def test_unknown_acknowledgements(self, v):
        """[MQTT-3.4.2-1][MQTT-3.5.2-1] acknowledgements for nothing harm nobody"""
        green = self.client("green", v)
        green.send(puback(77), pubcomp(78))
        green.send(pubrec(79))
        green.send(pingreq())
        packet = green.receive()
        if packet.kind == PUBREL:
            self.assertEqual((packet.packet_id, packet.reason), (79, 0x92 if v == 5 else 0))
            packet = green.receive()
        self.assertEqual(packet.kind, PINGRESP)

    @versions(4, 5)
    def test_order_of_answers(self, v):
        """[MQTT-4.6.0-2][MQTT-4.6.0-3][v3 MQTT-4.6.0-2][v3 MQTT-4.6.0-3] in the order received"""
        green = self.client("green", v)
        ids = (9, 3, 12, 7, 1)
        green.send(*[publish(self.topic("t"), b"x", 1, one, v=v) for one in ids])
        for one in ids:
            green.expect(PUBACK, packet_id=one)
        green.send(*[publish(self.topic("t"), b"x", 2, one, v=v) for one in ids])
        for one in ids:
            green.expect(PUBREC, packet_id=one)
        green.send(*[pubrel(one) for one in ids])
        for one in ids:
            green.expect(PUBCOMP, packet_id=one)

    @versions(3, 4, 5)
    def test_payloads(self, v):
        """[MQTT-4.5.0-1][v3 MQTT-4.5.0-1] any payload: none, one byte, every byte, a megabyte"""
        watch = self.client("watch", v)
        watch.subscribe(self.topic("#"), qos=1)
        green = self.client("green", v)
        for payload in (b"", b"\x00", bytes(range(256)), b"x" * 127, b"x" * 128, b"x" * 16383,
                        b"y" * 70000, b"z" * 1048576):
            green.publish(self.topic("t"), payload, 1)
            watch.expect_message(self.topic("t"), payload)

    @versions(4, 5)
    def test_topics(self, v):
        """[MQTT-4.7.3-4][MQTT-1.5.4-3][v3 MQTT-1.5.3-3][v3 MQTT-4.7.3-4] no name is rewritten"""
        watch = self.client("watch", v)
        watch.subscribe(self.topic("#"))
        green = self.client("green", v)
        for rest in ("", "/", "//", "a", "A", " ", "\ufeffbom", "é", "e\u0301", "x" * 60000,
                     "a/b/c/d/e/f/g", "\U0001f40d", "$SYS"):
            green.publish(self.topic(rest), b"x", 1)
            watch.expect_publish(self.topic(rest))

    @versions(4, 5)
    def test_own_message_comes_back(self, v):
        """[MQTT-4.5.0-1][v3 MQTT-4.5.0-1] a client gets what it publishes, when it subscribed"""
        blue = self.client("blue", v)
        blue.subscribe(self.topic("t"), qos=2)
        for qos in (0, 1, 2):
            blue.publish(self.topic("t"), b"x", qos)
            blue.expect_message(self.topic("t"), b"x", qos=qos)


class ToClient(Story):
    """The broker as sender."""

    def pair(self, v, qos):
        watch = self.durable("watch", v)
        watch.subscribe(self.topic("t"), qos=qos)
        return watch, self.client("green", v)

    @versions(4, 5)
    def test_qos_0(self, v):
        """[MQTT-4.3.1-1][MQTT-2.2.1-2][MQTT-3.3.1-2][v3 MQTT-4.3.1-1] QoS 0: no id, DUP 0"""
        watch, green = self.pair(v, 0)
        green.publish(self.topic("t"), b"x", 2)
        watch.expect_publish(self.topic("t"), b"x", qos=0, packet_id=None, dup=False)

    @versions(4, 5)
    def test_ids_are_unused(self, v):
        """[MQTT-2.2.1-4][MQTT-4.3.2-1][MQTT-4.3.3-1][v3 MQTT-2.3.1-4] ids in flight all differ"""
        watch, green = self.pair(v, 2)
        for number in range(10):
            green.publish(self.topic("t"), b"x", 1 + number % 2)
        ids = {watch.expect_publish(self.topic("t")).packet_id for _ in range(10)}
        self.assertEqual(len(ids), 10)

    @versions(4, 5)
    def test_no_repeat_while_connected(self, v):
        """[MQTT-4.4.0-1][MQTT-4.3.2-3] what is not acknowledged is not sent again meanwhile"""
        watch, green = self.pair(v, 2)
        green.publish(self.topic("t"), b"one", 1)
        green.publish(self.topic("t"), b"two", 2)
        watch.expect_publish(self.topic("t"), b"one")
        watch.expect_publish(self.topic("t"), b"two")
        self.let_time_pass(1)
        watch.expect_silence()

    @matrix
    @versions(4, 5)
    def test_qos_1_again_after_reconnect(self, v):
        """[MQTT-4.4.0-1][MQTT-3.3.1-1][v3 MQTT-4.4.0-1][v3 MQTT-3.3.1-1] with DUP and its id"""
        watch, green = self.pair(v, 1)
        for number in range(5):
            green.publish(self.topic("t"), b"%d" % number, 1)
        sent = [watch.expect_publish(self.topic("t"), b"%d" % number, dup=False)
                for number in range(5)]
        watch.send(puback(sent[0].packet_id), puback(sent[2].packet_id))
        watch.ping()
        watch.close()
        again = self.durable("watch", v)
        for number in (1, 3, 4):
            again.expect_message(self.topic("t"), b"%d" % number, dup=True, qos=1,
                                 packet_id=sent[number].packet_id)
        again.expect_silence()

    @matrix
    @versions(4, 5)
    def test_qos_2_again_after_reconnect(self, v):
        """[MQTT-4.4.0-1][MQTT-4.3.3-3][v3 MQTT-4.3.3-1] before PUBREC: PUBLISH again, with DUP"""
        watch, green = self.pair(v, 2)
        green.publish(self.topic("t"), b"x", 2)
        first = watch.expect_publish(self.topic("t"), b"x", dup=False)
        watch.close()
        again = self.durable("watch", v)
        again.expect_message(self.topic("t"), b"x", dup=True, qos=2, packet_id=first.packet_id)
        again.disconnect()
        self.durable("watch", v).expect_silence()

    @matrix
    @versions(4, 5)
    def test_pubrel_again_after_reconnect(self, v):
        """[MQTT-4.3.3-4][MQTT-4.3.3-5][MQTT-4.3.3-6][v3 MQTT-4.3.3-1] after PUBREC: PUBREL again"""
        watch, green = self.pair(v, 2)
        green.publish(self.topic("t"), b"x", 2)
        first = watch.expect_publish(self.topic("t"), b"x")
        watch.send(pubrec(first.packet_id))
        watch.expect(PUBREL, packet_id=first.packet_id, reason=0)
        watch.close()
        again = self.durable("watch", v)
        again.expect(PUBREL, packet_id=first.packet_id)
        again.send(pubcomp(first.packet_id))
        again.ping()
        again.disconnect()
        self.durable("watch", v).expect_silence()

    @versions(4, 5)
    def test_order_after_reconnect(self, v):
        """[MQTT-4.6.0-5][MQTT-4.4.0-1][v3 MQTT-4.6.0-6] first what was in flight, then the queue"""
        watch, green = self.pair(v, 1)
        for number in range(3):
            green.publish(self.topic("t"), b"%d" % number, 1)
        for number in range(3):
            watch.expect_publish(self.topic("t"), b"%d" % number)
        watch.shut()
        watch.expect_gone()
        for number in range(3, 60):
            green.publish(self.topic("t"), b"%d" % number, 1)
        again = self.durable("watch", v)
        for number in range(60):
            again.expect_message(self.topic("t"), b"%d" % number, dup=number < 3)

    def test_refused_by_the_receiver(self):
        """[MQTT-4.4.0-2][MQTT-4.3.3-9] PUBACK or PUBREC of 0x80 or more ends it, no repeat"""
        watch, green = self.pair(5, 2)
        green.publish(self.topic("t"), b"one", 1)
        green.publish(self.topic("t"), b"two", 2)
        watch.send(puback(watch.expect_publish(self.topic("t"), b"one").packet_id, 0x97))
        watch.send(pubrec(watch.expect_publish(self.topic("t"), b"two").packet_id, 0x83))
        watch.expect_silence()
        watch.close()
        self.durable("watch").expect_silence()

    @versions(4, 5)
    def test_pubrec_repeated(self, v):
        """[MQTT-4.3.3-4] a second PUBREC gets PUBREL again"""
        watch, green = self.pair(v, 2)
        green.publish(self.topic("t"), b"x", 2)
        first = watch.expect_publish(self.topic("t"), b"x")
        for _ in range(2):
            watch.send(pubrec(first.packet_id))
            watch.expect(PUBREL, packet_id=first.packet_id)
        watch.send(pubcomp(first.packet_id))
        watch.expect_silence()

    @versions(4, 5)
    def test_dup_is_not_passed_on(self, v):
        """[MQTT-3.3.1-3][v3 MQTT-3.3.1-3] DUP of an incoming PUBLISH says nothing about the next"""
        watch, green = self.pair(v, 2)
        for qos in (1, 2):
            green.send(publish(self.topic("t"), b"x", qos, 3, dup=True, v=v))
            green.expect(PUBACK if qos == 1 else PUBREC, packet_id=3)
            if qos == 2:
                green.send(pubrel(3))
                green.expect(PUBCOMP, packet_id=3)
            watch.expect_message(self.topic("t"), b"x", qos=qos, dup=False)

    def test_no_subscriber(self):
        """[MQTT-3.4.2-1][MQTT-3.5.2-1] nobody subscribed: success, or 0x10 to say so"""
        green = self.client("green")
        self.assertIn(green.publish(self.topic("t"), b"x", 1).reason, (0, 0x10))
        self.assertIn(green.publish(self.topic("t"), b"x", 2).reason, (0, 0x10))

    @versions(4, 5)
    def test_id_of_both_directions(self, v):
        """[MQTT-2.2.1-4] client and broker use the same ids independently"""
        blue = self.client("blue", v)
        blue.subscribe(self.topic("t"), qos=2)
        self.client("green", v).publish(self.topic("t"), b"x", 2)
        given = blue.expect_publish(self.topic("t"), b"x").packet_id
        blue.send(publish(self.topic("other"), b"y", 2, given, v=v))
        blue.expect(PUBREC, packet_id=given)
        blue.send(pubrec(given))
        blue.expect(PUBREL, packet_id=given)
        blue.send(pubrel(given))
        blue.expect(PUBCOMP, packet_id=given)
        blue.send(pubcomp(given))
        blue.expect_silence()


class Malformed(Story):
    @versions(4, 5)
    def test_qos_3(self, v):
        """[MQTT-3.3.1-4][v3 MQTT-3.3.1-4] QoS 3 ends the connection"""
        self.refused(v, publish("t", b"x", 3, 1, v=v))

    @versions(4, 5)
    @mosquitto_deviates("accepts it")
    def test_dup_with_qos_0(self, v):
        """[MQTT-3.3.1-2][v3 MQTT-3.3.1-2] DUP on QoS 0 is malformed"""
        self.refused(v, publish("t", b"x", 0, dup=True, v=v))

    @versions(4, 5)
    def test_packet_id_0(self, v):
        """[MQTT-2.2.1-3][v3 MQTT-2.3.1-1] packet identifier 0 ends the connection"""
        self.refused(v, publish("t", b"x", 1, 0, v=v))
        self.refused(v, publish("t", b"x", 2, 0, v=v))

    @versions(4, 5)
    def test_wildcards_in_a_name(self, v):
        """[MQTT-3.3.2-2][MQTT-4.7.0-1][v3 MQTT-3.3.2-2][v3 MQTT-4.7.1-1] no wildcards"""
        for topic in ("#", "+", "a/#", "a/+/b", "a+", "a#b"):
            self.refused(v, publish(topic, b"x", v=v), 0x90, 0x81)

    @versions(4, 5)
    def test_bad_names(self, v):
        """[MQTT-3.3.2-1][MQTT-4.7.3-2][v3 MQTT-1.5.3-1][v3 MQTT-1.5.3-2] ill-formed topic names"""
        for topic in (b"\xff", b"a\x00b", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xc0\xaf",
                      b"\xf4\x90\x80\x80", b"a\xe2\x82"):
            self.refused(v, publish(topic, b"x", v=v), 0x90, 0x81)

    @versions(4, 5)
    def test_empty_name(self, v):
        """[MQTT-4.7.3-1][v3 MQTT-4.7.3-1] no topic name at all"""
        self.refused(v, publish("", b"x", v=v), 0x82, 0x81, 0x90)

    def refused(self, v, packet, *reasons):
        client = self.client("bad", v)
        client.name = repr(packet)
        client.send(packet)
        client.expect_ended(*(reasons or (0x81, 0x82)))


if __name__ == "__main__":
    main()
