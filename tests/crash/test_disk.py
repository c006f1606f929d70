#!/usr/bin/python3
"""When the disk is in trouble: acknowledgements stop, the log says it in a sentence, everybody else
goes on, and when the trouble is over so does everything.

    test_disk.py --broker build/bin/midged --threads 2

A disk that fails is made with RLIMIT_FSIZE, which can be set and lifted while the broker runs; a
full one with store_size_max, and with a small file system where this may be mounted.
"""

import os
import resource
import shutil
import subprocess
import tempfile

import neighbours  # noqa: F401
from mqtt import *
from story import Story, is_mosquitto, main, versions

FAILING = "Acknowledgements wait"
NEARLY_FULL = "until there is room"
WELL = "is written again"
ROOM = "has room again"


class Disk(Story):
    def setUp(self):
        super().setUp()
        if is_mosquitto():
            self.skipTest("midged only")
        self.directory = tempfile.mkdtemp(prefix="midge-test-")
        os.chmod(self.directory, 0o777)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def path(self, name=""):
        return os.path.join(self.directory, name)

    def with_store(self, *directives, **how):
        # Who gives up root may not have his limits changed by us.
        return self.own_broker("persistence true", f"persistence_location {self.path('store')}",
                               "max_queued_messages 0", "user root", *directives, **how)

    def restart(self, broker, *directives):
        broker.process.kill()
        broker.process.wait()
        return self.with_store(*directives)

    def owe(self, broker, v=5):
        """A durable session that is away, and a publisher to it who has been acknowledged once."""
        blue = self.durable("blue", v, broker=broker)
        blue.subscribe(self.topic("owed"), qos=2)
        blue.disconnect()
        self.green = self.durable("green", v, broker=broker)
        self.accepted = []
        self.publish_accepted(b"first")

    def publish_accepted(self, payload, qos=1):
        answer = self.green.publish(self.topic("owed"), payload, qos)
        self.assertLess(answer.reason, 0x80)
        self.accepted.append(payload)

    def break_disk(self, broker):
        """From now on nothing can be written behind the first 8 KiB of any file: not even what a
        store of the smallest size writes, but still a line of the log."""
        self.before = resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (8 << 10, self.before[1]))

    def mend_disk(self, broker):
        resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, self.before)

    def await_log(self, broker, words):
        try:
            self.eventually(lambda: words in broker.log(), f"{words!r} in the log")
        except AssertionError as missing:
            raise AssertionError(f"{missing}\n{broker.log()[-2000:]}") from None

    def others_go_on(self, broker):
        """Two clients that want nothing of the store."""
        red, black = self.client("red", broker=broker), self.client("black", broker=broker)
        red.subscribe(self.topic("others"), qos=2)
        for qos in (0, 1, 2):
            black.publish(self.topic("others"), b"%d" % qos, qos)
            red.expect_message(self.topic("others"), b"%d" % qos)
        red.disconnect()
        black.disconnect()

    def blue_gets(self, broker, wanted, v=5, uncertain=()):
        """All of `wanted`, in order; of `uncertain`, which nobody has answered, maybe some behind
        them; and nothing else."""
        blue = self.durable("blue", v, broker=broker)
        self.assertTrue(blue.connack.session_present)
        last = b"the last"
        self.client("grey", v, broker=broker).publish(self.topic("owed"), last, 1)
        got = []
        while not got or got[-1] != last:
            packet = blue.await_kind(PUBLISH)
            blue.acknowledge(packet)
            got.append(packet.payload)
        got.pop()
        self.assertEqual(got[:len(wanted)], list(wanted))
        self.assertLessEqual(set(got[len(wanted):]), set(uncertain))
        self.assertEqual(len(set(got)), len(got))


