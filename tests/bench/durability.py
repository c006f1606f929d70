#!/usr/bin/python3
"""durability.py: what it costs that acknowledged means durable; run by `make bench-durability`.

    durability.py [--broker PROGRAM] [--folder DISK] [--only rate,latency] [--scale N]

Every case starts brokers of its own on an empty store. Ratios come from the same run, in turn
(A B A B); the disk is measured beside them. Figures can be compared only when the machine does
nothing else. --scale 10 makes everything ten times smaller, for a first look.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "crash"))

from server import UNBOUNDED, Server  # noqa: E402
from broker import raise_descriptor_limit  # noqa: E402
from mqtt import Link, options, subscribe  # noqa: E402


class Bench:
    def __init__(self, chosen):
        self.chosen = chosen
        self.rows = []

    # ---- brokers and load ----

    def broker(self, *directives, threads=None, folder=None):
        folder = folder or tempfile.mkdtemp(prefix="midge-bench-", dir=self.chosen.folder)
        server = Server(self.chosen.broker, folder, (*UNBOUNDED, *directives))
        server.start(threads or self.chosen.threads)
        self.await_listening(server)
        return server

    def await_listening(self, server):
        while True:
            try:
                link = Link(server.port, 4)
            except OSError:
                if not server.is_alive():
                    sys.exit(f"the broker ended:\n{server.log()}")
                continue
            link.connect("bench-first")
            link.close()
            return

    def end(self, server):
        server.release()
        shutil.rmtree(server.folder)

    def command(self, server, how):
        arguments = [self.chosen.load, "--port", str(server.port), "--pid", str(server.process.pid)]
        for name, value in how.items():
            arguments += [f"--{name}"] if value is True else [f"--{name}", str(value)]
        return arguments

    def load(self, server, **how):
        done = subprocess.run(self.command(server, how), stdout=subprocess.PIPE, check=False)
        if done.returncode:
            sys.exit(f"{done.args}: {done.returncode}\n{server.log()}")
        return json.loads(done.stdout)

    def scaled(self, count):
        return max(1, count // self.chosen.scale)

    def tell(self, what, figure, budget=""):
        self.rows.append((what, figure, budget))
        print(f"{what:58} {figure:>28}   {budget}", flush=True)

    # ---- the disk ----

    def commit_us(self):
        """p50 and p99 of one write of 4 KiB with fdatasync."""
        path = os.path.join(self.chosen.folder, f"midge-bench-{os.getpid()}")
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        os.pwrite(file, bytes(4096 * 64), 0)
        os.fsync(file)
        took = []
        for turn in range(500):
            os.pwrite(file, bytes([turn % 256]) * 4096, 4096 * (turn % 64))
            begin = time.perf_counter()
            os.fdatasync(file)
            took.append((time.perf_counter() - begin) * 1e6)
        os.close(file)
        os.unlink(path)
        took.sort()
        return took[len(took) // 2], took[len(took) * 99 // 100]

    # ---- cases ----

    def case_disk(self):
        p50, p99 = self.commit_us()
        self.tell("disk: fdatasync of 4 KiB, p50 / p99", f"{p50:.0f} / {p99:.0f} µs")

    def case_rate(self):
        """QoS 1 to durable sessions that are away, 1000 publishers."""
        rates = {"off": [], "always": []}
        for level in ("off", "always") * 3:
            server = self.broker(f"durability {level}")
            rates[level].append(self.load(
                server, sessions=1000, publishers=1000, window=20, size=100,
                messages=self.scaled(1_000_000))["rate"])
            self.end(server)
        ratio = statistics.median(a / o for a, o in zip(rates["always"], rates["off"]))
        off, always = (statistics.median(rates[level]) for level in ("off", "always"))
        self.tell("rate: QoS 1 to sessions away, 1000 publishers, off", f"{off:,.0f}/s")
        self.tell("rate: the same, durability always", f"{always:,.0f}/s = {100 * ratio:.0f} %",
                  "at least 50 %")

    def case_latency(self):
        server = self.broker()
        one = self.load(server, sessions=100, publishers=100, rate=1000, size=100,
                        messages=self.scaled(10_000))
        self.end(server)
        self.tell("latency: PUBLISH to PUBACK at 1000/s, p50 / p99",
                  f"{one['ack_p50_us'] / 1000:.2f} / {one['ack_p99_us'] / 1000:.2f} ms",
                  "2 / 10 ms")

    def case_alone(self):
        server = self.broker()
        commits, alones = [], []
        for turn in range(3):
            commits.append(self.commit_us()[0])
            alones.append(self.load(server, sessions=1, publishers=1, window=1, size=100,
                                    prefix=f"a{turn}/",
                                    messages=self.scaled(1000))["ack_p50_us"])
        self.end(server)
        ratio = statistics.median(a / c for a, c in zip(alones, commits))
        self.tell("alone: one durable message, PUBLISH to PUBACK, p50",
                  f"{statistics.median(alones):.0f} µs = {ratio:.1f} commits", "at most 3 commits")

    def case_at_once(self):
        """Durable receivers that acknowledge at once, beside receivers that are not durable."""
        costs, written = {True: [], False: []}, []
        messages = self.scaled(1_000_000)
        for is_clean in (True, False) * 3:
            server = self.broker()
            one = self.load(server, sessions=100, stay=True, publishers=100, window=64, size=16,
                            messages=messages, **({"clean": True} if is_clean else {}))
            costs[is_clean].append(one["cpu_ns"])
            if not is_clean:
                written.append(one["written"] / messages)
            self.end(server)
        ratio = statistics.median(d / c for d, c in zip(costs[False], costs[True]))
        self.tell("at once: broker's CPU a message, receivers not durable",
                  f"{statistics.median(costs[True]):.0f} ns")
        self.tell("at once: the same, durable receivers",
                  f"{statistics.median(costs[False]):.0f} ns = {100 * ratio:.0f} %",
                  "at most 110 %")
        self.tell("at once: bytes written a message", f"{statistics.median(written):.2f}", "0")

    def case_bytes(self):
        """A hundred messages come together, to one session and to a hundred; then nothing does."""
        messages = self.scaled(100_000)
        server = self.broker()
        for sessions, budget in ((1, "at most 1024"), (100, "")):
            one = self.load(server, sessions=sessions, publishers=1, window=200, size=100,
                            messages=messages, prefix=f"b{sessions}/")
            self.tell(f"bytes: written a queued message of 100 bytes, {sessions} away",
                      f"{one['written'] / messages:.0f}", budget)
        before = self.written(server)
        time_passes(5)
        self.tell("bytes: written in 5 s without traffic",
                  f"{self.written(server) - before}", "0")
        self.end(server)

    def case_others(self):
        """Delivery times of others at QoS 0, beside a stream into the store."""
        p99 = {"off": [], "always": []}
        for level in ("off", "always") * 3:
            server = self.broker(f"durability {level}")
            stream = subprocess.Popen(self.command(server, {
                "sessions": 100, "publishers": 20, "rate": 5000, "size": 1000,
                "messages": self.scaled(40_000)}), stdout=subprocess.DEVNULL)
            one = self.load(server, sessions=20, stay=True, clean=True, publishers=20, qos=0,
                            rate=1000, size=16, prefix="o/", messages=self.scaled(5000))
            p99[level].append(one["delivery_p99_us"])
            stream.wait()
            self.end(server)
        off, always = (statistics.median(p99[level]) for level in ("off", "always"))
        self.tell("others: their p99 beside 5000/s to the store, off", f"{off:.0f} µs")
        self.tell("others: the same, durability always",
                  f"{always:.0f} µs = {100 * always / off:.0f} %", "80 to 120 %")

    def case_memory(self):
        messages = self.scaled(1_000_000)
        for level, budget in (("always", "at most 16"), ("off", "at most 110 and the message")):
            server = self.broker(f"durability {level}")
            self.load(server, sessions=1000, messages=0)
            before = self.anonymous_memory(server)
            self.load(server, publishers=100, window=64, size=100, messages=messages,
                      topics=1000)
            time_passes(2)
            grown = self.anonymous_memory(server) - before
            self.tell(f"memory: a queued message of 100 bytes, {level}",
                      f"{grown / messages:.1f} bytes", budget)
            self.end(server)

    def case_restart(self):
        """1 M retained, 100 k sessions, 1 M queued; kill -9; how soon is there a CONNACK?"""
        sessions, retained = self.scaled(100_000), self.scaled(1_000_000)
        server = self.broker()
        self.load(server, sessions=sessions, messages=0)
        self.load(server, publishers=100, window=64, size=16, messages=retained, topics=retained,
                  prefix="r/", retain=True)
        self.load(server, publishers=100, window=64, size=100, messages=10 * sessions,
                  topics=sessions)
        size = sum(os.path.getsize(os.path.join(server.store_path, name))
                   for name in os.listdir(server.store_path))
        for _ in range(3):
            server.kill()
            begin = time.perf_counter()
            server.start(self.chosen.threads)
            self.await_listening(server)
            first = time.perf_counter() - begin
            link = Link(server.port, 4)
            link.connect("s-q/-0", clean=False)
            assert link.connack.session_present, "a session is gone"
            resumed = time.perf_counter() - begin
            link.send(subscribe(9, [(f"r/{retained - 1}", options(1))], v=4))
            while not getattr(link.receive(), "retain", False):
                pass  # the queue comes as well
            served = time.perf_counter() - begin
            link.close()
            self.tell(f"restart: a store of {size >> 20} MiB, first CONNACK", f"{first:.2f} s",
                      "at most 2 s")
            self.tell("restart: a session resumed / a retained message served",
                      f"{resumed:.2f} / {served:.2f} s")
        one = self.load(server, sessions=sessions // 10, drain=True, messages=sessions)
        self.tell("restart: and a tenth of the sessions drain their queues",
                  f"{one['delivered']} of {sessions}")
        self.end(server)

    # ---- looking at the broker ----

    def written(self, server):
        with open(f"/proc/{server.process.pid}/io", encoding="ascii") as io:
            return next(int(line.split()[1]) for line in io if line.startswith("write_bytes"))

    def anonymous_memory(self, server):
        """What is not the page cache's, swapped out or not: the store's map is no memory of the
        broker's own."""
        with open(f"/proc/{server.process.pid}/status", encoding="ascii") as status:
            return sum(int(line.split()[1]) * 1024 for line in status
                       if line.startswith(("RssAnon", "VmSwap")))


def time_passes(seconds):
    """For what is counted in seconds."""
    threading.Event().wait(seconds)


CASES = ("disk", "rate", "latency", "alone", "at_once", "bytes", "others", "memory", "restart")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--broker", default=os.environ.get("MIDGED", "build/bin/midged"))
    parser.add_argument("--load", default="build/bench/durability_load")
    parser.add_argument("--folder", default=tempfile.gettempdir(), help="where the stores lie")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", default=",".join(CASES))
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--json", help="a file for the figures")
    chosen = parser.parse_args()
    chosen.broker = os.path.abspath(chosen.broker)
    raise_descriptor_limit()
    bench = Bench(chosen)
    for name in chosen.only.split(","):
        if name not in CASES:
            sys.exit(f"no case {name}; there are {', '.join(CASES)}")
        getattr(bench, f"case_{name}")()
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as out:
            json.dump(bench.rows, out, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
