"""midged as a program: how it starts, reloads, tells of itself and ends.

Nothing here is a statement of the standard; it is what an administrator and systemd rely on.
"""

import os
import signal
import socket
import subprocess
import tempfile

import broker as brokers
from mqtt import *
from story import Settings, Story, main


class Program(Story):
    def setUp(self):
        super().setUp()
        if os.path.basename(Settings.program).startswith("mosquitto"):
            self.skipTest("midged only")
        self.directory = tempfile.TemporaryDirectory(prefix="midge-test-")
        os.chmod(self.directory.name, 0o777)
        self.addCleanup(self.directory.cleanup)

    def path(self, name):
        return os.path.join(self.directory.name, name)

    def write(self, name, *lines):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        return self.path(name)

    def read(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def run_program(self, *arguments):
        return subprocess.run([Settings.program, *arguments], capture_output=True, text=True,
                              timeout=DEADLINE_S, stdin=subprocess.DEVNULL, check=False)

    def port(self):
        port = brokers.Port()
        self.addCleanup(port.release)
        return port.number

    def tell(self, broker, number):
        broker.process.send_signal(number)

    def await_log(self, broker, words, count=1):
        self.eventually(lambda: broker.log().count(words) >= count, f"{words!r} in the log")


class Start(Program):
    def test_test_config(self):
        """--test-config: 0 and a word for a good file, 3 and file, line, reason for a bad one"""
        good = self.write("good.conf", "listener 1883", "allow_anonymous true")
        bad = self.write("bad.conf", "listener 1883", "max_inflight_mesages 5")
        result = self.run_program("-c", good, "--test-config")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("OK", result.stdout)
        result = self.run_program("-c", bad, "--test-config")
        self.assertEqual(result.returncode, 3)
        self.assertIn("bad.conf:2", result.stderr)
        self.assertIn("max_inflight_messages", result.stderr)  # what was meant

    def test_bad_command_lines(self):
        """an option nobody knows, a missing file: 3, a sentence, and nothing started"""
        for arguments in (["--no-such-thing"], ["-c", self.path("missing.conf")], ["-p", "70000"]):
            result = self.run_program(*arguments)
            self.assertEqual(result.returncode, 3, arguments)
            self.assertNotEqual(result.stderr, "")
        self.assertEqual(self.run_program("--version").returncode, 0)
        self.assertEqual(self.run_program("--help").returncode, 0)
        self.assertEqual(self.run_program("-h", "max_keepalive").returncode, 0)

    def test_port_in_use(self):
        """a port in use: 1, and a sentence; the pid file of the one who has it stays"""
        pid_file = self.path("pid")
        broker = self.own_broker(f"pid_file {pid_file}")
        self.assertEqual(self.read("pid").strip(), str(broker.process.pid))
        config = self.write("second.conf", f"listener {broker.port} 127.0.0.1",
                            "allow_anonymous true", f"pid_file {pid_file}", "persistence false")
        result = self.run_program("-c", config)
        self.assertEqual(result.returncode, 1)
        self.assertIn("in use", result.stderr)
        self.assertEqual(self.read("pid").strip(), str(broker.process.pid))
        broker.stop()
        self.assertFalse(os.path.exists(pid_file))

    def test_daemon(self):
        """-d: the launcher ends with 0 once the broker listens; SIGTERM ends it"""
        port = self.port()
        config = self.write("d.conf", f"listener {port} 127.0.0.1", "allow_anonymous true",
                            f"log_dest file {self.path('log')}", f"pid_file {self.path('pid')}",
                            "persistence false")
        result = self.run_program("-c", config, "-d")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        pid = int(self.read("pid"))
        try:
            link = Link(port)
            link.connect("one")
            self.assertEqual(os.readlink(f"/proc/{pid}/fd/0"), "/dev/null")
        finally:
            os.kill(pid, signal.SIGTERM)
        link.expect(DISCONNECT, reason=0x8B)
        link.expect_closed()
        self.eventually(lambda: not os.path.exists(self.path("pid")), "the pid file is gone")
        self.assertIn("terminating", self.read("log"))

    def test_daemon_that_cannot_start(self):
        """-d with a port in use: the launcher ends with 1 and says why"""
        broker = self.own_broker()
        config = self.write("d.conf", f"listener {broker.port} 127.0.0.1", "allow_anonymous true",
                            "persistence false")
        result = self.run_program("-c", config, "-d")
        self.assertEqual(result.returncode, 1)
        self.assertIn("in use", result.stderr)
        broker.stop()


class Log(Program):
    def test_log_file(self):
        """log_dest file: everything is there, and a new file after SIGHUP when it was moved"""
        broker = self.own_broker(f"log_dest file {self.path('log')}", "log_type all",
                                 "log_timestamp false")
        Link(broker.port).connect("alpha")
        self.eventually(lambda: "as alpha" in self.read("log"), "alpha in the file")
        os.rename(self.path("log"), self.path("log.1"))
        self.tell(broker, signal.SIGHUP)
        self.eventually(lambda: os.path.exists(self.path("log")), "a new file")
        Link(broker.port).connect("beta")
        self.eventually(lambda: "as beta" in self.read("log"), "beta in the new file")
        self.assertNotIn("as beta", self.read("log.1"))
        broker.stop()

    def test_log_topic(self):
        """log_dest topic: lines of the log as messages"""
        broker = self.own_broker("log_dest topic", "log_type all")
        link = self.client("reader", broker=broker)
        link.subscribe("$SYS/broker/log/N")
        self.client("new one", broker=broker)
        while b"new one" not in link.await_kind(PUBLISH).payload:
            pass
        broker.stop()

    def test_stdout_that_nobody_reads(self):
        """log_dest stdout into a full pipe: the broker goes on, and ends"""
        port = self.port()
        config = self.write("p.conf", f"listener {port} 127.0.0.1", "allow_anonymous true",
                            "log_dest stdout", "log_type all", "persistence false")
        process = subprocess.Popen([Settings.program, "-c", config], stdout=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        self.eventually(lambda: self.is_listening(port), "it listens")
        link = Link(port)
        link.connect("chatty")
        for _ in range(5):
            link.send(*[publish("t" * 100, b"x")] * 1000)
            link.ping()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE_S), 0)
        process.stdout.close()

    def is_listening(self, port):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except ConnectionRefusedError:
            return False


