"""broker.py: starts a broker for a test, waits until it listens, and looks at how it ends.

    with Broker(program, ["max_inflight_messages 5"], threads=2) as broker:
        Link(broker.port) ...

Any broker that reads mosquitto's configuration will do. The program comes from --broker or from the
environment (MIDGED). Ports are taken between 12000 and 31999 and kept for this process by the name
of an abstract socket, so that tests that run side by side never meet.
"""

import ctypes
import os
import random
import resource
import signal
import socket
import subprocess
import tempfile

from mqtt import DEADLINE_S

REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "MemorySanitizer",
           "runtime error:", "Assertion", "assertion failed")
START_S = 3 * DEADLINE_S
STOP_S = 3 * DEADLINE_S


class Port:
    """A TCP port of the loopback interface that is ours until release()."""

    def __init__(self):
        picks = random.Random()
        for _ in range(1000):
            number = picks.randrange(12000, 32000)
            self.lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                self.lock.bind(f"\0midge-test-port-{number}")
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", number))
            except OSError:
                self.lock.close()
                continue
            self.number = number
            return
        raise RuntimeError("no free port")

    def release(self):
        self.lock.close()


def raise_descriptor_limit():
    """As many descriptors as this machine allows, for us and for the brokers we start."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Broker:
    """A running broker. `directives` are lines of the configuration after the listener's. What it
    stores it stores in its own directory, and only if `has_store` or a directive says so."""

    has_store = False

    def __init__(self, program, directives=(), threads=2, arguments=()):
        self.program = program
        self.is_mosquitto = os.path.basename(program).startswith("mosquitto")
        self.directory = tempfile.TemporaryDirectory(prefix="midge-test-")
        os.chmod(self.directory.name, 0o755)
        self.port_lock = Port()
        self.port = self.port_lock.number
        self.configuration_path = os.path.join(self.directory.name, "broker.conf")
        self.log_path = os.path.join(self.directory.name, "log")
        with open(self.configuration_path, "w", encoding="utf-8") as out:
            out.write("\n".join(self.lines(directives, threads)) + "\n")
        command = [program, "-c", self.configuration_path, *arguments]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.wait_until_ready()

    def lines(self, directives, threads):
        given = {line.split()[0] for line in directives}
        defaults = ["allow_anonymous true", "log_dest stderr", "log_type error",
                    "log_type warning", "log_type notice", "log_type information",
                    "persistence true" if self.has_store else "persistence false",
                    f"persistence_location {os.path.join(self.directory.name, 'store')}/"]
        if not self.is_mosquitto:
            defaults.append(f"threads {threads}")
        start = [line for line in defaults if line.split()[0] not in given]
        return start + [f"listener {self.port} 127.0.0.1", *directives]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_until_ready(self):
        for _ in range(int(START_S / 0.02)):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=START_S).close()
                return
            except ConnectionRefusedError:
                pass
            try:
                status = self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"{self.program} ended with status {status}:\n{self.log()}")
        self.process.kill()
        raise AssertionError(f"{self.program} does not listen after {START_S} s:\n{self.log()}")

    def await_log(self, words):
        """Its port is open before it has its store, and before it has said what there is to say."""
        for _ in range(int(START_S / 0.02)):
            if words in self.log():
                return
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
        raise AssertionError(f"{words!r} is not in the log:\n{self.log()}")

    def is_alive(self):
        return self.process.poll() is None

    def memory_bytes(self):
        """Resident memory of the process."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()

    def stop(self):
        """Ends the broker with SIGTERM; complains about everything it should not have done."""
        complaints = []
        if not self.is_alive():
            complaints.append(f"it had ended by itself with status {self.process.returncode}")
        else:
            self.process.send_signal(signal.SIGTERM)
            try:
                status = self.process.wait(STOP_S)
                if status != 0:
                    complaints.append(f"it ended with status {status} after SIGTERM")
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                complaints.append(f"it did not end within {STOP_S} s after SIGTERM")
        log = self.last_log = self.log()
        complaints += [f"its log says {word}" for word in REPORTS if word in log]
        self.port_lock.release()
        self.directory.cleanup()
        if complaints:
            raise AssertionError(f"{self.program}: {'; '.join(complaints)}\n{log[-6000:]}")
