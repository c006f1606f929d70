#!/usr/bin/env python3
"""test_tool.py — our tool beside Debian's mosquitto_pub, mosquitto_sub and mosquitto_rr.

Every row of tool_command_lines.py is run twice against the same broker, once with Debian's program
and once with ours called by the same name; standard output and exit status must be equal
(identifiers and times made equal first), and errors must be told by both or by neither. Where we
differ on purpose the row says so.

    test_tool.py [--broker PATH] [--tool PATH] [NAME ...]

The broker is Debian's mosquitto unless another is named. Exit status 77: Debian's programs are not
installed, nothing was tested.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from tool_command_lines import LIVE, PUB, SUB

SKIPPED = 77
LIMIT_S = 20

class Failed(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    def __init__(self, path, folder, name, lines):
        self.port = free_port()
        config = os.path.join(folder, name + ".conf")
        with open(config, "w") as file:
            file.write(f"listener {self.port} 127.0.0.1\npersistence false\n" +
                       "".join(x + "\n" for x in lines))
        self.log = open(os.path.join(folder, name + ".log"), "wb")
        self.process = subprocess.Popen([path, "-c", config], stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self.is_gone():
                    self.stop()
                    raise Failed(f"{path} does not listen; see {self.log.name}")

    def is_gone(self):
        """After a moment in which a broker that starts may get ready."""
        try:
            self.process.wait(timeout=0.01)
            return True
        except subprocess.TimeoutExpired:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def fake_broker(answers):
    """A server for one connection at a time: to each thing it hears it gives the next answer; None
    closes. For what a real broker will not do on request."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                for answer in answers:
                    if not connection.recv(65536) or answer is None:
                        break
                    connection.sendall(answer)
                else:
                    while connection.recv(65536):
                        pass

    threading.Thread(target=serve, daemon=True).start()
    return server


def same_sense(text):
    """Without what differs from run to run."""
    text = re.sub(rb"auto-[0-9A-Fa-f-]{36}", b"AUTO", text)
    text = re.sub(rb"(Client )[^ ]*( (?:sending|received))", lambda m: m[1] + (
        b"AUTO" if len(m[0]) > 60 else re.sub(rb"pre-\d+", b"pre-PID", m[0][7:-len(m[2])])) + m[2],
        text)
    text = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6}Z)?", b"TIME", text)
    text = re.sub(rb"\d{10}\.\d{9}", b"UNIX", text)
    text = re.sub(rb"\|\d{9}\|", b"|NANO|", text)
    text = re.sub(rb'("message-expiry-interval":\s*)\d+', rb"\1N", text)
    return text


