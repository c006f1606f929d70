"""Wills: what the broker says for a client that can no longer speak."""

import time

from mqtt import *
from story import Story, main, matrix, mosquitto_deviates, versions


class WillStory(Story):
    def watcher(self, v=5, qos=2, **how):
        watch = self.client("watch", v)
        watch.subscribe(self.topic("#"), qos=qos, **how)
        return watch

    def mortal(self, v=5, short="mortal", delay=None, expiry=None, keep_alive=0, **how):
        properties = dict(how.pop("properties", {}))
        if delay is not None:
            properties["will_delay_interval"] = delay
        will = Will(self.topic("will"), b"gone", properties=properties or None, **how)
        session = None if expiry is None else {"session_expiry_interval": expiry}
        return self.client(short, v, will=will, keep_alive=keep_alive, properties=session,
                           clean=expiry is None)

    def expect_will(self, watch, payload=b"gone", **fields):
        return watch.expect_message(self.topic("will"), payload, **fields)

    def expect_none(self, watch):
        self.client("marker").publish(self.topic("marker"), b"m", 1)
        watch.expect_message(self.topic("marker"))


class WhenPublished(WillStory):
    @matrix
    @versions(3, 4, 5)
    def test_lost_connection(self, v):
        """[MQTT-3.1.2-7][MQTT-3.1.2-8][v3 MQTT-3.1.2-8] the connection is lost: published"""
        watch = self.watcher(v)
        self.mortal(v).close()
        self.expect_will(watch, retain=False)

    @matrix
    @versions(3, 4, 5)
    def test_normal_disconnect(self, v):
        """[MQTT-3.14.4-3][MQTT-3.1.2-10][v3 MQTT-3.14.4-3][v3 MQTT-3.1.2-10] DISCONNECT: none"""
        watch = self.watcher(v)
        self.mortal(v).disconnect()
        self.expect_none(watch)

    @versions(5)
    @mosquitto_deviates("publishes none but for 0x04")
    def test_disconnect_with_will(self, v):
        """[MQTT-3.1.2-8][MQTT-3.1.2-10] DISCONNECT 0x04, or any but 0: published"""
        for reason in (0x04, 0x80, 0x98):
            watch = self.watcher(v)
            self.mortal(v).disconnect(reason)
            self.expect_will(watch)

    @matrix
    @versions(3, 4, 5)
    def test_take_over(self, v):
        """[MQTT-3.1.2-8][MQTT-3.1.4-3][v3 MQTT-3.1.4-2] another connection takes over: published"""
        watch = self.watcher(v)
        older = self.mortal(v)
        self.client("mortal", v)
        older.expect_ended(0x8E)
        self.expect_will(watch)

    @versions(3, 4, 5)
    def test_keep_alive(self, v):
        """[MQTT-3.1.2-22][v3 MQTT-3.1.2-24] silent for too long: published"""
        watch = self.watcher(v)
        mortal = self.mortal(v, keep_alive=1)
        self.expect_will(watch)
        mortal.expect_ended(0x8D)

    @versions(4, 5)
    def test_protocol_error(self, v):
        """[MQTT-3.1.2-8][v3 MQTT-3.1.2-8] the broker ends the connection: published"""
        watch = self.watcher(v)
        mortal = self.mortal(v)
        mortal.send(b"\x36\x02\x00\x00")
        mortal.expect_ended(0x81)
        self.expect_will(watch)

    @versions(4, 5)
    def test_without_will_flag(self, v):
        """[v3 MQTT-3.1.2-12] no will flag: nothing is published"""
        watch = self.watcher(v)
        self.client("plain", v).close()
        self.expect_none(watch)

    @versions(4, 5)
    def test_only_once(self, v):
        """[MQTT-3.1.2-10][v3 MQTT-3.1.2-10] a will that was published is gone"""
        watch = self.watcher(v)
        self.mortal(v).close()
        self.expect_will(watch)
        self.client("mortal", v).close()
        self.expect_none(watch)

    @versions(4, 5)
    def test_many_at_once(self, v):
        """[MQTT-3.1.2-8] two hundred clients vanish together: two hundred wills"""
        watch = self.watcher(v, qos=1)
        mortals = [self.mortal(v, f"m{number}", qos=1) for number in range(200)]
        for mortal in mortals:
            mortal.close()
        for _ in mortals:
            self.expect_will(watch)


