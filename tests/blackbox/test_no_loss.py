"""Publishers at full speed, several topics and QoS: each message once, in order, to all.

One subscriber never reads. It may lose messages; the others may not, nor wait for it for long.
"""

import selectors
import time

from mqtt import *
from story import Story, main, matrix, mosquitto_deviates, versions

TOPICS = 4
COUNT = 1500       # messages of each publisher on each topic
PUBLISHERS = 3
WINDOW = 50        # QoS 1 and 2 of a publisher that are not finished
PAYLOAD = 1000
STALL_S = 10       # nobody waits longer than this for the next message


class Wire:
    """A link in a loop of many: it never blocks."""

    def __init__(self, link):
        self.link, self.out = link, bytearray()
        link.socket.setblocking(False)

    def write(self, data):
        self.out += data

    def flush(self):
        try:
            while self.out:
                del self.out[:self.link.socket.send(self.out)]
        except BlockingIOError:
            pass

    def packets(self):
        try:
            chunk = self.link.socket.recv(262144)
        except BlockingIOError:
            return
        if not chunk:
            raise Closed(f"{self.link.name}: closed in the middle")
        self.link.buffer += chunk
        while (packet := self.link.take()) is not None:
            yield packet


class Publisher(Wire):
    def __init__(self, link, number, topic):
        super().__init__(link)
        self.number, self.topic = number, topic
        self.left = [(index, seq) for seq in range(COUNT) for index in range(TOPICS)][::-1]
        self.open, self.last_id = {}, 0

    def pump(self):
        while self.left and len(self.open) < WINDOW and len(self.out) < 200000:
            index, seq = self.left.pop()
            qos, packet_id = index % 3, None
            if qos:
                packet_id = self.last_id = self.last_id % 60000 + 1
                assert packet_id not in self.open
                self.open[packet_id] = PUBACK if qos == 1 else PUBREC
            head = b"%d %d %d " % (self.number, index, seq)
            self.write(publish(self.topic(index), head.ljust(PAYLOAD, b"."), qos, packet_id,
                               v=self.link.v))

    def read(self):
        for packet in self.packets():
            wanted = self.open.pop(packet.packet_id)
            assert packet.kind == wanted and packet.reason < 0x80, packet
            if packet.kind == PUBREC:
                self.open[packet.packet_id] = PUBCOMP
                self.write(pubrel(packet.packet_id))

    def is_done(self):
        return not self.left and not self.open


class Subscriber(Wire):
    def __init__(self, link, topics, qos):
        super().__init__(link)
        self.qos, self.total = qos, PUBLISHERS * COUNT * len(topics)
        self.next = {(number, index): 0 for number in range(PUBLISHERS) for index in topics}
        self.got = 0

    def read(self):
        for packet in self.packets():
            if packet.kind == PUBREL:
                self.write(pubcomp(packet.packet_id))
                continue
            assert packet.kind == PUBLISH, packet
            number, index, seq = map(int, packet.payload.split()[:3])
            wanted = self.next[number, index]
            assert seq == wanted, (f"{self.link.name}: publisher {number}, topic {index}: "
                                   f"{seq} came, {wanted} was next")
            assert packet.qos == min(self.qos, index % 3) and not packet.dup, packet
            self.next[number, index] += 1
            self.got += 1
            if packet.qos:
                self.write((puback if packet.qos == 1 else pubrec)(packet.packet_id))

    def is_done(self):
        return self.got == self.total


class NoLoss(Story):
    directives = ("max_queued_messages 0", "max_inflight_messages 100")

    def subscriber(self, short, v, rest, topics, qos):
        link = self.client(short, v)
        link.subscribe(self.topic(rest), qos=qos)
        return Subscriber(link, topics, qos)

    def run_until_done(self, wires):
        selector = selectors.DefaultSelector()
        for wire in wires:
            selector.register(wire.link.socket, selectors.EVENT_READ, wire)
        moved = time.monotonic()
        while not all(wire.is_done() for wire in wires):
            for wire in wires:
                if isinstance(wire, Publisher):
                    wire.pump()
                wire.flush()
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wire.out else 0)
                if selector.get_key(wire.link.socket).events != events:
                    selector.modify(wire.link.socket, events, wire)
            ready = selector.select(1)
            for key, events in ready:
                if events & selectors.EVENT_READ:
                    key.data.read()
            if ready:
                moved = time.monotonic()
            elif time.monotonic() - moved > STALL_S:
                self.fail("; ".join(
                    f"{wire.link.name}: {getattr(wire, 'got', '')}{len(getattr(wire, 'open', ''))}"
                    for wire in wires if not wire.is_done()) + f": nothing for {STALL_S} s")
        selector.close()

    def everyone(self, v):
        every = range(TOPICS)
        wires = [self.subscriber("all2", v, "#", every, 2),
                 self.subscriber("all1", v, "+", every, 1),
                 self.subscriber("all0", 9 - v, "#", every, 0),
                 self.subscriber("one", v, "2", [2], 2)]
        wires += [Publisher(self.client(f"p{number}", 4 + number % 2), number, self.topic)
                  for number in range(PUBLISHERS)]
        return wires

    @matrix
    @versions(4, 5)
    def test_everyone_gets_everything(self, v):
        """[MQTT-4.6.0-5][MQTT-4.6.0-6][MQTT-4.5.0-1][v3 MQTT-4.6.0-6][v3 MQTT-4.5.0-1] in order"""
        self.run_until_done(self.everyone(v))

    @matrix
    @mosquitto_deviates("drops what goes beyond the queue of those who read, too")
    def test_one_never_reads(self):
        """[MQTT-4.5.0-1][MQTT-4.6.0-5] a subscriber that never reads costs the others nothing"""
        self.use("max_inflight_messages 100", "max_queued_messages 1000")
        for qos in (0, 1):
            deaf = self.client(f"deaf{qos}", receive_buffer=4096)
            deaf.subscribe(self.topic("#"), qos=qos)
        self.run_until_done(self.everyone(5))


if __name__ == "__main__":
    main()
