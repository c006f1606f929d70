"""What outlives a connection, for how long, and who takes it over."""

from broker import Broker
from mqtt import *
from story import Story, main, matrix, mosquitto_deviates, versions


class Clean(Story):
    @matrix
    @versions(4, 5)
    def test_resumed(self, v):
        """[MQTT-3.1.2-5][MQTT-3.2.2-3][v3 MQTT-3.1.2-4][v3 MQTT-3.2.2-2] a kept one returns"""
        first = self.durable("blue", v)
        self.assertFalse(first.connack.session_present)
        first.subscribe(self.topic("lamp"), qos=1)
        first.disconnect()
        self.client("green", v).publish(self.topic("lamp"), b"on", 1)
        again = self.durable("blue", v)
        self.assertTrue(again.connack.session_present)
        again.expect_message(self.topic("lamp"), b"on", qos=1, dup=False)
        self.client("green", v).publish(self.topic("lamp"), b"off", 1)
        again.expect_message(self.topic("lamp"), b"off")

    @matrix
    @versions(4, 5)
    def test_thrown_away(self, v):
        """[MQTT-3.1.2-4][MQTT-3.2.2-2][v3 MQTT-3.1.2-6][v3 MQTT-3.2.2-1] a clean one starts anew"""
        first = self.durable("blue", v)
        first.subscribe(self.topic("lamp"), qos=1)
        first.disconnect()
        green = self.client("green", v)
        green.publish(self.topic("lamp"), b"on", 1)
        again = self.client("blue", v)
        self.assertFalse(again.connack.session_present)
        green.publish(self.topic("lamp"), b"off", 1)
        again.expect_silence()
        again.disconnect()
        self.assertFalse(self.durable("blue", v).connack.session_present)

    @versions(3, 4, 5)
    def test_clean_leaves_nothing(self, v):
        """[MQTT-4.1.0-2][v3 MQTT-3.1.2-6] a session without expiry ends with its connection"""
        first = self.client("blue", v)
        first.subscribe(self.topic("lamp"), qos=1)
        first.disconnect()
        again = self.durable("blue", v)
        self.assertFalse(again.connack.session_present)
        self.client("green", v).publish(self.topic("lamp"), b"on", 1)
        again.expect_silence()

    @versions(5)
    def test_none_to_resume(self, v):
        """[MQTT-3.1.2-6] clean start 0 without a session makes one"""
        fresh = self.client("new", v, clean=False)
        self.assertFalse(fresh.connack.session_present)
        fresh.disconnect()
        self.assertFalse(self.client("new", v, clean=False).connack.session_present)

    def test_kept_for_31(self):
        """[MQTT-4.5.0-1][v3 MQTT-4.5.0-1] 3.1 has kept sessions as well"""
        first = self.durable("blue", 3)
        first.subscribe(self.topic("lamp"), qos=2)
        first.disconnect()
        self.client("green", 3).publish(self.topic("lamp"), b"on", 2)
        self.durable("blue", 3).expect_message(self.topic("lamp"), b"on", qos=2)

    @versions(4, 5)
    def test_lost_connection_keeps_session(self, v):
        """[MQTT-3.1.2-23][v3 MQTT-3.1.2-5] without DISCONNECT, too, messages are kept"""
        first = self.durable("blue", v)
        first.subscribe(self.topic("lamp/#"), qos=2)
        first.shut()
        first.expect_gone()
        green = self.client("green", v)
        for number in range(20):
            green.publish(self.topic("lamp/1"), b"%d" % number, 1 + number % 2)
        again = self.durable("blue", v)
        for number in range(20):
            again.expect_message(self.topic("lamp/1"), b"%d" % number, qos=1 + number % 2)

    @versions(4, 5)
    def test_qos_0_is_not_kept(self, v):
        """[v3 MQTT-3.1.2-5] QoS 0 messages are not queued for a client that is away, by default"""
        first = self.durable("blue", v)
        first.subscribe(self.topic("lamp"), qos=1)
        first.disconnect()
        green = self.client("green", v)
        green.publish(self.topic("lamp"), b"lost", 0)
        green.publish(self.topic("lamp"), b"kept", 1)
        self.durable("blue", v).expect_message(self.topic("lamp"), b"kept")

    @versions(4, 5)
    def test_qos_0_is_kept_on_demand(self, v):
        """[MQTT-4.5.0-1] queue_qos0_messages true keeps them as well, in order"""
        self.use("queue_qos0_messages true")
        first = self.durable("blue", v)
        first.subscribe(self.topic("lamp"), qos=1)
        first.disconnect()
        green = self.client("green", v)
        green.publish(self.topic("lamp"), b"zero", 0)
        green.publish(self.topic("lamp"), b"one", 1)
        again = self.durable("blue", v)
        again.expect_message(self.topic("lamp"), b"zero", qos=0)
        again.expect_message(self.topic("lamp"), b"one", qos=1)

    @versions(4, 5)
    def test_retained_outlive_sessions(self, v):
        """[v3 MQTT-3.1.2-7] retained messages are no part of a session"""
        self.client("blue", v).publish(self.topic("r"), b"still", 1, retain=True)
        self.client("blue", v).disconnect()
        green = self.client("green", v)
        green.subscribe(self.topic("r"))
        green.expect_message(self.topic("r"), b"still", retain=True)

    def test_versions_share_sessions(self):
        """[MQTT-3.1.3-2] one identifier is one session, whatever the version of its connection"""
        self.durable("blue", 5).subscribe(self.topic("lamp"), qos=1)
        again = self.durable("blue", 4)
        self.assertTrue(again.connack.session_present)
        again.disconnect()
        self.client("green").publish(self.topic("lamp"), b"on", 1,
                                     properties={"user_property": [("a", "b")]})
        self.durable("blue", 4).expect_message(self.topic("lamp"), b"on")

    def test_queue_across_versions(self):
        """[MQTT-4.5.0-1] what was queued for a 3.1.1 session is sent with properties to 5.0"""
        first = self.durable("blue", 4)
        first.subscribe(self.topic("lamp"), qos=1)
        first.disconnect()
        self.client("green").publish(self.topic("lamp"), b"on", 1,
                                     properties={"user_property": [("a", "b")]})
        message = self.durable("blue", 5).expect_message(self.topic("lamp"), b"on")
        self.assertEqual(message.properties, {"user_property": [("a", "b")]})


