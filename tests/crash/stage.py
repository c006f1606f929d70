"""stage.py: one broker, the players around it, and the cycle they live through together.

    start ── players come ── load ── kill -9 at a moment drawn ── what was said before counts
      ▲                                                                        │
      └────────────────────────────────────────────────────────────────────────┘

Every so many cycles it is left alone until everything has settled, so that the tail is checked as
well. Some lives end before anybody has come, some with SIGTERM; the number of threads changes.
"""

import collections
import selectors
import time

import neighbours  # noqa: F401
from mqtt import DEADLINE_S
from noise import Noise
from player import Broken
from receivers import Crew, Dancer, Heir, Mortal, Reader, Rover, Sharer, Subscriber, Visitor
from senders import Keeper, Publisher
from server import STOP_S, UNBOUNDED, Server

SETTLE_EVERY = 40


class Failed(AssertionError):
    """The broker as a process did what it must not."""


class Stage:
    def __init__(self, program, folder, seed, directives=(), threads=(1, 2, 4), load_ms=50,
                 messages_max=40, cuts_only=False):
        self.noise = Noise(seed)
        self.server = Server(program, folder, (*UNBOUNDED, *directives))
        self.port = self.server.port
        self.threads, self.load_ms, self.messages_max = threads, load_ms, messages_max
        self.cuts_only = cuts_only
        self.counts = collections.Counter()
        self.selector = selectors.DefaultSelector()
        self.publisher_of, self.keepers = {}, []
        self.cycle, self.is_founding = 0, True
        self.players = self.cast()

    def cast(self):
        heir, crew = Heir(self, "heir", 5), Crew(self)
        return [
            Publisher(self, "pub1v4", 4, 1), Publisher(self, "pub1v5", 5, 1),
            Publisher(self, "pub2v4", 4, 2), Publisher(self, "pub2v5", 5, 2),
            Subscriber(self, "here1", 4, 1), Subscriber(self, "here2b", 5, 2, "B"),
            Subscriber(self, "here2a", 4, 2, "A"),
            Subscriber(self, "away1", 5, 1, absences=5),
            Subscriber(self, "away2", 4, 2, "B", absences=5),
            Sharer(self, "share4", 4, crew), Sharer(self, "share5", 5, crew, absences=3),
            Keeper(self, "keep1", 5, 1), Keeper(self, "keep2", 4, 2), Reader(self, "reader", 4),
            Dancer(self, "dance1", 4, 1), Dancer(self, "dance2", 5, 2),
            Visitor(self, "visit4", 4), Visitor(self, "visit5", 5),
            heir, Mortal(self, "mortal", 5, heir),
        ]

    # ---- for the players ----

    def published(self):
        """Topic: the number of messages of the publishers."""
        return {topic: one.next[topic] for topic, one in self.publisher_of.items()}

    def watch(self, player):
        self.selector.register(player.link.socket, selectors.EVENT_READ, player)

    def forget(self, player):
        self.selector.unregister(player.link.socket)

    # ---- cycles ----

    def run(self, cycles, until=None):
        """That many cycles, or fewer when the clock reaches `until`. Broken or Failed, when they
        are."""
        self.found()
        while self.cycle < cycles and (until is None or time.monotonic() < until):
            self.cycle += 1
            fate = self.noise.below(100)
            self.begin_life()
            if self.cycle % SETTLE_EVERY == 0:
                self.live_until_settled()
                self.end_by_kill()
            elif fate < 6:
                self.die_young()
            elif fate < 10:
                self.live_for(self.draw_us())
                self.end_in_order()
            else:
                self.live_for(self.draw_us())
                self.end_by_kill()
        self.finish()

    def found(self):
        """The sessions are made, and the subscriptions that hold all the time."""
        self.begin_life()
        self.live_until(lambda: all(one.is_founded for one in self.players), "the founding")
        self.end_by_kill()
        self.is_founding = False

    def finish(self):
        """Everything that was acknowledged has arrived, or is missing for good."""
        self.cycle += 1
        self.begin_life()
        self.live_until_settled()
        self.end_in_order()
        self.server.release()

    def begin_life(self):
        for player in self.players:
            player.begin_cycle()
        count = self.noise.pick(self.threads)
        if self.cuts_only and self.server.is_alive():
            return
        self.counts[f"lives with {count} threads"] += 1
        self.server.start(count)

    def draw_us(self):
        longest = self.load_ms if self.noise.below(3) else self.load_ms / 6
        return self.noise.below(int(longest * 1000) + 1)

    def die_young(self):
        """While it reads its store."""
        self.selector.select(self.noise.below(6000) / 1e6)
        self.counts["killed at the start"] += 1
        self.end_by_kill()

    def live_for(self, load_us):
        """Until so much time has passed since the first publisher was welcomed."""
        self.live_until(lambda: any(one.is_here for one in self.players
                                    if isinstance(one, Publisher)), "a CONNACK")
        end = time.monotonic() + load_us / 1e6
        self.live_until(lambda: time.monotonic() >= end, "time", end)

    def live_until_settled(self):
        for player in self.players:
            if isinstance(player, Rover):
                player.away = 0
        self.live_until(lambda: all(one.is_settled() for one in self.players), "settling")
        self.counts["settled"] += 1

    def live_until(self, ask, what, end=None):
        deadline = time.monotonic() + DEADLINE_S
        absent = [one for one in self.players if one.link is None]
        while not ask():
            absent = [one for one in absent if not one.come()]
            now = time.monotonic()
            if now > deadline:
                self.complain_of_waiting(what)
            if absent and not self.server.is_alive():
                raise Failed(f"it ended by itself:\n{self.server.log()[-3000:]}")
            pause = 0.0005 if absent else 0.05
            for key, _ in self.selector.select(min(pause, max(0, end - now)) if end else pause):
                if not key.data.read():
                    self.check_end(key.data)

    def check_end(self, player):
        """A connection that ends while the broker lives ends for a reason."""
        if self.server.is_alive():
            player.broken("the broker closed the connection")
        raise Failed(f"it ended by itself:\n{self.server.log()[-3000:]}")

    def complain_of_waiting(self, what):
        late = [one for one in self.players if not one.is_settled()]
        told = "; ".join(
            f"{one.name} {'' if one.is_here else '(no CONNACK) '}"
            f"{getattr(one, 'missing', str)()}" for one in late)
        raise Broken(f"still waiting for {what} after {DEADLINE_S} s. Not settled: {told}",
                     *(late or self.players[:1])[:3])

    def end_by_kill(self):
        if self.cuts_only:
            # Who cuts before CONNACK could find himself taken over by his own older connection.
            self.live_until(lambda: all(one.is_here for one in self.players if one.link), "CONNACK")
            self.counts["cut"] += 1
            for player in self.players:
                player.leave()
            return
        self.server.kill()
        self.counts["killed"] += 1
        self.end_life()

    def end_in_order(self):
        if self.cuts_only:
            self.end_by_kill()
            return
        self.server.ask_to_stop()
        deadline = time.monotonic() + STOP_S
        while self.server.is_alive():
            if time.monotonic() > deadline:
                raise Failed(f"it did not end within {STOP_S} s after SIGTERM")
            for key, _ in self.selector.select(0.002):
                if not key.data.read():
                    key.data.leave()
        if status := self.server.process.returncode:
            raise Failed(f"status {status} after SIGTERM:\n{self.server.log()[-3000:]}")
        self.counts["stopped in order"] += 1
        self.end_life()

    def end_life(self):
        for player in self.players:
            player.drain()
        if complaint := self.server.complaint():
            raise Failed(f"its log:\n{complaint}")
