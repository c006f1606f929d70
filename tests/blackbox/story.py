"""story.py: how a test of this folder is told, and how a file of them is run.

A test is a method whose docstring names the statements it shows, then says in a sentence what
happens. It may take a protocol version (decorator @versions) and is then told once for each.

All tests of a file share one broker for each configuration; so that they do not meet, each telling
has client identifiers and topics of its own: self.name("blue"), self.topic("a/b").

    test_sessions.py --broker build/bin/midged --threads 8 --matrix
"""

import argparse
import functools
import os
import sys
import threading
import unittest

import mqtt
from broker import Broker, raise_descriptor_limit
from mqtt import Link


class Settings:
    """What the command line said, and the brokers that run."""
    program = None
    threads = 2
    matrix_only = False
    brokers = {}
    tellings = 0


def is_mosquitto():
    return os.path.basename(Settings.program).startswith("mosquitto")


def versions(*wanted):
    """Tells the story once for each of these protocol versions: 3 (3.1), 4 (3.1.1), 5."""
    def decorate(method):
        @functools.wraps(method)
        def told(self):
            for v in wanted:
                with self.subTest(v=v):
                    self.begin_telling()
                    try:
                        method(self, v)
                    finally:
                        self.end_telling()
        return told
    return decorate


def matrix(method):
    """Also told with one thread and with eight."""
    method.in_matrix = True
    return method


def midged_only(why):
    """Needs a directive or a promise that is ours."""
    def decorate(method):
        @functools.wraps(method)
        def told(self, *arguments):
            if is_mosquitto():
                self.skipTest(f"midged only: {why}")
            method(self, *arguments)
        return told
    return decorate


def mosquitto_deviates(why):
    """Debian's mosquitto 2.0.11 is known not to keep to what this story shows. Innermost."""
    def decorate(method):
        @functools.wraps(method)
        def told(self, *arguments):
            try:
                method(self, *arguments)
            except AssertionError:
                if not is_mosquitto():
                    raise
                self.skipTest(f"mosquitto 2.0.11: {why}")
        return told
    return decorate


class Story(unittest.TestCase):
    directives = ()  # of the broker this class of stories runs against
    maxDiff = None

    def setUp(self):
        method = getattr(self, self._testMethodName)
        if Settings.matrix_only and not getattr(method, "in_matrix", False):
            self.skipTest("not in the matrix of thread counts")
        self.links = []
        self.begin_telling()

    def tearDown(self):
        self.end_telling()

    def begin_telling(self):
        Settings.tellings += 1
        self.telling = f"{Settings.tellings:x}"

    @property
    def broker(self):
        """Started when first asked for."""
        return broker_with(tuple(self.directives))

    def end_telling(self):
        for link in self.links:
            link.close()
        self.links.clear()
        broker = Settings.brokers.get(tuple(self.directives))
        if broker and not broker.is_alive():
            del Settings.brokers[tuple(self.directives)]
            broker.stop()

    def use(self, *directives):
        """Tells this story to a broker with these directives."""
        self.directives = directives

    def own_broker(self, *directives, threads=None, **how):
        """A broker for this test alone; the caller stops it."""
        broker = Broker(Settings.program, directives, threads or Settings.threads, **how)
        self.addCleanup(lambda: broker.is_alive() and broker.process.kill())
        return broker

    def name(self, short=""):
        return f"{self.telling}-{short}"

    def topic(self, rest=""):
        return f"s{self.telling}/{rest}"

    def link(self, v=5, name="", broker=None, **how):
        link = Link((broker or self.broker).port, v, name, **how)
        self.links.append(link)
        return link

    def client(self, short="", v=5, reason=0, broker=None, clean=True, receive_buffer=None, **how):
        """A link that has connected under self.name(short)."""
        link = self.link(v, short, broker, receive_buffer=receive_buffer)
        link.connect(self.name(short), reason=reason, clean=clean, **how)
        return link

    def durable(self, short, v=5, expiry=600, clean=False, **how):
        """A client whose session outlives the connection."""
        if v == 5:
            properties = dict(how.pop("properties", None) or {})
            properties.setdefault("session_expiry_interval", expiry)
            how["properties"] = properties
        return self.client(short, v, clean=clean, **how)

    def let_time_pass(self, seconds):
        """Only for what the standard itself counts in seconds."""
        threading.Event().wait(seconds)

    def eventually(self, ask, what):
        """Asks again until it holds. For what the broker does in its own time, without a packet."""
        pause = threading.Event()
        for _ in range(int(mqtt.DEADLINE_S / 0.05)):
            answer = ask()
            if answer:
                return answer
            pause.wait(0.05)
        raise AssertionError(f"not within {mqtt.DEADLINE_S} s: {what}")


def broker_with(directives):
    if directives not in Settings.brokers:
        Settings.brokers[directives] = Broker(Settings.program, directives, Settings.threads)
    return Settings.brokers[directives]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--broker", default=os.environ.get("MIDGED"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--matrix", action="store_true", help="only what is told at each count")
    parser.add_argument("--store", action="store_true", help="each broker on a store of its own")
    parser.add_argument("-k", dest="only", action="append", help="only tests with this in the name")
    parser.add_argument("-f", "--failfast", action="store_true")
    chosen = parser.parse_args()
    if not chosen.broker or not os.access(chosen.broker, os.X_OK):
        sys.exit(f"no broker to test: --broker or MIDGED ({chosen.broker})")
    Settings.program = os.path.abspath(chosen.broker)
    Settings.threads, Settings.matrix_only = chosen.threads, chosen.matrix
    Broker.has_store = chosen.store
    Link.reasons_are_optional = is_mosquitto()
    raise_descriptor_limit()
    loader = unittest.TestLoader()
    if chosen.only:
        loader.testNamePatterns = [f"*{pattern}*" for pattern in chosen.only]
    suite = loader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(verbosity=2, failfast=chosen.failfast).run(suite)
    good = result.wasSuccessful()
    for broker in list(Settings.brokers.values()):
        try:
            broker.stop()
        except AssertionError as complaint:
            print(complaint, file=sys.stderr)
            good = False
    sys.exit(0 if good else 1)