class Expiry(Story):
    """A will delayed by ten minutes is published when its session ends: that is how it shows."""

    def with_tell_tale(self, expiry, v=5, short="blue"):
        return self.client(short, properties={"session_expiry_interval": expiry}, will=Will(
            self.topic("over"), b"over", properties={"will_delay_interval": 600}))

    def test_expires(self):
        """[MQTT-4.1.0-2][MQTT-3.1.2-8] a session ends when its expiry interval has passed"""
        watch = self.client("watch")
        watch.subscribe(self.topic("over"))
        first = self.with_tell_tale(1)
        first.subscribe(self.topic("lamp"), qos=1)
        first.close()
        watch.expect_message(self.topic("over"), b"over")
        again = self.client("blue", clean=False)
        self.assertFalse(again.connack.session_present)
        self.client("green").publish(self.topic("lamp"), b"on", 1)
        again.expect_silence()

    def test_counts_from_the_close(self):
        """[MQTT-4.1.0-1] no session ends while its connection is open, whatever its interval"""
        first = self.durable("blue", expiry=1)
        self.let_time_pass(1.6)
        first.ping()
        first.close()
        self.assertTrue(self.durable("blue").connack.session_present)

    def test_never_expires(self):
        """[MQTT-3.1.2-23] 0xFFFFFFFF means for ever"""
        first = self.client("blue", properties={"session_expiry_interval": 0xFFFFFFFF})
        first.disconnect()
        again = self.client("blue", clean=False)
        self.assertTrue(again.connack.session_present)

    def test_set_by_disconnect(self):
        """[MQTT-3.1.2-23] DISCONNECT may lengthen the interval, or end the session at once"""
        first = self.durable("blue", expiry=1)
        first.disconnect(0, {"session_expiry_interval": 600})
        again = self.durable("blue", expiry=600)
        self.assertTrue(again.connack.session_present)
        again.disconnect(0, {"session_expiry_interval": 0})
        self.assertFalse(self.durable("blue").connack.session_present)

    @mosquitto_deviates("accepts it")
    def test_no_expiry_cannot_be_given_later(self):
        """[MQTT-4.13.1-1] from 0 to something at DISCONNECT is a protocol error"""
        first = self.client("blue")
        first.send(disconnect(0, {"session_expiry_interval": 60}))
        first.expect_ended(0x82)
        self.assertFalse(self.client("blue", clean=False).connack.session_present)

    def test_new_interval_at_reconnect(self):
        """[MQTT-3.1.2-23] each CONNECT sets the interval anew"""
        self.durable("blue", expiry=600).disconnect()
        again = self.client("blue", clean=False)
        self.assertTrue(again.connack.session_present)
        again.disconnect()
        self.assertFalse(self.client("blue", clean=False).connack.session_present)

    def test_persistent_client_expiration(self):
        """[v3 MQTT-3.1.2-4] persistent_client_expiration is not undercut"""
        self.use("persistent_client_expiration 1h")
        self.durable("blue", 4).disconnect()
        self.assertTrue(self.durable("blue", 4).connack.session_present)


