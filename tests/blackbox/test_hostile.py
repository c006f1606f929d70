"""Many bad clients at once, and what has brought other brokers down: all of it hurts only itself.

Each test keeps a well-behaved pair talking. The identifiers in the docstrings name what once went
wrong elsewhere.
"""

import errno
import os
import socket

from mqtt import *
from noise import Noise
from story import Story, main, matrix, midged_only, mosquitto_deviates, versions

MIB = 1 << 20


class Hostile(Story):
    def pair(self, v=5):
        self.blue, self.green = self.client("blue", v), self.client("green", v)
        self.blue.subscribe(self.topic("pair"), qos=1)
        self.told = 0

    def all_is_well(self, count=1):
        """The pair exchanges messages, none is lost, none late."""
        for _ in range(count):
            self.told += 1
            payload = b"%d" % self.told
            self.green.publish(self.topic("pair"), payload, 1)
            self.blue.expect_message(self.topic("pair"), payload)

    def assert_memory_grows_less_than(self, limit, what):
        """What `what` does is done once to warm up; a second time it may not cost much."""
        what()
        before = self.broker.memory_bytes()
        what()
        self.all_is_well()
        grown = self.broker.memory_bytes() - before
        self.assertLess(grown, limit, f"{grown} bytes more")


class ManyAtOnce(Hostile):
    @matrix
    def test_half_open(self):
        """[MQTT-4.13.1-1] a thousand connections that never finish CONNECT (CVE-2024-48077)"""
        self.pair()
        whole = connect("half", will=Will("w", b"x" * 50))
        halves = []
        for number in range(1000):
            link = self.link(5)
            link.send(whole[:number % len(whole)])
            halves.append(link)
            if number % 20 == 0:
                self.all_is_well()
        self.all_is_well(20)
        for number, link in enumerate(halves):
            if number % 3 == 0:
                link.close()
        self.all_is_well(20)

    @matrix
    def test_reset(self):
        """[MQTT-4.13.1-1] five hundred connections that are reset, in every state"""
        self.pair()
        for number in range(500):
            link = self.link(5)
            link.send(connect(self.name(f"r{number}"))[:number % 40])
            if number % 2:
                link.send(connect(self.name(f"r{number}")), subscribe(1, [("#", 2)]))
            link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            link.close()
        self.all_is_well(20)

    @matrix
    def test_slow_drip(self):
        """[MQTT-4.2-1] a hundred clients that send a byte at a time, side by side"""
        self.pair()
        links = [self.link(5, f"drip{number}") for number in range(100)]
        for at in range(60):
            for number, link in enumerate(links):
                link.send(self.stream(number)[at:at + 1])
            if at % 10 == 0:
                self.all_is_well()
        for number, link in enumerate(links):
            link.send(self.stream(number)[60:])
            link.expect(CONNACK, reason=0)
            link.expect(PUBACK, packet_id=1)
        self.all_is_well()

    def stream(self, number):
        return connect(self.name(f"drip{number}")) + publish(self.topic("d"), b"x" * 40, 1, 1)

    @matrix
    def test_garbage_flood(self):
        """[MQTT-4.13.1-1] garbage at full speed from fifty connections (NanoMQ 1165)"""
        self.pair()
        noise = Noise(4711)
        for _ in range(50):
            link = self.link(5)
            link.send(noise.bytes(2000) * 100)
            link.shut()
            link.expect_end_of_bytes()
        self.all_is_well(10)

    @matrix
    def test_connect_flood(self):
        """[MQTT-3.1.4-3] the same few identifiers, connecting over one another (CVE-2026-22040)"""
        self.pair()
        for number in range(300):
            link = self.link(5)
            link.send(connect(self.name(f"c{number % 3}"), clean=number % 2 == 0,
                              properties={"session_expiry_interval": number % 5},
                              will=Will(self.topic("w"), b"w", number % 3)),
                      subscribe(1, [(self.topic("w"), 2)]),
                      publish(self.topic("w"), b"x", 1, 1))
        self.all_is_well(20)

    @matrix
    def test_huge_lengths(self):
        """[MQTT-4.13.1-1] packets announced with 256 MiB and never sent (CVE-2017-7651)"""
        self.pair()

        def announce():
            links = []
            for number in range(200):
                link = self.link(5)
                if number % 2:
                    link.connect(self.name(f"h{number}"))
                link.send(b"\x32" if number % 2 else b"\x10", b"\xff\xff\xff\x7f\x00\x04MQTT")
                links.append(link)
            self.all_is_well()
            for link in links:
                link.close()

        self.assert_memory_grows_less_than(64 * MIB, announce)

    @midged_only("a directive of ours")
    def test_connect_timeout(self):
        """[MQTT-3.1.0-1] connect_timeout ends connections that never say CONNECT"""
        self.use("connect_timeout 1")
        self.pair()
        silent, half = self.link(5), self.link(5)
        half.send(connect("half")[:8])
        for link in (silent, half):
            link.expect_gone()
        self.all_is_well()

    @midged_only("refuses in its own way")
    def test_too_many_connections(self):
        """[MQTT-3.2.2-7][v3 MQTT-3.2.2-5] global_max_connections: refused politely, or closed"""
        self.use("global_max_connections 20")
        first = [self.client(f"n{number}") for number in range(10)]
        refused = 0
        for number in range(60):
            v = 4 + number % 2
            link = self.link(v)
            link.send(connect(self.name(f"m{number}"), v=v))
            packet = link.receive_or_none()
            if packet is None:
                refused += 1
            elif packet.reason:
                self.assertIn(packet.reason, (0x97, 0x89, 0x9F) if v == 5 else (3,))
                link.expect_closed()
                refused += 1
        self.assertGreaterEqual(refused, 40)
        for client in first:
            client.expect_silence()
            client.disconnect()
        self.client("later")


