#!/usr/bin/python3
"""midged and paho-mqtt, the Python client of most scripts and of many devices."""

import queue

from clients import Story, large_payload, main, skip

try:
    import paho.mqtt.client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
    from paho.mqtt.subscribeoptions import SubscribeOptions
except ImportError:
    skip("paho-mqtt is not installed (Debian: python3-paho-mqtt).")

from mqtt import DEADLINE_S

VERSIONS = {4: paho.MQTTv311, 5: paho.MQTTv5}


def properties_for(packet, **values):
    out = Properties(packet)
    for name, value in values.items():
        setattr(out, name, value)
    return out


class Client:
    """A paho client with its loop in a thread; what happens arrives in queues."""

    def __init__(self, story, short, v=4, clean=True, expiry=None, will=None, will_properties=None):
        self.v, self.happened = v, queue.Queue()
        self.connects, self.messages = queue.Queue(), queue.Queue()
        how = {} if v == 5 else {"clean_session": clean}
        self.paho = paho.Client(story.name(short), protocol=VERSIONS[v], **how)
        self.paho.max_inflight_messages_set(100)
        if v == 5:
            self.paho.on_connect = lambda c, u, flags, rc, p: self.connects.put(
                (flags, rc.value))
            self.paho.on_subscribe = lambda c, u, mid, codes, p: self.happened.put(
                ("suback", mid, [code.value for code in codes]))
            self.paho.on_unsubscribe = lambda c, u, mid, p, codes: self.happened.put(
                ("unsuback", mid, None))
        else:
            self.paho.on_connect = lambda c, u, flags, rc: self.connects.put((flags, rc))
            self.paho.on_subscribe = lambda c, u, mid, codes: self.happened.put(
                ("suback", mid, list(codes)))
            self.paho.on_unsubscribe = lambda c, u, mid: self.happened.put(("unsuback", mid, None))
        self.paho.on_publish = lambda c, u, mid: self.happened.put(("published", mid, None))
        self.paho.on_message = lambda c, u, message: self.messages.put(message)
        if will:
            self.paho.will_set(*will, **({"properties": will_properties} if v == 5 else {}))
        more = {}
        if v == 5:
            more["clean_start"] = clean
            if expiry is not None:
                more["properties"] = properties_for(PacketTypes.CONNECT,
                                                    SessionExpiryInterval=expiry)
        self.paho.connect("127.0.0.1", story.broker.port, 60, **more)
        self.paho.loop_start()
        self.flags, self.code = self.connects.get(timeout=DEADLINE_S)
        assert self.code == 0, self.code
        story.addCleanup(self.stop)

    def stop(self):
        self.paho.disconnect()
        self.paho.loop_stop()

    def vanish(self):
        """The connection is lost; nothing reconnects."""
        self.paho.loop_stop()
        self.paho._sock_close()

    def await_event(self, kind, mid):
        while True:
            what, which, detail = self.happened.get(timeout=DEADLINE_S)
            if (what, which) == (kind, mid):
                return detail

    def subscribe(self, topic, qos=0, **how):
        return self.await_event("suback", self.paho.subscribe(topic, qos, **how)[1])

    def publish(self, *arguments, **how):
        self.paho.publish(*arguments, **how).wait_for_publish(DEADLINE_S)

    def message(self):
        return self.messages.get(timeout=DEADLINE_S)


