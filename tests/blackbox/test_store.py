"""The store: where it lies, whose file it leaves alone, and what is there after a restart.

What survives a crash under load is shown by tests/crash; here the broker is looked at as a program.
"""

import os
import re
import signal
import subprocess
import tempfile

from mqtt import *
from story import Settings, Story, is_mosquitto, main, matrix, versions

MOSQUITTO_HEAD = b"\0\xb5\0mosquitto db\0\0\0\0\0\0\0\6"


class Stored(Story):
    def setUp(self):
        super().setUp()
        if is_mosquitto():
            self.skipTest("midged only")
        self.directory = tempfile.TemporaryDirectory(prefix="midge-test-")
        os.chmod(self.directory.name, 0o777)
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def with_store(self, *directives, **how):
        broker = self.own_broker("persistence true", f"persistence_location {self.path('store')}",
                                 *directives, **how)
        broker.await_log("The store is")
        return broker

    def run_with_store(self, *lines, arguments=()):
        """Runs a broker that is to end by itself."""
        with open(self.path("conf"), "w", encoding="utf-8") as out:
            out.write("\n".join(["listener 0 " + self.path("socket"), *lines]) + "\n")
        return subprocess.run([Settings.program, "-c", self.path("conf"), *arguments],
                              capture_output=True, text=True, timeout=DEADLINE_S,
                              stdin=subprocess.DEVNULL, check=False)

    def end(self, broker, number):
        """SIGTERM or SIGKILL; returns when it is gone."""
        if number == signal.SIGTERM:
            for link in self.links:
                link.close()
            broker.stop()
        else:
            broker.process.kill()
            broker.process.wait()


class Place(Stored):
    def test_made_where_it_is_missing(self):
        """the directory is made, for the broker's user alone; the log says where the store is"""
        broker = self.with_store()
        self.assertIn(f"The store is {self.path('store/midge.db')}.", broker.log())
        self.assertEqual(os.stat(self.path("store")).st_mode & 0o777, 0o700)
        self.assertTrue(os.path.exists(self.path("store/midge.db")))
        broker.stop()

    def test_not_touched(self):
        """--test-config looks at the configuration, not at the store; persistence false has none"""
        lines = [f"persistence_location {self.path('store')}"]
        result = self.run_with_store(*lines, arguments=["--test-config"])
        self.assertEqual(result.returncode, 0)
        self.assertFalse(os.path.exists(self.path("store")))
        broker = self.own_broker("persistence false", *lines)
        self.assertFalse(os.path.exists(self.path("store")))
        broker.stop()

    def test_bad_place(self):
        """a place that cannot be: 1, and a sentence with a remedy"""
        for location in (self.path("not/there"), "/proc/midge"):
            result = self.run_with_store(f"persistence_location {location}")
            self.assertEqual(result.returncode, 1)
            self.assertIn(location, result.stderr)
            self.assertIn("persistence false", result.stderr)

    def test_in_use(self):
        """a store that another broker has open: 1, and a sentence"""
        broker = self.with_store()
        result = self.run_with_store(f"persistence_location {self.path('store')}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("store", result.stderr)
        self.client("blue", broker=broker).ping()
        broker.stop()

    def test_file_of_mosquittos(self):
        """mosquitto.db of mosquitto's own is left alone, and there is a word on moving in, once"""
        os.mkdir(self.path("store"))
        os.chmod(self.path("store"), 0o777)
        with open(self.path("store/mosquitto.db"), "wb") as file:
            file.write(MOSQUITTO_HEAD)
        for is_first in (True, False):
            broker = self.with_store("persistence_file mosquitto.db")
            self.client("blue", broker=broker).ping()
            broker.stop()
            self.assertEqual("midge store import" in broker.last_log, is_first)
            with open(self.path("store/mosquitto.db"), "rb") as file:
                self.assertEqual(file.read(), MOSQUITTO_HEAD)
        self.assertTrue(os.path.exists(self.path("store/mosquitto.db.midge")))

    def test_loss_is_told(self):
        """durability other than always says at start and at reload what may be lost"""
        broker = self.with_store("durability interval 5")
        self.eventually(lambda: "durability interval 5: up to 5 s of acknowledged" in broker.log(),
                        "the loss is told")
        with open(broker.configuration_path, encoding="utf-8") as file:
            lines = file.read()
        with open(broker.configuration_path, "w", encoding="utf-8") as file:
            file.write(lines.replace("interval 5", "off"))
        broker.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: "durability off: all that was" in broker.log(), "it is told again")
        broker.stop()


