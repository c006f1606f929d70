"""What one client can make the broker hold, and how long others have to wait: both have a bound.

Each story keeps a well-behaved pair talking beside the one who asks for too much.
"""

import socket
import struct
import threading

from mqtt import *
from story import Story, main, matrix, midged_only, versions

KIB, MIB = 1 << 10, 1 << 20


class Holding(Story):
    def pair(self, broker=None):
        self.blue = self.client("blue", broker=broker)
        self.green = self.client("green", broker=broker)
        self.blue.subscribe(self.topic("pair"), qos=1)
        self.told = 0

    def all_is_well(self, count=1):
        for _ in range(count):
            self.told += 1
            payload = b"%d" % self.told
            self.green.publish(self.topic("pair"), payload, 1)
            self.blue.expect_message(self.topic("pair"), payload)

    def assert_grown_less(self, broker, before, limit):
        """The broker's memory; a sanitizer keeps what is freed for a while."""
        with open(f"/proc/{broker.process.pid}/maps", encoding="utf-8") as maps:
            is_sanitized = "libasan" in (text := maps.read()) or "libtsan" in text
        grown = broker.memory_bytes() - before
        self.assertLess(grown, limit * (4 if is_sanitized else 1), f"{grown} bytes more")

    def send_until_stuck(self, link, chunk, limit):
        """Sends `chunk` again and again until the broker reads no more. Returns how often."""
        link.socket.setblocking(False)
        pause, count, waits = threading.Event(), 0, 0
        rest = b""
        while count * len(chunk) < limit and waits < 20:
            try:
                rest = (rest or chunk)
                sent = link.socket.send(rest)
                rest = rest[sent:]
                count += not rest
                waits = 0
            except BlockingIOError:
                self.all_is_well()
                pause.wait(0.01)
                waits += 1
        link.socket.settimeout(DEADLINE_S)
        self.rest = rest
        return count