class Others(Hostile):
    """One test a story that is told of another broker."""

    @versions(4, 5)
    def test_dollar_publish(self, v):
        """[MQTT-4.7.2-1] PUBLISH below $ but not $SYS (CVE-2018-12543)"""
        self.pair(v)
        for topic in ("$", "$x", "$/", "$SYS", "$SYS/", "$share", "$share/a/b", "$CONTROL/x", "$$"):
            for retain in (False, True):
                self.client("d", v).publish(topic, b"x", 1, retain=retain)
                self.client("d", v).publish(topic, b"", 1, retain=retain)
        self.all_is_well()

    def test_will_after_session(self):
        """[MQTT-3.1.2-8] a will that would come after its session (CVE-2019-11778)"""
        self.pair()
        for delay, expiry in ((10, 1), (0xFFFFFFFF, 1), (1, 0), (0xFFFFFFFF, 0), (2, 1)):
            will = Will(self.topic("will"), b"w", 1, properties={"will_delay_interval": delay})
            self.client(f"m{delay}", will=will,
                        properties={"session_expiry_interval": expiry}).close()
        self.let_time_pass(1.5)
        self.all_is_well()

    @versions(4, 5)
    def test_slashes(self, v):
        """[MQTT-4.7.3-3] filters and names of 65 400 slashes (CVE-2019-11779)"""
        self.pair(v)
        for topic in ("/" * 65400, "/" * 65535, "+/" * 32767, "a/" * 32700):
            link = self.client("s", v)
            link.send(subscribe(1, [(topic, 1)], v=v), unsubscribe(2, [topic], v=v), pingreq())
            if "+" not in topic:
                link.send(publish(topic, b"x", 1, 3, v=v), publish(topic, b"x", 1, 4, True, v=v),
                          publish(topic, b"", 1, 5, True, v=v), pingreq())
            link.shut()
            link.expect_gone()
        self.all_is_well()

    def test_connack_from_a_client(self):
        """[MQTT-4.13.1-1] a client that sends CONNACK, with properties (CVE-2021-28166)"""
        self.pair()
        for packet in (connack(0, True, {"assigned_client_identifier": "x"}),
                       connack(0x87, False, {"reason_string": "no"}), b"\x20\x00",
                       b"\x20\x02\x00\x00", b"\x20\x03\x00\x00\x05"):
            client = self.client("c")
            client.send(packet)
            client.expect_gone()
            link = self.link(5)
            link.send(packet)
            link.expect_gone()
        self.all_is_well()

    @versions(3, 4, 5)
    def test_empty_topic(self, v):
        """[MQTT-4.7.3-1][v3 MQTT-4.7.3-1] topics of length 0 (CVE-2021-34432, CVE-2019-9749)"""
        self.pair(v)
        for packet in (publish("", b"", v=v), publish("", b"x", 1, 1, v=v),
                       publish("", b"", 2, 1, True, v=v), b"\x30\x00", b"\x30\x01\x00",
                       b"\x30\x02\x00\x00", b"\x32\x02\x00\x00", b"\x34\x04\x00\x00\x00\x01"):
            client = self.client("e", v)
            client.send(packet)
            client.expect_gone()
        self.all_is_well()

    def test_thousands_of_user_properties(self):
        """[MQTT-3.3.2-18] tens of thousands of user properties (CVE-2021-41039)"""
        self.pair()
        pairs = b"\x26\x00\x01a\x00\x01b" * 20000
        for _ in range(5):
            link = self.link(5)
            link.send(connect(self.name("u"), properties=pairs,
                              will=Will(self.topic("w"), b"w", properties=pairs)),
                      publish(self.topic("t"), b"x", 1, 1, properties=pairs),
                      subscribe(2, [(self.topic("t"), 0)], pairs))
            link.shut()
            link.expect_gone()
        self.all_is_well()

    @mosquitto_deviates("waits for the whole packet")
    def test_large_first_packet(self):
        """[MQTT-3.1.0-1] a large first packet that is not CONNECT (CVE-2023-0809)"""
        self.pair()
        for first in (0x30, 0x82, 0xC0, 0xF0, 0x00, 0x20):
            link = self.link(5)
            link.send(bytes([first]) + b"\xff\xff\xff\x7f" + b"x" * 100)
            link.expect_gone()
        self.all_is_well()

    @matrix
    def test_crafted_connects(self):
        """[MQTT-3.1.4-1] bad CONNECTs by the thousand (CVE-2017-7654, -34431, 2023-3592)"""
        self.pair()
        bad = [
            connect("c", will=Will("w" * 500, b"x" * 500, properties=b"\x11\x00\x00\x00\x05")),
            connect("c", will=Will("w", properties=b"\x03\x00\x64" + b"c" * 100 + b"\x23\x00\x01")),
            connect("c" * 500, user_name="u" * 500, password=b"p" * 500,
                    properties=b"\x26\x00\x01a"),
            connect("c", properties=[("authentication_method", "m" * 300),
                                     ("authentication_data", b"d" * 300)]),
            connect("c", user_name="u" * 400, flags=0xC6),
            connect("c" * 300, name="MQTT" * 10), connect("c" * 300, level=77),
        ]

        def flood():
            for number in range(1000):
                link = Link(self.broker.port)
                link.send(bad[number % len(bad)])
                link.expect_end_of_bytes()
                link.close()
            for number in range(100):
                client = self.client("twice", will=Will("w", b"x" * 400),
                                     properties={"user_property": [("a", "b" * 300)]})
                client.send(connect("twice", will=Will("w", b"x" * 400), user_name="u"))
                client.expect_gone()
                client.close()

        self.assert_memory_grows_less_than(24 * MIB, flood)

    @matrix
    def test_qos_2_never_finished(self):
        """[MQTT-4.3.3-10] QoS 2 publishes without end, none finished (CVE-2023-28366)"""
        self.pair()

        def unfinished():
            link = self.client("q", 4)
            for start in range(1, 20001, 500):
                link.send(*[publish(self.topic("q"), b"x" * 200, 2, one, v=4)
                            for one in range(start, start + 500)])
                link.send(*[publish(self.topic("q"), b"x" * 200, 2, 1, dup=True, v=4)] * 500)
                link.send(pingreq())
                if not self.answered(link):
                    break
            link.close()

        self.assert_memory_grows_less_than(64 * MIB, unfinished)

    def answered(self, link):
        """Reads up to the PINGRESP, or the end."""
        while True:
            packet = link.receive_or_none()
            if packet is None or packet.kind == PINGRESP:
                return packet is not None

    def test_idle_costs_nothing(self):
        """[MQTT-3.1.2-22] silent and deaf connections make nothing spin (CVE-2023-5632)"""
        self.pair()
        silent = [self.link(5) for _ in range(20)]
        half = self.link(5)
        half.send(b"\x10\x7f\x00")
        deaf = self.client("deaf", receive_buffer=4096)
        deaf.subscribe(self.topic("deaf"))
        self.green.send(*[publish(self.topic("deaf"), b"x" * 50000) for _ in range(200)])
        self.green.ping()
        self.let_time_pass(2)  # whatever patience there is with the deaf one
        before = self.cpu_seconds()
        self.let_time_pass(1)
        self.assertLess(self.cpu_seconds() - before, 0.5)
        self.all_is_well()
        self.assertEqual(len(silent), 20)

    def cpu_seconds(self):
        with open(f"/proc/{self.broker.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @matrix
    @versions(4, 5)
    def test_any_sequence(self, v):
        """[MQTT-4.13.1-1] good packets in any order, from a seed (CVE-2024-8376)"""
        self.pair(v)
        noise = Noise(31 + v)
        topics = [self.topic(rest) for rest in ("a", "a/b", "b", "c/d/e")]
        filters = topics + [self.topic("#"), self.topic("+/b"), f"$share/g/{self.topic('#')}"]
        links = {}
        for number in range(1500):
            name = noise.pick("vwxyz")
            link = links.get(name)
            if link is None or noise.below(40) == 0:
                link = links[name] = self.link(v, name)
                link.send(connect(self.name(name), v=v, clean=noise.below(2) == 0, keep_alive=60,
                                  will=Will(noise.pick(topics), b"w", noise.below(3)),
                                  properties={"session_expiry_interval": noise.below(3)}))
            qos, packet_id = noise.below(3), 1 + noise.below(6)
            link.send(noise.pick((
                publish(noise.pick(topics), b"x" * noise.below(300), qos,
                        packet_id if qos else None, noise.below(2) == 0, v=v),
                subscribe(packet_id, [(noise.pick(filters), noise.below(3))], v=v),
                unsubscribe(packet_id, [noise.pick(filters)], v=v),
                puback(packet_id), pubrec(packet_id), pubrel(packet_id), pubcomp(packet_id),
                pingreq())))
            if noise.below(50) == 0:
                link.send(disconnect(v=v))
                links.pop(name)
            elif noise.below(50) == 0:
                link.close()
                links.pop(name)
        self.all_is_well(5)
        for topic in topics:
            self.green.publish(topic, b"", 1, retain=True)

    @versions(4, 5)
    def test_lengths_past_the_packet(self, v):
        """[MQTT-4.13.1-1] lengths that point past the end (NanoMQ 2270, 1153, CVE-2024-31036)"""
        self.pair(v)
        five = b"\x00" if v == 5 else b""
        for packet in (frame(PUBLISH, b"\x00\x03abc", 2), frame(PUBLISH, b"\x00\x03abc\x00", 4),
                       frame(PUBLISH, b"\xff\xffabc"), frame(PUBLISH, b"\x00"),
                       frame(UNSUBSCRIBE, b"\x00\x01" + five + b"\xff\xffabc"),
                       frame(UNSUBSCRIBE, b"\x00\x01" + five + b"\x00\x01a\x00"),
                       frame(SUBSCRIBE, b"\x00\x01" + five + b"\xff\xffabc\x00"),
                       frame(SUBSCRIBE, b"\x00\x01" + five + b"\x00\x01a"),
                       frame(SUBSCRIBE, b"\x00"), frame(UNSUBSCRIBE, b""), frame(PUBACK, b"\x01")):
            client = self.client("l", v)
            client.name = repr(packet)
            client.send(packet)
            client.expect_ended(0x81, 0x82)
        self.all_is_well()

    def test_five_byte_property_length(self):
        """[MQTT-1.5.5-1] property lengths of five bytes (CVE-2026-21888, NanoMQ 1169)"""
        self.pair()
        for length in (b"\xff\xff\xff\xff\x01", b"\x80\x80\x80\x80\x00"):
            link = self.link(5)
            link.send(frame(CONNECT, b"\x00\x04MQTT\x05\x02\x00\x00" + length + b"\x00\x01a"))
            link.expect_gone()
        for packet in (frame(PUBLISH, b"\x00\x01a\xff\xff\xff\xff\x01"),
                       frame(SUBSCRIBE, b"\x00\x01\x80\x80\x80\x80\x00\x00\x01a\x00")):
            client = self.client("f")
            client.send(packet)
            client.expect_gone()
        self.all_is_well()

    @matrix
    def test_subscribe_jitter(self):
        """[MQTT-3.8.4-4][MQTT-3.10.4-3] to and fro while messages go out (NanoMQ 2114..2119)"""
        self.pair()
        jitters = [self.client(f"j{number}") for number in range(8)]
        for number in range(60):
            for at, jitter in enumerate(jitters):
                one = self.topic(f"j/{(number + at) % 5}")
                jitter.send(subscribe(1 + number, [(one, at % 3), (self.topic("j/#"), 0),
                                                   (f"$share/s/{one}", 1)]),
                            unsubscribe(1000 + number, [one, self.topic("j/#")]))
            self.green.send(*[publish(self.topic(f"j/{at % 5}"), b"x") for at in range(50)])
            self.all_is_well()
        for jitter in jitters:
            jitter.send(pingreq())
            while jitter.receive().kind != PINGRESP:
                pass


class Descriptors(Hostile):
    @midged_only("mosquitto closes the listener's newest")
    def test_no_descriptors_left(self):
        """[MQTT-4.13.1-1] every descriptor used up: those who are connected do not notice"""
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (120, hard))
        try:
            broker = self.own_broker()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        blue, green = self.client("blue", broker=broker), self.client("green", broker=broker)
        blue.subscribe("t", qos=1)
        links = [self.link(5, broker=broker) for _ in range(200)]
        for number in range(50):
            green.publish("t", b"%d" % number, 1)
            blue.expect_message("t", b"%d" % number)
        for link in links:
            link.close()

        def served_again():
            try:
                self.client("later", broker=broker).disconnect()
                return True
            except (AssertionError, OSError) as reason:
                return getattr(reason, "errno", 0) not in (0, errno.ECONNRESET)

        self.eventually(served_again, "a new client")
        broker.stop()


if __name__ == "__main__":
    main()