class Suite:
    def __init__(self, broker, theirs, ours, folder):
        self.port, self.theirs, self.ours, self.folder = broker.port, theirs, ours, folder
        self.closed = free_port()
        self.passed = self.failed = 0
        self.environment = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder, LC_ALL="C.UTF-8")

    def fill(self, text):
        return text.format(port=self.port, closed=self.closed, dir=self.folder) \
            if "{" in text else text

    def arguments(self, line, port=None, more=()):
        words = [self.fill(word) for word in line.split(" ") if word]
        if "-h" not in words and "-L" not in words and "--unix" not in words:
            words = ["-h", "127.0.0.1"] + words
        if "-L" not in words:
            words = ["-p", self.fill(port or "{port}")] + words
        return words + list(more)

    def run(self, program, words, stdin=b""):
        done = subprocess.run([program] + words, input=stdin, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LIMIT_S, env=self.environment)
        return done.returncode, done.stdout, done.stderr

    def judge(self, name, theirs, ours, exit=None, only_exit=False):
        wanted_exit = theirs[0] if exit is None else exit
        faults = []
        if ours[0] != wanted_exit:
            faults.append(f"exit status {ours[0]}, wanted {wanted_exit}")
        if not only_exit:
            got, wanted = same_sense(ours[1]), same_sense(theirs[1])
            if got != wanted:
                faults.append(f"output {got!r}\n      wanted {wanted!r}")
            if bool(ours[2]) != bool(theirs[2]):
                faults.append(f"errors {ours[2]!r}\n      wanted {theirs[2]!r}")
        self.report(name, faults)

    def report(self, name, faults):
        if faults:
            self.failed += 1
            print(f"not ok - {name}: " + "; ".join(faults), flush=True)
        else:
            self.passed += 1

    def compare(self, program, name, line, stdin=b"", port=None, more=(), exit=None,
                only_exit=False):
        words = self.arguments(line, port, more)
        results = []
        for folder in (self.theirs, self.ours):
            try:
                results.append(self.run(os.path.join(folder, program), words, stdin))
            except subprocess.TimeoutExpired:
                results.append(("hangs", b"", b""))
        self.judge(f"{program}: {name}", *results, exit, only_exit)

    def start_subscriber(self, folder, words):
        """Runs it until the broker has taken the subscription."""
        program = [os.path.join(folder, "mosquitto_sub")]
        if folder == self.theirs:   # it would hold the line back in a pipe
            program = ["stdbuf", "-oL"] + program
        process = subprocess.Popen(program + words + ["-d"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment)
        return process, self.read_until_subscribed(process)

    def read_until_subscribed(self, process):
        head = b""
        watchdog = threading.Timer(LIMIT_S, process.kill)
        watchdog.start()
        try:
            while not head.endswith(b"\n") or b"Subscribed" not in head:
                byte = os.read(process.stdout.fileno(), 1)
                if not byte:
                    raise Failed(f"the subscriber ends: {head} {process.stderr.read()}")
                head += byte
        finally:
            watchdog.cancel()
        return head

    def compare_live(self, name, line, publishes):
        results = []
        for folder in (self.theirs, self.ours):
            words = self.arguments(line)
            process, head = self.start_subscriber(folder, [w for w in words if w != "-d"])
            for publish in publishes:
                self.run(os.path.join(self.theirs, "mosquitto_pub"), self.arguments(publish))
            try:
                out, errors = process.communicate(timeout=LIMIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                out, errors = process.communicate()
                errors += b"hangs"
            if "-d" not in words:   # the packets are told by two programs in two orders
                out = b"".join(x for x in out.splitlines(True) if not x.startswith(b"Client "))
                head = b""
            else:
                out = b"".join(sorted(out.splitlines(True)))
            results.append((process.returncode, head + out, errors))
        self.judge(f"live: {name}", *results)


def prepare(suite):
    """The retained messages that the rows of SUB see."""
    pub = os.path.join(suite.theirs, "mosquitto_pub")
    messages = [
        (["-t", "f/a", "-m", "hello"], b""),
        (["-t", "f/b", "-q", "1", "-V", "5", "-m", 'x"y', "-D", "publish", "content-type",
          "text/plain", "-D", "publish", "response-topic", "res/p", "-D", "publish",
          "correlation-data", "cd", "-D", "publish", "user-property", "k", "v", "-D", "publish",
          "user-property", "k2", "v2", "-D", "publish", "payload-format-indicator", "1", "-D",
          "publish", "message-expiry-interval", "3000"], b""),
        (["-t", "f/c/d", "-m", '{"a":1.50, "b":[1,2,{"c":null}],"s":"\\u00e9/x"}'], b""),
        (["-t", "f/d", "-s"], b"a\x01\x7f\xff\n"),
        (["-t", 'f/e"é/', "-m", "é /\\b"], b""),
    ]
    for words, stdin in messages:
        code, _, errors = suite.run(pub, ["-p", str(suite.port), "-h", "127.0.0.1", "-r"] + words,
                                    stdin)
        if code:
            raise Failed(f"cannot prepare {words}: {errors}")


def test_refusals(suite, broker_path, folder):
    """CONNACK codes; needs a broker that knows password files."""
    passwords, rules = os.path.join(folder, "passwords"), os.path.join(folder, "rules")
    subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "bob", "secret"], check=True)
    os.chmod(passwords, 0o644)
    with open(rules, "w") as file:
        file.write("user bob\ntopic readwrite ok/#\n")
    broker = Broker(broker_path, folder, "locked", [
        "allow_anonymous false", f"password_file {passwords}", f"acl_file {rules}",
        "allow_zero_length_clientid false"])
    try:
        port = str(broker.port)
        for program, message in (("mosquitto_sub", ""), ("mosquitto_pub", " -m x")):
            for name, line in {
                "not authorized": "-t a -i x",
                "not authorized, MQTT 5": "-t a -i x -V 5",
                "wrong password": "-t a -i x -u bob -P wrong",
                "no identifier": "-t a",
                "no identifier, MQTT 5": "-t a -V 5",
            }.items():
                suite.compare(program, name, line + message, port=port, only_exit=True)
        login = "-i x -u bob -P secret "
        suite.compare("mosquitto_pub", "topic not allowed", login + "-t no -m x -q 1 -V 5",
                      port=port)
        suite.compare("mosquitto_pub", "topic not allowed, QoS 2", login + "-t no -m x -q 2 -V 5",
                      port=port)
        suite.compare("mosquitto_pub", "login", login + "-t ok/a -m x -q 1 -d", port=port)
        suite.compare("mosquitto_pub", "login by URL",
                      f"-L mqtt://bob:secret@127.0.0.1:{port}/ok/a -i x -m x -d", port=port)
    finally:
        broker.stop()