class Answers(Holding):
    @matrix
    @midged_only("mosquitto keeps all answers")
    @versions(4, 5)
    def test_answers_never_read(self, v):
        """[MQTT-3.12.4-1] who pings without end and never reads is not read, either"""
        self.pair()
        deaf = self.client("deaf", v, receive_buffer=4096)
        before = self.broker.memory_bytes()
        count = self.send_until_stuck(deaf, pingreq() * 4096, 64 * MIB)
        self.assertLess(count * 8192, 64 * MIB, "the broker reads on and on")
        self.assert_grown_less(self.broker, before, 4 * MIB)
        self.all_is_well(20)
        # Now it reads, and nothing is missing.
        finish = threading.Thread(target=deaf.socket.sendall, args=(self.rest,))
        finish.start()
        wanted = (count + (1 if self.rest else 0)) * 4096 * 2
        have = bytearray()
        while len(have) < wanted:
            have += deaf.socket.recv(65536)
        finish.join()
        self.assertEqual(bytes(have), pingresp() * (wanted // 2))
        deaf.ping()

    @matrix
    def test_deaf_and_publishing(self):
        """[MQTT-4.3.3-10] QoS 2 without PUBREL, PUBRECs never read: all identifiers, in bounds"""
        self.pair()
        deaf = self.client("deaf", 4, receive_buffer=4096)
        before = self.broker.memory_bytes()
        flood = b"".join(publish(self.topic("q"), b"", 2, number, v=4)
                         for number in range(1, 65536))
        for _ in range(3):
            self.send_until_stuck(deaf, flood, len(flood))
            if self.rest:
                break
        self.all_is_well(20)
        self.assert_grown_less(self.broker, before, 8 * MIB)


class Subscriptions(Holding):
    @matrix
    @versions(5)
    def test_many_filters(self, v):
        """[MQTT-3.10.4-4][MQTT-3.8.4-6] 50 000 filters of one client come and go"""
        self.pair()
        many = self.client("many", v)
        filters = [self.topic(f"{number}/x") for number in range(50000)]
        for at in range(0, len(filters), 10000):
            self.assertEqual(set(many.subscribe(*filters[at:at + 10000])), {0})
            self.all_is_well()
        self.green.publish(filters[777], b"there", 1)
        many.expect_message(filters[777], b"there")
        for at in range(0, len(filters), 10000):  # oldest first
            self.assertEqual(set(many.unsubscribe(*filters[at:at + 10000])), {0})
            self.all_is_well()
        again = self.client("many", v)  # takes over, with as many
        for at in range(0, len(filters), 10000):
            again.subscribe(*filters[at:at + 10000])
        again.close()
        self.all_is_well(20)

    @matrix
    @versions(5)
    def test_the_same_again(self, v):
        """[MQTT-3.8.4-3] one filter, 60 000 times in a packet, and retained messages to it"""
        self.pair()
        for number in range(50):
            self.green.publish(self.topic(f"kept/{number}"), b"k" * 100, 1, retain=True)
        again = self.client("again", v)
        before = self.broker.memory_bytes()
        reasons = again.subscribe(*[self.topic("kept/#")] * 60000)
        self.assertEqual(len(reasons), 60000)
        heard = quiet = 0
        while quiet < 20 or (heard < 50 and quiet < 5000):  # other workers answer in their time
            self.all_is_well()
            again.send(pingreq())
            quiet += 1
            while again.receive().kind != PINGRESP:
                heard, quiet = heard + 1, 0
            self.assertLess(heard, 2000, "60 000 times 50?")
        self.assertGreaterEqual(heard, 50)
        self.all_is_well(20)
        self.assert_grown_less(self.broker, before, 32 * MIB)
        for number in range(50):
            self.green.publish(self.topic(f"kept/{number}"), b"", 1, retain=True)


class Readers(Holding):
    @matrix
    def test_busy_reader_is_heard(self):
        """[MQTT-3.12.4-1] a subscriber whose socket is always full can still speak"""
        self.pair()
        reader = self.client("reader", 4, receive_buffer=4096)
        reader.subscribe(self.topic("flood"))
        publisher = self.client("publisher", 4)
        stop = threading.Event()

        def flood():
            chunk = publish(self.topic("flood"), b"x" * 1000, v=4) * 20
            publisher.socket.settimeout(0.2)
            while not stop.is_set():
                try:
                    publisher.socket.sendall(chunk)
                except socket.timeout:
                    pass
                except OSError:
                    return

        flooding = threading.Thread(target=flood)
        flooding.start()
        try:
            for _ in range(200):
                self.assertEqual(reader.receive().kind, PUBLISH)
            packet_id = reader.next_packet_id()
            reader.send(subscribe(packet_id, [(self.topic("more"), 0)], v=4))
            for _ in range(20000):
                if reader.receive().kind == SUBACK:
                    break
            else:
                self.fail("20 000 messages, and no SUBACK")
        finally:
            stop.set()
            flooding.join()
        self.all_is_well()

    @matrix
    @midged_only("slow_reader_patience")
    def test_reader_that_never_reads(self):
        """[MQTT-4.5.0-1] it costs the others its patience, once; then they go on"""
        self.use("slow_reader_patience 200ms", "max_queued_messages 100")
        self.pair()
        deaf = self.client("deaf", 5, receive_buffer=4096)
        deaf.subscribe(self.topic("news"), qos=1)
        self.blue.subscribe(self.topic("news"), qos=1)
        before = self.broker.memory_bytes()
        payload = b"n" * 10000
        for _ in range(600):
            self.green.publish(self.topic("news"), payload, 1)
            self.blue.expect_message(self.topic("news"), payload)
        self.assert_grown_less(self.broker, before, 16 * MIB)
        self.all_is_well(20)

    @matrix
    def test_held_publishers_share(self):
        """[MQTT-4.6.0-6] whoever was held back for a slow reader is not forgotten for others"""
        self.use("max_inflight_messages 20", "max_queued_messages 0")
        reader = self.client("reader", 4)
        reader.subscribe(self.topic("#"), qos=1)
        eager = {self.topic(f"eager/{number}"): self.client(f"e{number}", 4) for number in range(4)}
        burst = self.client("burst", 4)
        tail = b" " + b"x" * 300  # so that it takes several reads
        burst.send(*[publish(self.topic("burst"), b"%d" % number + tail, 1, number + 1, v=4)
                     for number in range(2000)])
        for topic, link in eager.items():  # few enough that nobody would have to hold them
            link.send(*[publish(topic, b"e", 1, number + 1, v=4) for number in range(64)])
        burst_count = eager_count = 0
        while burst_count < 2000:
            packet = reader.await_kind(PUBLISH)
            reader.send(puback(packet.packet_id))
            if packet.topic in eager:
                eager[packet.topic].send(publish(packet.topic, b"e", 1, 100, v=4))
                eager_count += 1
                self.assertLess(eager_count, 20000, f"with {burst_count} of the others")
            else:
                self.assertEqual(int(packet.payload.split()[0]), burst_count)
                burst_count += 1


class Endings(Holding):
    @versions(5)
    def test_last_words_reach_who_talks_on(self, v):
        """[MQTT-4.13.1-1] the reason arrives though the client sends and sends"""
        for _ in range(20):
            link = self.client("talker", v)
            link.send(b"\x00\x00" + b"x" * 100000)
            link.expect(DISCONNECT, reason=0x81)
            link.expect_gone()

    @versions(5)
    def test_half_closed(self, v):
        """[MQTT-4.13.1-1] who has closed his direction still hears why"""
        link = self.client("half", v)
        link.send(b"\x00\x00")
        link.shut()
        link.expect(DISCONNECT)
        link.expect_closed()

    @matrix
    def test_will_storm(self):
        """[MQTT-3.1.2-8] three hundred clients die at once: every will is heard"""
        self.use("max_queued_messages 0")
        heir = self.client("heir", 5)
        heir.subscribe(self.topic("will/#"), qos=1)
        dying = [self.client(f"d{number}", 5,
                             will=Will(self.topic(f"will/{number}"), b"gone", qos=1))
                 for number in range(300)]
        for link in dying:
            link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            link.close()
        heard = set()
        while len(heard) < 300:
            packet = heir.await_kind(PUBLISH)
            heir.send(puback(packet.packet_id))
            heard.add(packet.topic)

    @matrix
    def test_longest_client_id(self):
        """[MQTT-3.1.3-5] a client identifier of 65 535 bytes, and its session again"""
        name = self.name("x") + "y" * (65535 - len(self.name("x")))
        for _ in range(2):
            link = self.link(5)
            link.send(connect(name, clean=False, properties={"session_expiry_interval": 5}))
            answer = link.expect(CONNACK)
            self.assertIn(answer.reason, (0, 0x85))
            link.close()


class Memory(Holding):
    @matrix
    @midged_only("memory_limit counts what clients make it hold")
    def test_memory_limit(self):
        """[MQTT-4.13.1-1] memory_limit: unfinished packets count, the pair goes on"""
        broker = self.own_broker("memory_limit 8388608")
        self.pair(broker)
        before = broker.memory_bytes()
        links = []
        for number in range(20):
            link = self.client(f"u{number}", 5, broker=broker)
            link.socket.setblocking(False)
            links.append((link, publish("big", b"x" * (4 * MIB))[:-1]))
        for _ in range(400):
            for number, (link, rest) in enumerate(links):
                try:
                    links[number] = (link, rest[link.socket.send(rest[:64 * KIB]):])
                except (BlockingIOError, ConnectionError):
                    pass
        for number, (link, _) in enumerate(links):
            link.close()
        self.assert_grown_less(broker, before, 40 * MIB)

        def is_served():
            probe = self.link(5, broker=broker)
            probe.send(connect(self.name("probe")))
            return probe.receive().reason == 0

        self.eventually(is_served, "room again")
        broker.stop()


if __name__ == "__main__":
    main()