class Failing(Disk):
    def fail_writing(self, broker):
        """Breaks the disk and lets the broker find out: two messages that are not answered."""
        self.break_disk(broker)
        self.uncertain = [(self.green.next_packet_id(), b"asked %d" % number)
                          for number in range(2)]
        self.green.send(*[publish(self.topic("owed"), payload, 1, packet_id, v=self.green.v)
                          for packet_id, payload in self.uncertain])
        self.await_log(broker, FAILING)

    def await_refusal(self, broker):
        """Until a worker has heard of the disk, it takes a new session, whose CONNACK waits."""
        def is_refused():
            link = self.link(broker=broker)
            link.send(connect(self.name("late"), clean=False,
                              properties={"session_expiry_interval": 600}))
            link.socket.settimeout(1)
            try:
                return b"\x88" in link.socket.recv(100)
            except TimeoutError:
                return False
        self.eventually(is_refused, "0x88")

    def test_v5(self):
        """acknowledgements wait, what comes later is refused with 0x97, others go on; then all is
        well again by itself"""
        broker = self.with_store()
        self.owe(broker)
        self.fail_writing(broker)
        self.others_go_on(broker)
        for qos in (1, 2):
            packet_id = self.green.next_packet_id()
            self.green.send(publish(self.topic("owed"), b"refused", qos, packet_id))
            self.green.expect(PUBACK if qos == 1 else PUBREC, packet_id=packet_id, reason=0x97)
        self.let_time_pass(2.5)  # the disk is tried again every second
        self.green.expect_silence()
        self.assertEqual(broker.log().count(FAILING), 1)
        self.mend_disk(broker)
        for packet_id, payload in self.uncertain:
            self.green.expect(PUBACK, packet_id=packet_id, reason=0)
            self.accepted.append(payload)
        self.await_log(broker, WELL)
        self.publish_accepted(b"one more")
        self.publish_accepted(b"and one", qos=2)
        broker = self.restart(broker)
        self.blue_gets(broker, self.accepted)
        broker.stop()

    def test_v4(self):
        """who cannot be told is held: no acknowledgement, nothing lost, then all of them"""
        broker = self.with_store()
        self.owe(broker, 4)
        self.fail_writing(broker)
        later = [(self.green.next_packet_id(), b"later %d" % number) for number in range(10)]
        self.green.send(*[publish(self.topic("owed"), payload, 1, packet_id, v=4)
                          for packet_id, payload in later])
        self.others_go_on(broker)
        self.let_time_pass(1.5)
        self.others_go_on(broker)
        self.green.socket.setblocking(False)
        self.assertRaises(BlockingIOError, self.green.socket.recv, 1)
        self.green.socket.settimeout(DEADLINE_S)
        self.mend_disk(broker)
        for packet_id, payload in self.uncertain + later:
            self.green.expect(PUBACK, packet_id=packet_id)
            self.accepted.append(payload)
        broker = self.restart(broker)
        self.blue_gets(broker, self.accepted, 4)
        broker.stop()

    @versions(4, 5)
    def test_killed_while_failing(self, v):
        """kill -9 while nothing can be written: what was acknowledged before is there"""
        self.directory = self.path(f"v{v}")
        os.mkdir(self.directory)
        os.chmod(self.directory, 0o777)
        broker = self.with_store()
        self.owe(broker, v)
        for number in range(20):
            self.publish_accepted(b"%d" % number, 1 + number % 2)
        self.fail_writing(broker)
        broker = self.restart(broker)
        self.blue_gets(broker, self.accepted, v, [payload for _, payload in self.uncertain])
        broker.stop()

    def test_subscriptions_and_sessions(self):
        """UNSUBACK is a promise, too: it waits; new durable sessions and their subscriptions are
        refused"""
        broker = self.with_store()
        self.owe(broker)
        blue = self.durable("other", broker=broker)
        blue.subscribe(self.topic("old"), qos=1)
        self.fail_writing(broker)
        blue.send(subscribe(100, [(self.topic("new"), options(1))]),
                  unsubscribe(101, [self.topic("old")]))
        self.await_refusal(broker)
        self.durable("late", 4, broker=broker, reason=3)
        self.let_time_pass(1.5)
        self.others_go_on(broker)
        blue.socket.setblocking(False)
        try:
            blue.buffer += blue.socket.recv(4096)
        except BlockingIOError:
            pass
        blue.socket.settimeout(DEADLINE_S)
        early = blue.take()  # the log may know of the disk before a worker does
        if early:
            blue.check(early, SUBACK, {"packet_id": 100, "reasons": [0x97]})
        self.assertIsNone(blue.take())
        self.mend_disk(broker)
        if not early:
            blue.expect(SUBACK, packet_id=100, reasons=[1])
        blue.expect(UNSUBACK, packet_id=101)
        self.await_log(broker, WELL)
        self.durable("late", broker=broker)
        broker = self.restart(broker)
        blue = self.durable("other", broker=broker)
        self.assertTrue(blue.connack.session_present)
        green = self.client("grey", broker=broker)
        green.publish(self.topic("old"), b"old", 1)
        green.publish(self.topic("new"), b"new", 1)
        if not early:
            blue.expect_message(self.topic("new"), b"new")
        blue.expect_silence()
        broker.stop()

    def test_retained(self):
        """a retained message that cannot be kept is not acknowledged"""
        broker = self.with_store()
        self.owe(broker)
        self.green.publish(self.topic("kept"), b"old", 1, retain=True)
        self.fail_writing(broker)
        packet_id = self.green.next_packet_id()
        self.green.send(publish(self.topic("kept"), b"new", 1, packet_id, retain=True))
        self.others_go_on(broker)
        self.let_time_pass(1.5)
        self.others_go_on(broker)
        self.green.socket.setblocking(False)
        try:
            self.green.buffer += self.green.socket.recv(4096)
        except BlockingIOError:
            pass  # it waits: the log may know of the disk before a worker does
        answer = self.green.take()
        if answer:
            self.green.check(answer, PUBACK, {"packet_id": packet_id, "reason": 0x97})
        broker = self.restart(broker)
        reader = self.client("reader", broker=broker)
        reader.subscribe(self.topic("kept"))
        reader.expect_publish(self.topic("kept"), b"old")
        broker.stop()

    def test_stop_while_failing(self):
        """SIGTERM while nothing can be written: it ends, in bounded time, and says what is lost"""
        broker = self.with_store()
        self.owe(broker)
        self.fail_writing(broker)
        broker.process.terminate()
        broker.process.wait(3 * DEADLINE_S)
        self.assertIn("given up", broker.log())
        broker = self.with_store()
        self.blue_gets(broker, self.accepted, 5, [payload for _, payload in self.uncertain])
        broker.stop()


