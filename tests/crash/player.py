"""player.py: a client that goes on living while its broker is killed again and again.

A player keeps what a client must keep (identifiers under way, what it has received), takes up its
session after each restart, and knows what the broker has promised. Whoever finds a promise broken
raises Broken; the loop then prints the player's last packets.
"""

import collections
import time

import neighbours  # noqa: F401
from mqtt import CONNACK, DISCONNECT, NAMES, PUBLISH, Link, connect

WEEK_S = 7 * 24 * 3600


class Broken(AssertionError):
    """The broker did not do what it had promised."""

    def __init__(self, sentence, *players):
        super().__init__(f"{players[0].name}: {sentence}")
        self.players = players  # whose packets tell how it came to that


class Register:
    """A value at the broker that changes in order: the one acknowledged last, and what is under
    way."""

    def __init__(self, value):
        self.acknowledged, self.count = value, 0
        self.pending = collections.deque()  # (number, value)

    def change(self, value):
        """The number of this change."""
        self.count += 1
        self.pending.append((self.count, value))
        return self.count

    def settle(self, number):
        """This change was acknowledged, so all before it have had their effect, too."""
        while self.pending and self.pending[0][0] <= number:
            self.acknowledged = self.pending.popleft()[1]

    def latest(self):
        return self.pending[-1][1] if self.pending else self.acknowledged

    def possible(self):
        return {self.acknowledged, *(value for _, value in self.pending)}


class Player:
    durable = True
    subscribes = False          # is founded with its first SUBACK, not with CONNACK

    def __init__(self, stage, name, v):
        self.stage, self.name, self.v = stage, name, v
        self.link = None
        self.is_here = False        # this connection has its CONNACK
        self.was_welcomed = False   # some connection had one
        self.is_founded = False     # it has everything that is never made again
        self.past = collections.deque(maxlen=100)

    # ---- coming and going ----

    def come(self):
        """Connects and says CONNECT. False when nobody listens yet."""
        try:
            self.link = Link(self.stage.port, self.v, self.name)
        except OSError:
            self.link = None
            return False
        self.is_here = False
        self.say(self.hello())
        self.stage.watch(self)
        return True

    def hello(self):
        """CONNECT; with v5 a session that stays, otherwise Clean Session 0."""
        properties = {"session_expiry_interval": WEEK_S} if self.v == 5 else None
        return connect(self.name, self.v, clean=not self.durable, will=self.will(),
                       properties={**(properties or {}), **self.hello_properties()}
                       if self.v == 5 else None)

    def hello_properties(self):
        return {}

    def will(self):
        return None

    def leave(self):
        if self.link is not None:
            self.stage.forget(self)
            self.link.close()
            self.link = None
        self.is_here = False

    # ---- packets ----

    def say(self, *packets):
        for packet in packets:
            self.past.append((self.stage.cycle, time.monotonic(), "says", packet[:60]))
        if self.link is not None:
            self.link.send(*packets)

    def read(self):
        """What has come. False: the connection has ended."""
        try:
            chunk = self.link.socket.recv(262144)
        except (ConnectionResetError, BrokenPipeError, TimeoutError):
            chunk = b""
        if not chunk:
            return False
        self.link.buffer += chunk
        while self.link is not None and (packet := self.link.take()) is not None:
            self.past.append((self.stage.cycle, time.monotonic(), "hears", packet))
            self.hear(packet)
        return True

    def drain(self):
        """Everything the broker has said before it died counts."""
        while self.link is not None and self.read():
            pass
        self.leave()

    def hear(self, packet):
        if packet.kind == CONNACK:
            self.check_welcome(packet)
        elif packet.kind == DISCONNECT:
            if packet.reason != 0x8B:  # it is asked to stop
                self.broken(f"was disconnected with reason 0x{packet.reason:02x}")
        else:
            self.HEARS.get(packet.kind, Player.wonder)(self, packet)

    def wonder(self, packet):
        self.broken(f"got {NAMES[packet.kind]} out of the blue")

    HEARS = {}

    def check_welcome(self, packet):
        if packet.reason != 0:
            self.broken(f"CONNECT was refused with 0x{packet.reason:02x}")
        if self.durable and self.was_welcomed and not packet.session_present:
            self.broken("its session was acknowledged and is gone: session present is 0")
        self.stage.counts["resumed"] += packet.session_present
        self.was_welcomed = self.is_here = True
        self.is_founded = self.is_founded or not self.subscribes
        self.welcomed(packet.session_present)

    def welcomed(self, session_present):
        pass

    def is_settled(self):
        """Nothing is under way that concerns this player."""
        return self.is_here

    def begin_cycle(self):
        """The broker has been started; decides what to do in this life of it."""

    def broken(self, sentence, *witnesses):
        raise Broken(sentence, self, *witnesses)


def show(entry):
    """A line for a report of `past`."""
    cycle, at, verb, what = entry
    if isinstance(what, (bytes, bytearray)):
        what = f"{NAMES.get(what[0] >> 4, '?')} {bytes(what)!r}"
    elif what.kind == PUBLISH:
        what = (f"PUBLISH({what.topic}, {what.payload[:30]!r} … {len(what.payload)} bytes, "
                f"qos={what.qos}, packet_id={what.packet_id}, dup={what.dup}, "
                f"retain={what.retain})")
    return f"cycle {cycle} {at:.4f} {verb:5} {what}"
