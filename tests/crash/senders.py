"""senders.py: those who publish, resend what was not acknowledged, and remember what was."""

import neighbours  # noqa: F401
from mqtt import PUBACK, PUBCOMP, PUBREC, publish, pubrel
from player import Player, Register

WINDOWS = (1, 4, 20)


def payload_of(topic, number):
    """The bytes of message `number` on `topic`: mostly small, some large, each its own."""
    dice = (number * 2654435761 + sum(topic.encode())) % 1009
    size = 100_000 if dice < 2 else 3000 if dice < 30 else dice % 120
    head = b"%s %d|" % (topic.encode(), number)
    return head + (b"%d." % dice * (size // 2))[:size]


def number_of(topic, payload):
    """The message's number, or None when these are not the bytes of any message."""
    head = payload.partition(b"|")[0].split(b" ")[-1]
    if not head.isdigit() or payload_of(topic, int(head)) != payload:
        return None
    return int(head)


class Sending:
    """A message under way to the broker. `released`: PUBREC has come."""

    def __init__(self, topic, number, payload, retain=False):
        self.topic, self.number, self.payload, self.retain = topic, number, payload, retain
        self.released = False
        self.change = None  # of a register


class Sender(Player):
    """A durable publisher; it keeps to the rules for resending of a client with a session."""

    def __init__(self, stage, name, v, qos):
        super().__init__(stage, name, v)
        self.qos = qos
        self.under_way = {}  # by packet identifier, in the order of sending
        self.last_id = 0
        self.window, self.budget = 20, 0

    def begin_cycle(self):
        self.window = self.stage.noise.pick(WINDOWS)
        self.budget = 0 if self.stage.is_founding else (
            self.stage.noise.below(self.stage.messages_max) + 1)

    def welcomed(self, session_present):
        for packet_id, sending in self.under_way.items():
            self.stage.counts["resent"] += 1
            if sending.released:
                self.say(pubrel(packet_id))
            else:
                self.say(self.packet(packet_id, sending, dup=True))
        self.fill()

    def packet(self, packet_id, sending, dup=False):
        return publish(sending.topic, sending.payload, self.qos, packet_id, sending.retain, dup,
                       v=self.v)

    def fill(self):
        """Sends as much as the window and what is planned for this cycle allow."""
        packets = []
        while self.budget > 0 and len(self.under_way) < self.window:
            self.budget -= 1
            self.last_id = self.last_id % 65535 + 1
            while self.last_id in self.under_way:
                self.last_id = self.last_id % 65535 + 1
            sending = self.under_way[self.last_id] = self.next_sending()
            packets.append(self.packet(self.last_id, sending))
        if packets:
            self.stage.counts["published"] += len(packets)
            self.say(*packets)

    def hear_puback(self, packet):
        self.check_known(packet)
        self.finish(packet)

    def hear_pubrec(self, packet):
        sending = self.under_way.get(packet.packet_id)
        if sending is not None and sending.released:
            self.say(pubrel(packet.packet_id))  # asked again
            return
        self.check_known(packet)
        sending.released = True
        self.say(pubrel(packet.packet_id))

    def hear_pubcomp(self, packet):
        sending = self.under_way.get(packet.packet_id)
        if sending is None or not sending.released:
            self.broken(f"PUBCOMP {packet.packet_id} without PUBREL")
        self.finish(packet)

    def check_known(self, packet):
        if packet.reason >= 0x80:
            self.broken(f"a message was refused with 0x{packet.reason:02x}")
        if packet.packet_id not in self.under_way:
            self.broken(f"acknowledgement of {packet.packet_id}, which is not under way")

    def finish(self, packet):
        self.stage.counts[f"QoS {self.qos} acknowledged"] += 1
        self.finished(self.under_way.pop(packet.packet_id))
        self.fill()

    def is_settled(self):
        return self.is_here and not self.under_way and self.budget == 0

    def finished(self, sending):
        pass

    HEARS = {PUBACK: hear_puback, PUBREC: hear_pubrec, PUBCOMP: hear_pubcomp}


class Publisher(Sender):
    """Numbered messages on a few topics of its own: every number is acknowledged in the end, so a
    receiver that misses one has lost an acknowledged message."""

    def __init__(self, stage, name, v, qos, topic_count=2):
        super().__init__(stage, name, v, qos)
        self.next = {f"m/{name}/{index}": 0 for index in range(topic_count)}
        self.turn = 0
        for topic in self.next:
            stage.publisher_of[topic] = self

    def next_sending(self):
        self.turn += 1
        topic = list(self.next)[self.turn % len(self.next)]
        number = self.next[topic]
        self.next[topic] = number + 1
        return Sending(topic, number, payload_of(topic, number))


class Keeper(Sender):
    """Sets and clears retained messages. It waits each time until the reader has seen what the
    restart has left of them."""

    def __init__(self, stage, name, v, qos, topic_count=4):
        super().__init__(stage, name, v, qos)
        self.kept = {f"r/{name}/{index}": Register((0, None)) for index in range(topic_count)}
        self.count = 0
        self.may_begin = False
        stage.keepers.append(self)

    def begin_cycle(self):
        super().begin_cycle()
        self.may_begin = False

    def welcomed(self, session_present):
        if self.may_begin:
            super().welcomed(session_present)

    def begin(self):
        self.may_begin = True
        if self.is_here:
            super().welcomed(True)

    def next_sending(self):
        topic = self.stage.noise.pick(list(self.kept))
        self.count += 1
        value = payload_of(topic, self.count) if self.stage.noise.below(4) else None
        self.stage.counts["retained set" if value else "retained cleared"] += 1
        sending = Sending(topic, self.count, value or b"", retain=True)
        sending.change = self.kept[topic].change((self.count, value))
        return sending

    def finished(self, sending):
        self.kept[sending.topic].settle(sending.change)