class Paho(Story):
    def each_version(self):
        for v in (4, 5):
            with self.subTest(v=v):
                self.begin_telling()
                yield v

    def test_each_qos(self):
        """paho: QoS 0, 1 and 2, in order"""
        for v in self.each_version():
            blue, green = Client(self, "blue", v), Client(self, "green", v)
            for qos in (0, 1, 2):
                topic = self.topic(qos)
                self.assertEqual(blue.subscribe(topic, qos), [qos])
                sent = [green.paho.publish(topic, f"{number}", qos) for number in range(300)]
                for number in range(300):
                    message = blue.message()
                    self.assertEqual((message.topic, message.payload, message.qos),
                                     (topic, b"%d" % number, qos))
                sent[-1].wait_for_publish(DEADLINE_S)

    def test_retained(self):
        """paho: retained messages come to a late subscriber, and can be cleared"""
        for v in self.each_version():
            green = Client(self, "green", v)
            for name in "abc":
                green.publish(self.topic(name), name, 1, True)
            green.publish(self.topic("b"), b"", 1, True)
            blue = Client(self, "blue", v)
            blue.subscribe(self.topic("+"), 1)
            got = [blue.message(), blue.message()]
            self.assertEqual(sorted(message.payload for message in got), [b"a", b"c"])
            self.assertTrue(all(message.retain for message in got))

    def test_will(self):
        """paho: the will of a client that vanishes, none of one that says goodbye"""
        for v in self.each_version():
            blue = Client(self, "blue", v)
            blue.subscribe(self.topic("will/#"), 2)
            polite = Client(self, "polite", v, will=(self.topic("will/no"), b"no", 1))
            polite.stop()
            lost = Client(self, "lost", v, will=(self.topic("will/yes"), b"gone", 1))
            lost.vanish()
            message = blue.message()
            self.assertEqual((message.topic, message.payload), (self.topic("will/yes"), b"gone"))

    def test_resumed(self):
        """paho: a kept session gets what came while it was away"""
        for v in self.each_version():
            blue = Client(self, "blue", v, clean=False, expiry=600)
            blue.subscribe(self.topic("t"), 1)
            blue.stop()
            green = Client(self, "green", v)
            for number in range(50):
                green.publish(self.topic("t"), f"{number}", 1 + number % 2)
            again = Client(self, "blue", v, clean=False, expiry=600)
            self.assertEqual(again.flags["session present"], 1)
            for number in range(50):
                self.assertEqual(again.message().payload, b"%d" % number)

    def test_large(self):
        """paho: 5 MB, whole, at each QoS"""
        payload = large_payload()
        for v in self.each_version():
            blue, green = Client(self, "blue", v), Client(self, "green", v)
            blue.subscribe(self.topic("t"), 2)
            for qos in (0, 1, 2):
                green.publish(self.topic("t"), payload, qos)
                self.assertTrue(blue.message().payload == payload)

    def test_shared(self):
        """paho: a shared subscription brings each message to one of two"""
        for v in self.each_version():
            members = [Client(self, f"m{number}", v) for number in range(2)]
            for member in members:
                member.subscribe(f"$share/group/{self.topic('t')}", 1)
            everything = queue.Queue()
            for member in members:
                member.paho.on_message = lambda c, u, message: everything.put(
                    (c._client_id, int(message.payload)))
            green = Client(self, "green", v)
            for number in range(100):
                green.publish(self.topic("t"), f"{number}", 1)
            got = [everything.get(timeout=DEADLINE_S) for _ in range(100)]
            self.assertEqual(sorted(number for _, number in got), list(range(100)))
            self.assertEqual(len({client for client, _ in got}), 2)

    def test_properties(self):
        """paho: the properties of 5.0 arrive as they were sent"""
        blue, green = Client(self, "blue", 5), Client(self, "green", 5)
        identifier = properties_for(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=77)
        blue.subscribe(self.topic("t"), options=SubscribeOptions(qos=1), properties=identifier)
        sent = properties_for(PacketTypes.PUBLISH, PayloadFormatIndicator=1, ContentType="text",
                              ResponseTopic="answer", CorrelationData=b"\x00\x01",
                              MessageExpiryInterval=1000)
        sent.UserProperty = [("b", "1"), ("a", "2"), ("b", "3")]
        green.publish(self.topic("t"), b"x", 1, properties=sent)
        got = blue.message().properties
        self.assertEqual(got.UserProperty, [("b", "1"), ("a", "2"), ("b", "3")])
        self.assertEqual((got.ContentType, got.ResponseTopic, got.CorrelationData),
                         ("text", "answer", b"\x00\x01"))
        self.assertEqual(list(got.SubscriptionIdentifier), [77])
        self.assertIn(got.MessageExpiryInterval, (999, 1000))

    def test_request_and_response(self):
        """paho: a request finds its answer by response topic and correlation data"""
        server, asker = Client(self, "server", 5), Client(self, "asker", 5)
        server.subscribe(self.topic("ask"), 1)
        asker.subscribe(self.topic("answer"), 1)
        for number in range(10):
            asker.publish(self.topic("ask"), f"{number}", 1, properties=properties_for(
                PacketTypes.PUBLISH, ResponseTopic=self.topic("answer"),
                CorrelationData=b"%d" % number))
            request = server.message()
            server.publish(request.properties.ResponseTopic, int(request.payload) ** 2, 1,
                           properties=properties_for(
                               PacketTypes.PUBLISH,
                               CorrelationData=request.properties.CorrelationData))
            answer = asker.message()
            self.assertEqual((answer.properties.CorrelationData, int(answer.payload)),
                             (b"%d" % number, number * number))

    def test_options(self):
        """paho: no local, retain as published, retain handling"""
        blue = Client(self, "blue", 5)
        blue.publish(self.topic("t"), b"kept", 1, True)
        blue.subscribe(self.topic("t"), options=SubscribeOptions(
            qos=1, noLocal=True, retainAsPublished=True, retainHandling=2))
        blue.publish(self.topic("t"), b"mine", 1)
        Client(self, "green", 5).publish(self.topic("t"), b"yours", 1, True)
        message = blue.message()
        self.assertEqual((message.payload, message.retain), (b"yours", True))

    def test_unsubscribe(self):
        """paho: after unsubscribe nothing more"""
        for v in self.each_version():
            blue, green = Client(self, "blue", v), Client(self, "green", v)
            blue.subscribe(self.topic("a"), 1)
            blue.subscribe(self.topic("b"), 1)
            blue.await_event("unsuback", blue.paho.unsubscribe(self.topic("a"))[1])
            green.publish(self.topic("a"), b"no", 1)
            green.publish(self.topic("b"), b"yes", 1)
            self.assertEqual(blue.message().payload, b"yes")


if __name__ == "__main__":
    main()