def test_broken_servers(suite):
    """What only a server of our own does."""
    connack, suback_refused = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x80"
    for program, name, answers, line in (
            ("mosquitto_sub", "all subscriptions denied", [connack, suback_refused], "-t a -d"),
            ("mosquitto_sub", "one of two denied", [connack, b"\x90\x04\x00\x01\x80\x00"],
             "-t a -t b -E -d"),
            ("mosquitto_pub", "closed before CONNACK", [None], "-t a -m b -q 1"),
            ("mosquitto_pub", "closed before PUBACK", [connack, None], "-t a -m b -q 1 -d"),
            ("mosquitto_sub", "CONNACK refuses", [b"\x20\x02\x00\x03"], "-t a"),
    ):
        with fake_broker(answers) as server:
            suite.compare(program, name, line, port=str(server.getsockname()[1]))


def test_signals(suite):
    for number in (signal.SIGINT, signal.SIGTERM):
        results = []
        for folder in (suite.theirs, suite.ours):
            process, _ = suite.start_subscriber(folder, suite.arguments("-t s"))
            process.send_signal(number)
            out, errors = process.communicate(timeout=LIMIT_S)
            # Theirs may tell a line twice: it prints from within the signal.
            results.append((process.returncode, out.splitlines()[-1], errors))
        suite.judge(f"mosquitto_sub: {number.name}", *results)


def test_everything_arrives(suite):
    """Ours to ours, over a durable session of QoS 1 and 2: all, once, in order."""
    count = 500   # within mosquitto's queue
    lines = b"".join(b"%d\n" % i for i in range(count))
    for qos in ("1", "2"):
        sub = os.path.join(suite.ours, "mosquitto_sub")
        pub = os.path.join(suite.ours, "mosquitto_pub")
        session = suite.arguments(f"-t e/{qos} -q {qos} -c -i everything{qos}")
        faults = []
        suite.run(sub, session + ["-E"])
        code, _, errors = suite.run(pub, suite.arguments(f"-t e/{qos} -q {qos} -l"), lines)
        if code:
            faults.append(f"pub ends with {code}: {errors}")
        got = b""
        for part in (1, 99, 200, 200):   # each takes its share and leaves the rest
            got += suite.run(sub, session + ["-C", str(part), "-W", "10"])[1]
        if got != lines:
            faults.append(f"{len(got.split())} of {count} messages, or in disorder: {got[:100]}")
        suite.report(f"everything arrives, QoS {qos}", faults)