class Restart(Stored):
    @matrix
    @versions(4, 5)
    def test_session_and_queue(self, v):
        """[MQTT-3.1.2-5][MQTT-4.1.0-1] sessions, subscriptions and queues survive a restart"""
        for number in (signal.SIGTERM, signal.SIGKILL):
            broker = self.with_store()
            for index in range(20):
                blue = self.durable(f"blue{index}", v, broker=broker)
                blue.subscribe(self.topic(f"t{index}"), qos=2)
                blue.disconnect()
            green = self.client("green", v, broker=broker)
            for index in range(20):
                for place in range(10):
                    green.publish(self.topic(f"t{index}"), b"%d" % place, 1 + place % 2)
            self.end(broker, number)
            broker = self.with_store()
            for index in range(20):
                blue = self.durable(f"blue{index}", v, broker=broker)
                self.assertTrue(blue.connack.session_present)
                for place in range(10):
                    blue.expect_message(self.topic(f"t{index}"), b"%d" % place, dup=False)
                blue.ping()
                self.client(f"blue{index}", v, broker=broker).disconnect()
            self.end(broker, signal.SIGTERM)

    @matrix
    @versions(4, 5)
    def test_retained(self, v):
        """[MQTT-3.3.1-5] retained messages are there after a restart; removed ones are not"""
        for number in (signal.SIGTERM, signal.SIGKILL):
            broker = self.with_store()
            green = self.client("green", v, broker=broker)
            for index in range(30):
                green.publish(self.topic(f"r{index}"), b"%d" % index, 1, retain=True)
                if index % 3 == 0:
                    green.publish(self.topic(f"r{index}"), b"", 1, retain=True)
            self.end(broker, number)
            broker = self.with_store()
            blue = self.client("blue", v, broker=broker)
            blue.subscribe(self.topic("#"))
            got = {}
            for _ in range(20):
                packet = blue.await_kind(PUBLISH)
                got[packet.topic] = packet.payload
            blue.ping()
            self.assertEqual(got, {self.topic(f"r{index}"): b"%d" % index
                                   for index in range(30) if index % 3 != 0})
            for topic in got:
                self.client("green", v, broker=broker).publish(topic, b"", 1, retain=True)
            self.end(broker, signal.SIGTERM)

    @versions(4, 5)
    def test_clean_sessions_end(self, v):
        """[MQTT-3.1.2-6] what was to end with its connection is not there after a restart"""
        for number in (signal.SIGTERM, signal.SIGKILL):
            broker = self.with_store()
            self.client("blue", v, broker=broker).subscribe(self.topic(), qos=1)
            self.end(broker, number)
            broker = self.with_store()
            self.assertFalse(self.durable("blue", v, broker=broker).connack.session_present)
            self.client("blue", v, broker=broker)
            self.end(broker, signal.SIGTERM)

    def test_durability_off(self):
        """durability off: an orderly end keeps everything, nothing is written before"""
        broker = self.with_store("durability off")
        blue = self.durable("blue", broker=broker)
        blue.subscribe(self.topic(), qos=1)
        blue.disconnect()
        self.client("green", broker=broker).publish(self.topic(), b"x", 1)
        broker.stop()
        broker = self.with_store("durability off")
        blue = self.durable("blue", broker=broker)
        self.assertTrue(blue.connack.session_present)
        blue.expect_message(self.topic(), b"x")
        broker.process.kill()
        broker.process.wait()

    def test_durability_at_reload(self):
        """from durability off or interval to always: what was acknowledged before survives, too"""
        for before in ("durability off", "durability interval 86400"):
            topic = self.topic(before.split()[1])
            broker = self.with_store(before)
            blue = self.durable("blue", broker=broker)
            blue.subscribe(topic, qos=1)
            blue.disconnect()
            green = self.client("green", broker=broker)
            green.publish(topic, b"before", 1, retain=True)
            with open(broker.configuration_path, encoding="utf-8") as file:
                lines = file.read()
            with open(broker.configuration_path, "w", encoding="utf-8") as file:
                file.write(lines.replace(before, "durability always"))
            broker.process.send_signal(signal.SIGHUP)
            broker.await_log("durability always: what is")
            green.publish(topic, b"behind", 1)
            self.end(broker, signal.SIGKILL)
            broker = self.with_store()
            blue = self.durable("blue", broker=broker)
            self.assertTrue(blue.connack.session_present)
            blue.expect_message(topic, b"before", dup=False)
            blue.expect_message(topic, b"behind", dup=False)
            self.client("blue", broker=broker).subscribe(topic)
            self.end(broker, signal.SIGTERM)

    def test_restored_is_told(self):
        """the log says how much was restored"""
        broker = self.with_store()
        self.durable("blue", broker=broker).disconnect()
        self.client("green", broker=broker).publish(self.topic(), b"x", 1, retain=True)
        broker.stop()
        broker = self.with_store()
        line = re.compile(r"Restored 1 session and 1 retained message from .*midge\.db in \d+ ms\.")
        self.eventually(lambda: line.search(broker.log()), "the line is there")
        broker.stop()


class Full(Stored):
    def test_full_store(self):
        """store_size_max is reached: 0x97 for v5, and service again when there is room"""
        broker = self.with_store("store_size_max 10MiB", "max_queued_messages 0", threads=1)
        blue = self.durable("blue", broker=broker)
        blue.subscribe(self.topic(), qos=1)
        blue.disconnect()
        green = self.client("green", broker=broker)
        accepted = 0
        while accepted < 2000:
            packet_id = green.next_packet_id()
            green.send(publish(self.topic(), b"x" * 65536, 1, packet_id))
            answer = green.await_kind(PUBACK)
            if answer.reason == 0x97:
                break
            accepted += 1
        self.assertGreater(accepted, 20)
        self.assertLess(accepted, 2000)
        self.eventually(lambda: "until there is room" in broker.log(), "the log says so")
        blue = self.durable("blue", broker=broker)
        for _ in range(accepted):
            blue.acknowledge(blue.await_kind(PUBLISH))
        blue.ping()
        self.eventually(lambda: "has room again" in broker.log(), "the log says so")
        green.publish(self.topic(), b"y", 1)
        blue.expect_message(self.topic(), b"y")
        broker.stop()


if __name__ == "__main__":
    main()