class TakeOver(Story):
    @matrix
    @versions(3, 4, 5)
    def test_older_connection_goes(self, v):
        """[MQTT-3.1.4-3][v3 MQTT-3.1.4-2] the same identifier again: 0x8E to the older, closed"""
        older = self.client("blue", v)
        newer = self.client("blue", v)
        older.expect_ended(0x8E)
        newer.expect_silence()

    @matrix
    @versions(4, 5)
    def test_session_is_taken_over(self, v):
        """[MQTT-3.1.2-5][MQTT-4.4.0-1] with its subscriptions and what was not acknowledged"""
        older = self.durable("blue", v)
        older.subscribe(self.topic("lamp"), qos=1)
        green = self.client("green", v)
        green.publish(self.topic("lamp"), b"on", 1)
        first = older.expect_publish(self.topic("lamp"), b"on", dup=False)
        newer = self.durable("blue", v)
        older.expect_ended(0x8E)
        self.assertTrue(newer.connack.session_present)
        newer.expect_message(self.topic("lamp"), b"on", dup=True, packet_id=first.packet_id)
        green.publish(self.topic("lamp"), b"off", 1)
        newer.expect_message(self.topic("lamp"), b"off", dup=False)

    @matrix
    @versions(4, 5)
    def test_again_and_again(self, v):
        """[MQTT-3.1.4-3][v3 MQTT-3.1.4-2] fifty connections under one name: the last one stays"""
        links = [self.link(v, f"n{number}") for number in range(50)]
        for link in links:
            link.send(connect(self.name("blue"), v=v, clean=False,
                              properties={"session_expiry_interval": 9}))
        accepted, stayed = 0, []
        for link in list(links):
            try:
                packet = link.receive()
            except Closed:
                # With a store, the next one came before this one's session was on the disk.
                self.assertTrue(Broker.has_store)
                links.remove(link)
                continue
            self.assertEqual((packet.kind, packet.reason), (CONNACK, 0))
            accepted += 1
        for link in links:
            link.send(pingreq())
            try:
                packet = link.receive()
                if packet.kind == DISCONNECT:
                    self.assertEqual(packet.reason, 0x8E)
                    link.expect_closed()
                else:
                    stayed.append(link)
            except Closed:
                pass
        # Who comes last is the broker's choice: the links arrived at the same time.
        self.assertEqual((accepted, len(stayed)), (len(links), 1))

    def test_between_versions(self):
        """[MQTT-3.1.4-3][v3 MQTT-3.1.4-2] versions take over from one another"""
        older = self.client("blue", 5)
        newer = self.client("blue", 4)
        older.expect_ended(0x8E)
        newest = self.client("blue", 5)
        newer.expect_closed()
        newest.expect_silence()

    def test_rejected_connect_takes_nothing_over(self):
        """[MQTT-3.1.4-6] a CONNECT that is refused leaves the older connection alone"""
        older = self.client("blue")
        link = self.link(5)
        link.send(connect(self.name("blue"), properties={"authentication_method": "none such"}))
        link.expect(CONNACK, reason=(0x8C, 0x87))
        link.expect_closed()
        older.expect_silence()


if __name__ == "__main__":
    main()