def test_large(suite):
    """A file larger than any buffer of ours, there and back."""
    data = bytes(range(256)) * 20000
    path = os.path.join(suite.folder, "large")
    with open(path, "wb") as file:
        file.write(data)
    pub, sub = (os.path.join(suite.ours, x) for x in ("mosquitto_pub", "mosquitto_sub"))
    for source, stdin in ((["-f", path], b""), (["-s"], data), (["-l"], b"x" * 300000 + b"\ny")):
        words = suite.arguments("-t large -r -q 1") + source
        code, _, errors = suite.run(pub, words, stdin)
        wanted = data if source != ["-l"] else b"y"
        got = suite.run(sub, suite.arguments("-t large -C 1 -N"))[1]
        faults = [f"pub ends with {code}: {errors}"] if code else []
        if got != wanted:
            faults.append(f"{len(got)} bytes arrive, wanted {len(wanted)}")
        suite.report(f"large, {source[0]}", faults)
    suite.run(pub, suite.arguments("-t large -r -n"))


def test_removal(suite):
    pub, sub = (os.path.join(suite.ours, x) for x in ("mosquitto_pub", "mosquitto_sub"))
    for topic in ("r/1", "r/2", "r/3"):
        suite.run(pub, suite.arguments(f"-t {topic} -r -m x -q 1"))
    code, out, _ = suite.run(sub, suite.arguments("-t r/# -T r/2 --remove-retained -v -C 2"))
    left = suite.run(sub, suite.arguments("-t r/# -v -W 1"))
    shown = sorted(out.splitlines())   # a broker may send retained messages in any order
    faults = [] if (code, shown) == (0, [b"r/1 x", b"r/3 x"]) else [f"{code} {out}"]
    if left[1] != b"r/2 x\n":
        faults.append(f"still there: {left[1]}")
    suite.report("retained messages are removed", faults)
    suite.run(pub, suite.arguments("-t r/2 -r -n"))


