#!/usr/bin/python3
"""midged and Debian's mosquitto_pub and mosquitto_sub."""

import subprocess
import threading

from clients import Story, large_payload, main, need_programs, versions

need_programs("mosquitto-clients", "mosquitto_pub", "mosquitto_sub", "stdbuf")

from mqtt import DEADLINE_S

NAMES = {3: "mqttv31", 4: "mqttv311", 5: "mqttv5"}
FORMAT = "MSG %q%r %t %p"


class Sub:
    """A mosquitto_sub that has subscribed; its messages are lines."""

    def __init__(self, story, v, *arguments, client_id=None, form=FORMAT):
        command = ["stdbuf", "-oL", "mosquitto_sub", "-d", "-h", "127.0.0.1", "-p",
                   str(story.broker.port), "-V", NAMES[v], "-F", form, *arguments]
        if client_id:
            command += ["-i", story.name(client_id)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, bufsize=1)
        self.timer = threading.Timer(DEADLINE_S, self.process.kill)
        self.timer.start()
        story.addCleanup(self.stop)
        self.lines_until("Subscribed (")

    def lines_until(self, start):
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            if line.startswith(start):
                return seen
        raise AssertionError(f"mosquitto_sub ended before {start!r}:\n{''.join(seen)}")

    def message(self):
        return self.lines_until("MSG ")[-1][4:].rstrip("\n")

    def expect(self, *messages):
        for message in messages:
            have = self.message()
            assert have == message, f"{message!r} wanted, {have!r} came"

    def stop(self):
        self.timer.cancel()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Mosquitto(Story):
    def pub(self, v, topic, *arguments, given=None, code=0):
        done = subprocess.run(
            ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-V", NAMES[v], "-t",
             topic, *arguments], input=given, capture_output=True, timeout=DEADLINE_S)
        self.assertEqual(done.returncode, code, done.stderr)

    @versions(3, 4, 5)
    def test_each_qos(self, v):
        """mosquitto_pub and _sub: QoS 0, 1, 2"""
        sub = Sub(self, v, "-t", self.topic("#"), "-q", "2")
        for qos in "012":
            self.pub(v, self.topic("hello"), "-m", "my name is blah", "-q", qos)
            sub.expect(f"{qos}0 {self.topic('hello')} my name is blah")

    @versions(3, 4, 5)
    def test_lines(self, v):
        """mosquitto_pub -l: a thousand lines as QoS 1 and 2 messages, in order"""
        for qos in "12":
            sub = Sub(self, v, "-t", self.topic("t"), "-q", qos)
            self.pub(v, self.topic("t"), "-l", "-q", qos,
                     given=b"".join(b"%d\n" % number for number in range(1000)))
            sub.expect(*[f"{qos}0 {self.topic('t')} {number}" for number in range(1000)])
            sub.stop()

    @versions(3, 4, 5)
    def test_retained(self, v):
        """mosquitto_pub -r, -r -n; mosquitto_sub --retained-only"""
        for name in "abc":
            self.pub(v, self.topic(name), "-m", name, "-q", "1", "-r")
        self.pub(v, self.topic("b"), "-n", "-q", "1", "-r")
        sub = Sub(self, v, "-t", self.topic("+"), "-q", "1", "--retained-only", "-C", "2")
        got = sorted([sub.message(), sub.message()])
        self.assertEqual(got, [f"11 {self.topic(name)} {name}" for name in "ac"])
        self.assertEqual(sub.process.wait(DEADLINE_S), 0)

    @versions(4, 5)
    def test_will(self, v):
        """mosquitto_sub --will-topic: published when it is killed"""
        watch = Sub(self, v, "-t", self.topic("will"), "-q", "1")
        lost = Sub(self, v, "-t", self.topic("x"), "--will-topic", self.topic("will"),
                   "--will-payload", "gone", "--will-qos", "1")
        lost.process.kill()
        watch.expect(f"10 {self.topic('will')} gone")

    @versions(4, 5)
    def test_resumed(self, v):
        """mosquitto_sub -c: what came while it was away"""
        kept = ["-x", "600"] if v == 5 else []
        first = Sub(self, v, "-t", self.topic("t"), "-q", "1", "-c", *kept, client_id="kept")
        first.process.terminate()
        first.process.wait(DEADLINE_S)
        for number in range(20):
            self.pub(v, self.topic("t"), "-m", str(number), "-q", "1")
        # Waiting messages may come before the answer to the new SUBSCRIBE: read all lines.
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.broker.port), "-V", NAMES[v],
                   "-t", self.topic("t"), "-q", "1", "-c", *kept, "-i", self.name("kept"),
                   "-C", "20"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S)
        self.assertEqual(done.stdout.split(), [str(number) for number in range(20)])

    @versions(4, 5)
    def test_large(self, v):
        """mosquitto_pub -s, mosquitto_sub -N: 5 MB, whole"""
        payload = large_payload()
        self.pub(v, self.topic("large"), "-s", "-q", "1", "-r", given=payload)
        done = subprocess.run(["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.broker.port),
                               "-V", NAMES[v], "-t", self.topic("large"), "-q", "1", "-C", "1",
                               "-N"], capture_output=True, timeout=DEADLINE_S)
        self.assertTrue(done.stdout == payload, f"{len(done.stdout)} bytes")
        self.pub(v, self.topic("large"), "-n", "-r")

    @versions(4, 5)
    def test_shared(self, v):
        """mosquitto_sub -t $share: each message to one of two"""
        subs = [Sub(self, v, "-t", f"$share/group/{self.topic('t')}", "-q", "1") for _ in range(2)]
        count = 60
        self.pub(v, self.topic("t"), "-l", "-q", "1",
                 given=b"".join(b"%d\n" % number for number in range(count)))
        got, lock, everything = [], threading.Lock(), threading.Event()

        def read(sub, number):
            try:
                while True:
                    message = sub.message()
                    with lock:
                        got.append((number, int(message.split()[-1])))
                        if len(got) == count:
                            everything.set()
            except AssertionError:
                pass  # stopped below

        readers = [threading.Thread(target=read, args=(sub, number))
                   for number, sub in enumerate(subs)]
        for reader in readers:
            reader.start()
        everything.wait(DEADLINE_S)
        for sub in subs:
            sub.process.kill()
        for reader in readers:
            reader.join()
        self.assertEqual(sorted(number for _, number in got), list(range(count)))
        self.assertEqual({which for which, _ in got}, {0, 1})

    def test_properties(self):
        """mosquitto_pub -D: the properties of 5.0 arrive"""
        sub = Sub(self, 5, "-t", self.topic("t"), "-q", "1", "-D", "subscribe",
                  "subscription-identifier", "7", form="MSG %C|%R|%D|%F|%E|%P|%S|%A|%p")
        self.pub(5, self.topic("t"), "-m", "x", "-q", "1", "-D", "publish", "content-type", "text",
                 "-D", "publish", "response-topic", "answer", "-D", "publish", "correlation-data",
                 "abc", "-D", "publish", "payload-format-indicator", "1", "-D", "publish",
                 "message-expiry-interval", "1000", "-D", "publish", "user-property", "b", "1",
                 "-D", "publish", "user-property", "a", "2")
        got = sub.message()
        self.assertRegex(got, r"^text\|answer\|abc\|1\|(1000|999)\|b:1 a:2 ?\|7\|\|x$")

    def test_refused(self):
        """mosquitto_pub: its exit code tells of a refusal"""
        self.use("allow_anonymous false")
        self.pub(4, "t", "-m", "x", code=5)


if __name__ == "__main__":
    main()