class Full(Disk):
    LIMIT = "store_size_max 10MiB"

    def fill(self, broker):
        """Publishes until 0x97."""
        number = 0
        while number < 4000:
            number += 1
            payload = b"%06d" % number + b"x" * 20000
            answer = self.green.publish(self.topic("owed"), payload, 1)
            if answer.reason == 0x97:
                self.assertGreater(number, 100)
                return
            self.assertLess(answer.reason, 0x80)
            self.accepted.append(payload)
        self.fail("it is never full")

    def test_full(self):
        """store_size_max is reached: 0x97, others go on, and it is still so after kill -9; there is
        room again when the messages have been fetched"""
        broker = self.with_store(self.LIMIT)
        self.owe(broker)
        self.fill(broker)
        self.await_log(broker, NEARLY_FULL)
        self.others_go_on(broker)
        broker = self.restart(broker, self.LIMIT)
        self.await_log(broker, NEARLY_FULL)
        green = self.client("grey", broker=broker)
        self.eventually(lambda: green.publish(self.topic("owed"), b"x" * 20000, 1).reason == 0x97,
                        "refused again")
        self.others_go_on(broker)
        self.drain(broker)
        self.await_log(broker, ROOM)
        self.eventually(lambda: green.publish(self.topic("owed"), b"y", 1).reason < 0x80,
                        "accepted again")
        broker.stop()

    def drain(self, broker):
        """blue fetches what was accepted, in order, and whatever grey was still allowed."""
        blue = self.durable("blue", broker=broker)
        for payload in self.accepted:
            blue.expect_message(self.topic("owed"), payload)
        blue.ping()

    def test_v4_is_held(self):
        """who cannot be told is held until there is room"""
        broker = self.with_store(self.LIMIT)
        self.owe(broker)
        self.fill(broker)
        self.await_log(broker, NEARLY_FULL)
        old = self.client("old", 4, broker=broker)
        packets = [publish(self.topic("owed"), b"old %d" % number, 1, 1 + number, v=4)
                   for number in range(10)]
        old.send(*packets)
        old.expect(PUBACK, packet_id=1)  # it is seen then that there is no room
        self.let_time_pass(1.5)
        self.others_go_on(broker)
        old.socket.setblocking(False)
        self.assertRaises(BlockingIOError, old.socket.recv, 1)
        old.socket.settimeout(DEADLINE_S)
        blue = self.durable("blue", broker=broker)
        for payload in self.accepted:
            blue.expect_message(self.topic("owed"), payload)
        for number in range(10):
            if number > 0:
                old.expect(PUBACK, packet_id=1 + number)
            blue.expect_message(self.topic("owed"), b"old %d" % number)
        broker.stop()

    def test_file_system_is_full(self):
        """a file system without room: as a disk that fails, until somebody makes room"""
        self.mount("40m")
        with open(self.path("ballast"), "wb") as ballast:
            ballast.write(bytes(20 << 20))
        broker = self.with_store()
        self.owe(broker)
        waiting = []
        while FAILING not in broker.log() and len(waiting) < 4000:
            packet_id, payload = self.green.next_packet_id(), b"%06d" % len(waiting) + b"x" * 20000
            self.green.send(publish(self.topic("owed"), payload, 1, packet_id))
            waiting.append((packet_id, payload))
            if len(waiting) % 20 == 0:
                self.green.ping()
        refused = set()
        self.others_go_on(broker)
        os.unlink(self.path("ballast"))
        for packet_id, payload in waiting:
            answer = self.green.await_kind(PUBACK, packet_id=packet_id)
            if answer.reason >= 0x80:
                refused.add(packet_id)
            else:
                self.accepted.append(payload)
        self.eventually(lambda: WELL in broker.log() or ROOM in broker.log(), "it is well again")
        broker = self.restart(broker)
        self.blue_gets(broker, self.accepted)
        broker.stop()

    def mount(self, size):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "midge-test",
                               self.directory], check=False, stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            self.skipTest("a file system may not be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.directory], check=False)


class Gone(Disk):
    def test_removed(self):
        """the store is removed under the broker: clients go on; the next start begins anew"""
        broker = self.with_store()
        self.owe(broker)
        shutil.rmtree(self.path("store"))
        self.others_go_on(broker)
        self.publish_accepted(b"into the void")
        broker = self.restart(broker)
        self.others_go_on(broker)
        self.assertFalse(self.durable("blue", broker=broker).connack.session_present)
        broker.stop()


if __name__ == "__main__":
    main()
