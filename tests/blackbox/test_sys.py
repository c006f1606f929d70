"""$SYS: the broker's figures, under the names people have come to know."""

from mqtt import *
from story import Story, main, matrix, mosquitto_deviates, versions

NUMBERS = (
    "clients/connected", "clients/disconnected", "clients/total", "clients/maximum",
    "messages/received", "messages/sent", "bytes/received", "bytes/sent",
    "publish/messages/received", "publish/messages/sent", "publish/messages/dropped",
    "publish/bytes/received", "publish/bytes/sent", "retained messages/count",
    "store/messages/count", "store/messages/bytes", "subscriptions/count",
    "shared_subscriptions/count", "clients/active", "clients/inactive", "clients/expired",
    "messages/stored",
)
LOADS = (
    "messages/received", "messages/sent", "bytes/received", "bytes/sent", "publish/received",
    "publish/sent", "publish/dropped", "connections", "sockets",
)


class Sys(Story):
    directives = ("sys_interval 1",)

    def wait_for(self, link, wanted, good):
        """Reads $SYS until this topic says what is wanted."""
        for _ in range(2000):
            packet = link.expect(PUBLISH)
            if packet.topic == "$SYS/broker/" + wanted and good(packet):
                return packet
        self.fail(wanted)

    @matrix
    @mosquitto_deviates("counts below zero for a moment")
    def test_all_there(self):
        """[MQTT-4.7.2-1] a late subscriber finds every figure, retained"""
        self.client("other")
        green = self.client("green")
        green.publish(self.topic("t"), b"x", 1)
        wanted = {"$SYS/broker/" + name for name in NUMBERS + ("version", "uptime")}
        wanted |= {f"$SYS/broker/load/{name}/{minutes}min"
                   for name in LOADS for minutes in (1, 5, 15)}

        watch = self.client("watch")
        watch.subscribe("$SYS/#")
        found, kept = {}, set()
        try:
            while wanted - set(found):
                packet = watch.receive()
                found[packet.topic] = packet.payload
                if packet.retain:
                    kept.add(packet.topic)
        except Late:
            if Link.reasons_are_optional:
                return  # mosquitto publishes some figures only once they have changed
            raise AssertionError(f"missing: {sorted(wanted - set(found))}") from None
        self.assertIn("$SYS/broker/version", kept)
        for name in NUMBERS:
            self.assertGreaterEqual(int(found["$SYS/broker/" + name]), 0)
        for name in LOADS:
            self.assertGreaterEqual(float(found[f"$SYS/broker/load/{name}/1min"]), 0)
        self.assertRegex(found["$SYS/broker/uptime"], rb"^\d+ seconds$")
        self.assertTrue(found["$SYS/broker/version"])

    @matrix
    def test_clients_are_counted(self):
        """[MQTT-3.3.1-5] clients/connected follows those who come and go"""
        broker = self.own_broker(*self.directives)
        watch = self.client("watch", broker=broker)
        watch.subscribe("$SYS/broker/clients/connected")
        self.wait_for(watch, "clients/connected", lambda p: int(p.payload) == 1)
        others = [self.client(f"n{number}", broker=broker) for number in range(7)]
        self.wait_for(watch, "clients/connected", lambda p: int(p.payload) == 8)
        for other in others:
            other.disconnect()
        self.wait_for(watch, "clients/connected", lambda p: int(p.payload) == 1)
        broker.stop()

    @matrix
    def test_messages_are_counted(self):
        """[MQTT-3.3.1-5] publish/messages/received grows by what is published"""
        watch = self.client("watch")
        watch.subscribe("$SYS/broker/publish/messages/received")
        first = int(self.wait_for(watch, "publish/messages/received", lambda p: True).payload)
        green = self.client("green")
        green.send(*[publish(self.topic("t"), b"x") for _ in range(500)])
        self.wait_for(watch, "publish/messages/received", lambda p: int(p.payload) >= first + 500)

    def test_retained_and_subscriptions_are_counted(self):
        """[MQTT-3.3.1-5] subscriptions/count and retained messages/count follow"""
        watch = self.client("watch")
        watch.subscribe("$SYS/broker/subscriptions/count", "$SYS/broker/retained messages/count")
        blue = self.client("blue")
        blue.subscribe(*[self.topic(f"n{number}") for number in range(40)])
        for number in range(30):
            blue.publish(self.topic(f"n{number}"), b"x", 1, retain=True)
        self.wait_for(watch, "retained messages/count", lambda p: int(p.payload) >= 30)
        watch.unsubscribe("$SYS/broker/subscriptions/count")
        watch.subscribe("$SYS/broker/subscriptions/count")
        self.wait_for(watch, "subscriptions/count", lambda p: int(p.payload) >= 40)

    @versions(4, 5)
    def test_clients_cannot_write_there(self, v):
        """[MQTT-4.7.2-1] what a client publishes to $SYS changes no figure"""
        green = self.client("green", v)
        green.publish("$SYS/broker/version", b"mine", 1, retain=True)
        watch = self.client("watch", v)
        watch.subscribe("$SYS/broker/version")
        packet = self.wait_for(watch, "version", lambda p: True)
        if not Link.reasons_are_optional:  # in mosquitto ACLs are there for this
            self.assertNotEqual(packet.payload, b"mine")


if __name__ == "__main__":
    main()