def test_reconnect(suite, broker_path, folder):
    """The broker goes and comes back; the subscriber is there again."""
    broker = Broker(broker_path, folder, "coming", ["allow_anonymous true"])
    port = broker.port
    process, _ = suite.start_subscriber(
        suite.ours, ["-p", str(port), "-h", "127.0.0.1", "-t", "again", "-C", "1"])
    broker.stop()
    broker = subprocess.Popen([broker_path, "-c", os.path.join(folder, "coming.conf")],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        head = suite.read_until_subscribed(process)
        pub = os.path.join(suite.ours, "mosquitto_pub")
        suite.run(pub, ["-p", str(port), "-h", "127.0.0.1", "-t", "again", "-m", "back"])
        out, _ = process.communicate(timeout=LIMIT_S)
        suite.report("reconnects", [] if b"\nback\n" in head + out else [repr(head + out)])
    finally:
        process.kill()
        broker.terminate()
        broker.wait()


def test_pipe(suite):
    """A reader who goes away ends us, quietly, even while nothing arrives."""
    process, _ = suite.start_subscriber(suite.ours, suite.arguments("-t quiet"))
    process.stdout.close()
    try:
        code = process.wait(timeout=LIMIT_S)
        errors = process.stderr.read()
        suite.report("broken pipe", [] if (code, errors) == (0, b"") else [f"{code} {errors}"])
    except subprocess.TimeoutExpired:
        process.kill()
        suite.report("broken pipe", ["hangs"])


def test_request_response(suite):
    for version in ("5", "311"):
        results = []
        for folder in (suite.theirs, suite.ours):
            answerer, _ = suite.start_subscriber(
                suite.theirs, suite.arguments("-t ask -C 1 -V 5 -F %R|%p"))
            rr = subprocess.Popen(
                [os.path.join(folder, "mosquitto_rr")] +
                suite.arguments(f"-t ask -e answer -m question -V {version} -v -W 10"),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=suite.environment)
            asked = answerer.communicate(timeout=LIMIT_S)[0].splitlines()
            asked = b"".join(x for x in asked if not x.startswith(b"Client"))
            suite.run(os.path.join(suite.theirs, "mosquitto_pub"),
                      suite.arguments("-t answer -m fine"))
            out, errors = rr.communicate(timeout=LIMIT_S)
            results.append((rr.returncode, asked + b" " + out, errors))
        suite.judge(f"mosquitto_rr: -V {version}", *results)
    for name, line in {"no response topic": "-t a -m x", "time out": "-t a -e b -m x -W 1",
                       "wildcard": "-t a -e b/# -m x", "no message": "-t a -e b"}.items():
        suite.compare("mosquitto_rr", name, line)


def test_own_name(suite, tool):
    """Called as midge: its own words and exit codes, and the manual pages are up to date."""
    source = os.environ.get("MIDGE_SOURCE") or \
        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for words, wanted_code, wanted in (
            ([], 1, b"midge pub"), (["help"], 0, b"midge sub"), (["help", "pub"], 0, b"Examples"),
            (["pub", "--help"], 0, b"--topic"), (["--version"], 0, b"version"),
            (["nonsense"], 1, b"nonsense"), (["pub", "--cafile", "x"], 1, b"no TLS yet"),
            (["pub", "-p", str(suite.closed), "-h", "127.0.0.1", "-t", "a", "-m", "b"], 1,
             b"Connection refused by 127.0.0.1:%d" % suite.closed)):
        code, out, errors = suite.run(tool, words)
        faults = [] if code == wanted_code else [f"exit status {code}, wanted {wanted_code}"]
        if wanted not in out + errors:
            faults.append(f"{wanted!r} is missing in {(out + errors)[:300]!r}")
        suite.report("midge " + " ".join(words), faults)
    for page in ("midge", "midge-pub", "midge-sub", "midge-rr", "midge-store"):
        words = ["help", "--manual"] + page.split("-")[1:]
        path = os.path.join(source, "docs", "man", page + ".1")
        with open(path, "rb") as file:
            faults = [] if file.read() == suite.run(tool, words)[1] else [
                f"is not what the tool says: midge {' '.join(words)} > docs/man/{page}.1"]
        suite.report(f"docs/man/{page}.1", faults)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--broker", help="the broker to test against; Debian's if not given")
    parser.add_argument("--tool", default=os.environ.get("MIDGE"), help="our midge")
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin"
    broker_path = options.broker or shutil.which("mosquitto")
    needed = ["mosquitto_pub", "mosquitto_sub", "mosquitto_rr"] + \
        ([] if options.broker else ["mosquitto", "mosquitto_passwd"])
    missing = [name for name in needed if not shutil.which(name)]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed (apt-get install mosquitto "
              "mosquitto-clients)")
        return SKIPPED
    if not options.tool or not os.path.exists(options.tool):
        parser.error("where is midge? --tool PATH, or MIDGE in the environment")
    tool = os.path.abspath(options.tool)

    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        ours = os.path.join(folder, "ours")
        os.mkdir(ours)
        for name in ("mosquitto_pub", "mosquitto_sub", "mosquitto_rr"):
            os.symlink(tool, os.path.join(ours, name))
        open(os.path.join(folder, "empty"), "w").close()
        with open(os.path.join(folder, "file"), "w") as file:
            file.write("what the file holds\n")
        broker = Broker(broker_path, folder, "open", ["allow_anonymous true"])
        suite = Suite(broker, os.path.dirname(shutil.which("mosquitto_pub")), ours, folder)
        try:
            for name, row in PUB.items():
                suite.compare("mosquitto_pub", name, row[0], **(row[1] if len(row) > 1 else {}))
            prepare(suite)
            for name, row in SUB.items():
                suite.compare("mosquitto_sub", name, row[0], **(row[1] if len(row) > 1 else {}))
            for name, (line, publishes) in LIVE.items():
                suite.compare_live(name, line, publishes)
            test_signals(suite)
            test_everything_arrives(suite)
            test_large(suite)
            test_removal(suite)
            test_pipe(suite)
            test_request_response(suite)
            test_broken_servers(suite)
            test_reconnect(suite, broker_path, folder)
            test_own_name(suite, tool)
            if not options.broker:
                test_refusals(suite, broker_path, folder)
        finally:
            broker.stop()
        print(f"{suite.passed} passed, {suite.failed} failed")
        return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