class What(WillStory):
    @matrix
    @versions(3, 4, 5)
    def test_qos(self, v):
        """[MQTT-3.1.2-12][v3 MQTT-3.1.2-14] at the QoS it was given"""
        for qos in (0, 1, 2):
            watch = self.watcher(v)
            self.mortal(v, qos=qos).close()
            self.expect_will(watch, qos=qos)

    @versions(4, 5)
    def test_retained(self, v):
        """[MQTT-3.1.2-15][v3 MQTT-3.1.2-17] will retain 1: kept for those who come later"""
        watch = self.watcher(v)
        self.mortal(v, retain=True).close()
        self.expect_will(watch, retain=False)
        late = self.client("late", v)
        late.subscribe(self.topic("will"))
        self.expect_will(late, retain=True)

    @versions(4, 5)
    def test_not_retained(self, v):
        """[MQTT-3.1.2-14][v3 MQTT-3.1.2-16] will retain 0: not kept"""
        watch = self.watcher(v)
        self.mortal(v).close()
        self.expect_will(watch)
        late = self.client("late", v)
        late.subscribe(self.topic("will"))
        late.expect_silence()

    @versions(4, 5)
    def test_empty(self, v):
        """[MQTT-3.1.2-9] a will may have an empty payload; retained, it clears"""
        watch = self.watcher(v)
        self.client("green", v).publish(self.topic("will"), b"old", 1, retain=True)
        self.expect_will(watch, b"old")
        self.client("mortal", v, will=Will(self.topic("will"), b"", retain=True)).close()
        self.expect_will(watch, b"")
        late = self.client("late", v)
        late.subscribe(self.topic("will"))
        late.expect_silence()

    def test_properties(self):
        """[MQTT-3.1.3-10][MQTT-3.3.2-17] with its properties, in order, and without its delay"""
        watch = self.watcher()
        properties = {"payload_format_indicator": 1, "content_type": "t", "response_topic": "r",
                      "correlation_data": b"\x00", "user_property": [("b", "1"), ("a", "2"),
                                                                     ("b", "3")]}
        self.mortal(properties=properties, delay=0).close()
        self.assertEqual(self.expect_will(watch).properties, properties)

    def test_expiry(self):
        """[MQTT-3.3.2-6] its expiry interval counts from its publication"""
        watch = self.watcher()
        self.mortal(properties={"message_expiry_interval": 100}).close()
        packet = self.expect_will(watch)
        self.assertIn(packet.properties["message_expiry_interval"], (99, 100))

    def test_goes_to_its_own_session(self):
        """[MQTT-4.5.0-1] the client's own kept session receives its will, too"""
        mortal = self.mortal(4, expiry=1, qos=1)  # 3.1.1: clean session 0
        mortal.subscribe(self.topic("will"), qos=1)
        watch = self.watcher()
        mortal.close()
        self.expect_will(watch)
        self.expect_will(self.durable("mortal", 4))


class Delay(WillStory):
    @matrix
    def test_delay(self):
        """[MQTT-3.1.2-8] a will delayed by a second comes, and not before"""
        watch = self.watcher()
        mortal = self.mortal(delay=1, expiry=600)
        before = time.monotonic()
        mortal.close()
        self.expect_will(watch)
        self.assertGreater(time.monotonic() - before, 0.95)

    @matrix
    def test_cancelled_by_return(self):
        """[MQTT-3.1.3-9] a connection within the delay: no will"""
        watch = self.watcher()
        self.mortal(delay=1, expiry=600).close()
        again = self.client("mortal", clean=False)
        self.assertTrue(again.connack.session_present)
        self.let_time_pass(1.6)
        self.expect_none(watch)

    def test_take_over_with_delay(self):
        """[MQTT-3.1.3-9] taken over by the same session: the delayed will is not published"""
        watch = self.watcher()
        older = self.mortal(delay=1, expiry=600)
        self.client("mortal", clean=False, properties={"session_expiry_interval": 600})
        older.expect_ended(0x8E)
        self.let_time_pass(1.6)
        self.expect_none(watch)

    @mosquitto_deviates("publishes none")
    def test_clean_start_ends_the_session(self):
        """[MQTT-3.1.2-8] a clean start ends the old session: its delayed will is published now"""
        watch = self.watcher()
        self.mortal(delay=600, expiry=600).close()
        self.client("mortal", clean=True)
        self.expect_will(watch)

    @matrix
    def test_session_ends_first(self):
        """[MQTT-3.1.2-8] the session ends before the delay has passed: published then"""
        watch = self.watcher()
        self.mortal(delay=600, expiry=1).close()
        self.expect_will(watch)

    @mosquitto_deviates("waits for the delay")
    def test_no_session_no_delay(self):
        """[MQTT-3.1.2-8] without a session there is nothing to wait for"""
        watch = self.watcher()
        self.mortal(delay=600).close()
        self.expect_will(watch)

    def test_new_will_of_the_next_connection(self):
        """[MQTT-3.1.2-7] the next connection brings a will of its own"""
        watch = self.watcher()
        self.mortal(delay=600, expiry=600).close()
        will = Will(self.topic("will"), b"second")
        self.client("mortal", clean=False, will=will).close()
        self.expect_will(watch, b"second")

    @mosquitto_deviates("waits for the delay")
    def test_disconnect_expiry_0_with_will(self):
        """[MQTT-3.1.2-8] DISCONNECT 0x04 with expiry 0 ends the session: published at once"""
        watch = self.watcher()
        self.mortal(delay=600, expiry=600).disconnect(4, {"session_expiry_interval": 0})
        self.expect_will(watch)


if __name__ == "__main__":
    main()