class Running(Program):
    def change(self, broker, old, new):
        with open(broker.configuration_path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(broker.configuration_path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
        self.tell(broker, signal.SIGHUP)

    def test_reload(self):
        """SIGHUP: live directives change under those who are connected; the others are named"""
        broker = self.own_broker("message_size_limit 10", "max_connections 50")
        link = self.client("one", broker=broker)
        link.publish("t", b"x" * 10, 1)
        self.assertEqual(link.publish("t", b"x" * 11, 1).reason, 0x97)
        self.change(broker, "message_size_limit 10", "message_size_limit 20")
        self.await_log(broker, "Reloading")
        self.eventually(lambda: link.publish("t", b"x" * 11, 1).reason < 0x80, "the new limit")
        self.change(broker, "max_connections 50", "max_connections 60")
        self.await_log(broker, "max_connections of this listener has changed")
        broker.stop()

    def test_bad_reload(self):
        """SIGHUP with a bad file: a sentence, and everything stays as it was"""
        broker = self.own_broker("message_size_limit 10")
        link = self.client("one", broker=broker)
        self.change(broker, "message_size_limit 10", "message_size_limit 20\nno_such_thing 1")
        self.await_log(broker, "was not reloaded")
        self.assertIn("no_such_thing", broker.log())
        self.assertEqual(link.publish("t", b"x" * 11, 1).reason, 0x97)
        broker.stop()

    def test_many_reloads(self):
        """a hundred SIGHUPs while messages go to and fro: none is lost"""
        broker = self.own_broker("sys_interval 1")
        blue, green = self.client("blue", broker=broker), self.client("green", broker=broker)
        blue.subscribe("t", qos=1)
        before = broker.memory_bytes()
        for number in range(100):
            self.tell(broker, signal.SIGHUP)
            green.publish("t", b"%d" % number, 1)
            blue.expect_message("t", b"%d" % number)
        self.assertLess(broker.memory_bytes() - before, 32 << 20)
        broker.stop()

    def test_status(self):
        """SIGUSR1: one line with the figures of all workers, however often it is asked"""
        broker = self.own_broker(threads=4)
        blue = self.client("blue", broker=broker)
        blue.subscribe("t", qos=1)
        self.client("green", broker=broker).publish("t", b"x", 1)
        blue.expect_message("t", b"x")
        blue.ping()
        self.tell(broker, signal.SIGUSR1)
        self.await_log(broker, "Status: 2 clients connected, 2 sessions, 1 subscriptions")
        for _ in range(20):
            self.tell(broker, signal.SIGUSR1)
        self.await_log(broker, "Status:", 2)
        for line in broker.log().splitlines():
            if "Status:" in line:
                self.assertIn("Status: 2 clients connected, 2 sessions", line)
        broker.stop()

    def test_stop_with_clients(self):
        """SIGTERM and SIGINT: 5.0 is told, everybody is closed, a client that does not read, too"""
        for number in (signal.SIGTERM, signal.SIGINT):
            broker = self.own_broker(threads=4)
            links = [self.client(f"c{index}", 5 if index % 2 else 4, broker=broker)
                     for index in range(50)]
            deaf = self.client("deaf", 4, broker=broker, receive_buffer=4096)
            deaf.subscribe("flood")
            for _ in range(200):
                links[0].publish("flood", b"x" * 10000)
            half = self.link(broker=broker)
            half.send(connect("half")[:5])
            links[0].ping()
            self.tell(broker, number)
            for link in links:
                link.expect_ended(0x8B)
            half.expect_gone()
            self.assertEqual(broker.process.wait(DEADLINE_S), 0)
            self.assertNotIn("sanitizer", broker.log().lower())

    def test_unix_socket(self):
        """a listener at a path: served by all workers, removed at the end, taken over when stale"""
        path = self.path("midged.sock")
        for _ in range(2):
            broker = self.own_broker(f"listener 0 {path}", threads=4)
            for number in range(20):
                with socket.socket(socket.AF_UNIX) as link:
                    link.settimeout(DEADLINE_S)
                    link.connect(path)
                    link.sendall(connect(f"u{number}"))
                    self.assertEqual(link.recv(1), b"\x20")
            broker.process.kill()
            broker.process.wait()
            self.assertTrue(os.path.exists(path))  # stale
        broker = self.own_broker(f"listener 0 {path}")
        broker.stop()
        self.assertFalse(os.path.exists(path))


class Systemd(Program):
    def setUp(self):
        super().setUp()
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notices.close)
        self.notices.settimeout(DEADLINE_S)
        self.notices.bind(self.path("notify"))
        os.chmod(self.path("notify"), 0o777)

    def expect_notice(self, words):
        """The next notices, until one has these words."""
        while True:
            notice = self.notices.recv(4096).decode()
            if words in notice:
                return notice

    def with_environment(self, **more):
        for name, value in more.items():
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name, None)

    def test_notices(self):
        """READY when it listens, RELOADING and READY again, STOPPING"""
        self.with_environment(NOTIFY_SOCKET=self.path("notify"))
        broker = self.own_broker()
        self.assertIn("STATUS=", self.expect_notice("READY=1"))
        self.tell(broker, signal.SIGHUP)
        self.assertIn("MONOTONIC_USEC=", self.expect_notice("RELOADING=1"))
        self.expect_notice("READY=1")
        self.tell(broker, signal.SIGTERM)
        self.expect_notice("STOPPING=1")
        self.assertEqual(broker.process.wait(DEADLINE_S), 0)

    def test_watchdog(self):
        """WATCHDOG: fed while all workers turn, idle or not"""
        self.with_environment(NOTIFY_SOCKET=self.path("notify"), WATCHDOG_USEC="100000")
        broker = self.own_broker(threads=4)
        for _ in range(5):
            self.expect_notice("WATCHDOG=1")
        broker.stop()


if __name__ == "__main__":
    main()
