"""Bad bytes, one by one: cut, overlong, out of place. The connection ends, nobody else notices."""

from mqtt import *
from noise import Noise
from story import Story, main, matrix, mosquitto_deviates, versions


class Malformed(Story):
    def bystand(self, v=5):
        """A pair of links that goes on talking."""
        self.bystander = self.client("by", v)
        self.bystander.subscribe(self.topic("by"), qos=1)
        self.told = 0

    def all_is_well(self):
        self.told += 1
        payload = b"%d" % self.told
        self.bystander.publish(self.topic("by"), payload, 1)
        self.bystander.expect_message(self.topic("by"), payload)

    def good_packets(self, v):
        """One of each packet a client may send."""
        five = v == 5
        topic = self.topic("t")
        properties = {"user_property": [("a", "b")], "content_type": "t", "topic_alias": 3}
        return [
            publish(topic, b"payload", v=v),
            publish(topic, b"payload", 1, 10, v=v, properties=properties if five else None),
            publish(topic, b"payload", 2, 11, v=v),
            puback(1) if not five else puback(1, 0x10, {"reason_string": "so"}),
            pubrec(1) if not five else pubrec(1, 0x80, {"reason_string": "so"}),
            pubrel(1) if not five else pubrel(1, 0x92, {"reason_string": "so"}),
            pubcomp(1) if not five else pubcomp(1, 0x92, {"reason_string": "so"}),
            subscribe(3, [(topic, 1), (topic + "/+", 2)], v=v,
                      properties={"subscription_identifier": 1234} if five else None),
            unsubscribe(4, [topic, topic + "/+"], v=v,
                        properties={"user_property": [("a", "b")]} if five else None),
            pingreq(), disconnect(v=v) if not five else disconnect(4, {"reason_string": "so"}),
        ]

    @matrix
    @versions(4, 5)
    def test_cut_connect(self, v):
        """[MQTT-4.13.1-1][MQTT-3.1.4-1][v3 MQTT-3.1.4-1] CONNECT cut at each byte, then closed"""
        self.bystand(v)
        will = Will(self.topic("w"), b"will", 1, properties={"will_delay_interval": 1})
        whole = connect(self.name("c"), v=v, will=will, user_name="u", password=b"p",
                        properties={"session_expiry_interval": 1} if v == 5 else None)
        for size in range(len(whole)):
            link = self.link(v)
            link.send(whole[:size])
            link.shut()
            link.expect_gone()
        self.all_is_well()

    @matrix
    @versions(4, 5)
    def test_cut_packets(self, v):
        """[MQTT-4.13.1-1][v3 MQTT-4.8.0-1] every packet cut at each byte, then closed"""
        self.bystand(v)
        for packet in self.good_packets(v):
            for size in range(1, len(packet)):
                client = self.client("cut", v)
                client.send(packet[:size])
                client.shut()
                client.expect_gone()
        self.all_is_well()

    @versions(4, 5)
    @mosquitto_deviates("accepts some of them")
    def test_body_too_short(self, v):
        """[MQTT-4.13.1-1][v3 MQTT-4.8.0-1] every packet whose length ends it too early"""
        self.bystand(v)
        for packet in self.good_packets(v):
            kind, flags, body = packet[0] >> 4, packet[0] & 15, packet[2:]
            if kind == PUBLISH:
                body = body[:-len(b"payload")]
            for size in range(len(body)):
                short = frame(kind, body[:size], flags)
                if self.is_whole(kind, body[:size], v):
                    continue
                client = self.client("short", v)
                client.name = repr(short)
                client.send(short)
                client.expect_ended(0x81, 0x82)
        self.all_is_well()

    def is_whole(self, kind, body, v):
        """Whether a shorter form of the packet is allowed, or cannot be told from a good one."""
        if kind in (PUBACK, PUBREC, PUBREL, PUBCOMP):
            return len(body) == 2 or v == 5 and len(body) == 3
        if kind == DISCONNECT:
            return len(body) == 0 or v == 5 and len(body) == 1
        if kind in (SUBSCRIBE, UNSUBSCRIBE):
            first = len(self.topic("t"))
            head = 2 + (0 if v == 4 else 1 + (3 if kind == SUBSCRIBE else 7))
            return len(body) == head + 2 + first + (1 if kind == SUBSCRIBE else 0)
        return False

    @versions(4, 5)
    @mosquitto_deviates("accepts some of them")
    def test_body_too_long(self, v):
        """[MQTT-4.13.1-1][v3 MQTT-4.8.0-1] bytes behind the end of every packet that has one"""
        self.bystand(v)
        for packet in self.good_packets(v):
            kind, flags = packet[0] >> 4, packet[0] & 15
            if kind == PUBLISH:
                continue
            client = self.client("long", v)
            client.send(frame(kind, packet[2:] + b"\x00", flags))
            client.name = repr(packet)
            client.expect_ended(0x81, 0x82)
        self.all_is_well()

    @versions(4, 5)
    @mosquitto_deviates("accepts some of them")
    def test_flags(self, v):
        """[MQTT-2.1.3-1][MQTT-3.6.1-1][v3 MQTT-2.2.2-1][v3 MQTT-2.2.2-2][v3 MQTT-3.6.1-1] flags"""
        self.bystand(v)
        for packet in self.good_packets(v):
            kind, good = packet[0] >> 4, packet[0] & 15
            for flags in range(16) if kind != PUBLISH else ():
                if flags != good:
                    client = self.client("flags", v)
                    client.name = repr((kind, flags))
                    client.send(frame(kind, packet[2:], flags))
                    client.expect_ended(0x81, 0x82)
        self.all_is_well()

    @versions(4, 5)
    @mosquitto_deviates("waits for the fifth byte")
    def test_lengths(self, v):
        """[MQTT-1.5.5-1][v3 MQTT-4.8.0-1] a length of five bytes is malformed"""
        self.bystand(v)
        for packet in (b"\xc0\xff\xff\xff\xff\x7f", b"\x30\x80\x80\x80\x80\x01",
                       b"\x30\xff\xff\xff\xff"):
            client = self.client("length", v)
            client.send(packet)
            client.expect_ended(0x81)
            link = self.link(v)
            link.send(b"\x10" + packet[1:])
            link.expect_gone()
        self.all_is_well()

    @mosquitto_deviates("accepts them")
    def test_overlong_lengths(self):
        """[MQTT-1.5.5-1] a length in more bytes than it needs is malformed"""
        self.bystand()
        topic = self.topic("t")
        for packet in (b"\xc0\x80\x00", b"\xc0\x80\x80\x80\x00",
                       frame(PUBLISH, text(topic) + b"\x80\x00x"),
                       frame(SUBSCRIBE, b"\x00\x01" + b"\x02\x0b\x81\x00" + text(topic) + b"\x00"),
                       frame(SUBSCRIBE, b"\x00\x01" + b"\x03\x0b\x81\x00" + text(topic) + b"\x00")):
            client = self.client("overlong")
            client.name = repr(packet)
            client.send(packet)
            client.expect_ended(0x81)
        self.all_is_well()

    @mosquitto_deviates("accepts some of them")
    def test_property_lengths(self):
        """[MQTT-2.2.2-1][MQTT-4.13.1-1] property lengths beyond the packet, or missing"""
        self.bystand()
        topic = text(self.topic("t"))
        for properties in (b"\x7f", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\x7f", b"\x80",
                           b"\x05\x26", b"\x02\x26\x00", b"\x01\x01", b"\x03\x03\xff\xff", b""):
            for packet in (frame(PUBLISH, topic + properties),
                           frame(SUBSCRIBE, b"\x00\x01" + properties),
                           frame(UNSUBSCRIBE, b"\x00\x01" + properties),
                           frame(PUBACK, b"\x00\x01\x00" + properties),
                           frame(PUBREL, b"\x00\x01\x00" + properties),
                           frame(DISCONNECT, b"\x04" + properties),
                           frame(AUTH, b"\x18" + properties)):
                if properties == b"" and packet[0] >> 4 in (PUBACK, PUBREL, DISCONNECT):
                    continue  # may be left out there
                client = self.client("property")
                client.name = repr(packet)
                client.send(packet)
                client.expect_ended(0x81, 0x82, 0x8C)
        self.all_is_well()

    @mosquitto_deviates("accepts some of them")
    def test_every_property_everywhere(self):
        """[MQTT-4.13.1-1] each property in each packet that may not carry it"""
        self.bystand()
        allowed = {
            "ack": {"reason_string", "user_property"},
            SUBSCRIBE: {"subscription_identifier", "user_property"},
            UNSUBSCRIBE: {"user_property"},
            DISCONNECT: {"session_expiry_interval", "reason_string", "user_property",
                         "server_reference"},
        }
        values = {"byte": 1, "two": 1, "four": 1, "variable": 1, "text": "t", "binary": b"b",
                  "pair": ("k", "v")}
        for name, (_, kind) in PROPERTIES.items():
            one = {name: values[kind]}
            for packet in (puback(1, 0, one), pubrec(1, 0, one), pubrel(1, 0, one),
                           pubcomp(1, 0, one), subscribe(1, [(self.topic("t"), 0)], one),
                           unsubscribe(1, [self.topic("t")], one), disconnect(0, one)):
                packet_kind = packet[0] >> 4
                if name in allowed.get(packet_kind, allowed["ack"]):
                    continue
                client = self.client("property")
                client.name = repr((name, packet))
                client.send(packet)
                client.expect_ended(0x81, 0x82)
        self.all_is_well()

    @mosquitto_deviates("accepts some of them")
    def test_reason_codes(self):
        """[MQTT-3.4.2-1][MQTT-3.5.2-1][MQTT-3.6.2-1][MQTT-3.7.2-1] codes of other packets"""
        self.bystand()
        for packet in (puback(1, 1), puback(1, 0x92), pubrec(1, 0x18), pubrec(1, 0x92),
                       pubrel(1, 0x80), pubrel(1, 0x10), pubcomp(1, 0x10), pubcomp(1, 0xFF)):
            client = self.client("reason")
            client.name = repr(packet)
            client.send(packet)
            client.expect_ended(0x81, 0x82)
        self.all_is_well()

    @matrix
    @versions(3, 4, 5)
    def test_garbage(self, v):
        """[MQTT-4.13.1-1][v3 MQTT-4.8.0-1] the same noise from a seed, before and after CONNECT"""
        self.bystand(v)
        noise = Noise(20260 + v)
        for number in range(150):
            link = self.link(v) if number % 2 else self.client("noise", v)
            link.send(noise.bytes(1 + noise.below(400)))
            link.shut()
            link.expect_end_of_bytes()
            link.close()
        self.all_is_well()

    @matrix
    @versions(3, 4, 5)
    def test_one_byte_changed(self, v):
        """[MQTT-4.13.1-1][v3 MQTT-4.8.0-1] good packets with one byte changed, from a seed"""
        self.bystand(v)
        noise = Noise(77 + v)
        packets = self.good_packets(v) + [connect(self.name("x"), v=v, will=Will("w", b"x", 1))]
        for packet in packets:
            for _ in range(25):
                changed = bytearray(packet)
                changed[noise.below(len(packet))] = noise.below(256)
                connects = packet[0] >> 4 == CONNECT
                link = self.link(v) if connects else self.client("noise", v)
                link.send(bytes(changed), pingreq())
                link.shut()
                link.expect_end_of_bytes()
                link.close()
        self.all_is_well()


if __name__ == "__main__":
    main()
