#!/usr/bin/python3
"""kill_loop_paho.py: kill -9 under paho-mqtt, the Python client of most scripts.

    kill_loop_paho.py --broker build/bin/midged --cycles 40 --seed 1

Hardly anything is done for the clients here: each connects once, with a session that stays; from
then on paho reconnects, resends and takes over as it does in anybody's program. In the end every
message that was given to paho has arrived: at QoS 1 at least once, at QoS 2 exactly once. (Of their
order nothing is asked: paho sends new messages before those that it sends again.)
"""

import argparse
import collections
import os
import shutil
import socket
import sys
import tempfile
import threading
import time

import neighbours  # noqa: F401
from mqtt import DEADLINE_S
from noise import Noise
from server import UNBOUNDED, Server

SKIPPED = 77
WEEK_S = 7 * 24 * 3600

try:
    import paho.mqtt.client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
except ImportError:
    print("paho-mqtt is not installed (Debian: python3-paho-mqtt).")
    sys.exit(SKIPPED)


class Paho(paho.Client):
    """paho 1.6 forgets that it has sent PUBREL, and publishes anew, when it tries to reconnect more
    than once or has more under way than its limit. That would be twice by its fault."""

    def _messages_reconnect_reset_out(self):
        for message in self._out_messages.values():
            if message.state == paho.mqtt_ms_resend_pubrel:
                message.state = paho.mqtt_ms_wait_for_pubcomp
        super()._messages_reconnect_reset_out()


class Client:
    """A paho client whose loop runs in a thread of its own, from the first connection on."""

    def __init__(self, name, v, port):
        self.name, self.welcomes, self.absent = name, 0, []
        how = {} if v == 5 else {"clean_session": False}
        self.paho = Paho(name, protocol=paho.MQTTv5 if v == 5 else paho.MQTTv311, **how)
        self.paho.reconnect_delay_set(0.005, 0.005)
        self.paho.max_inflight_messages_set(0)
        self.paho.on_connect = self.welcomed
        more = {}
        if v == 5:
            more["properties"] = Properties(PacketTypes.CONNECT)
            more["properties"].SessionExpiryInterval = WEEK_S
            more["clean_start"] = False
        self.paho.connect("127.0.0.1", port, 60, **more)
        self.paho.loop_start()

    def welcomed(self, _client, _context, flags, _code, _properties=None):
        self.welcomes += 1
        if self.welcomes > 1 and not flags["session present"]:
            self.absent.append(self.welcomes)

    def stop(self):
        self.paho.disconnect()
        self.paho.loop_stop()


class Publisher(Client):
    def __init__(self, name, v, port, qos):
        super().__init__(name, v, port)
        self.topic, self.qos = f"m/{name}", qos
        self.sent, self.acknowledged = 0, set()
        # paho counts packet identifiers from 1 and a publisher has no other use for them.
        self.paho.on_publish = lambda c, u, packet_id: self.acknowledged.add(packet_id - 1)

    def publish(self, count):
        for _ in range(count):
            self.paho.publish(self.topic, b"%d" % self.sent, self.qos)
            self.sent += 1


class Subscriber(Client):
    def __init__(self, name, v, port, qos):
        super().__init__(name, v, port)
        self.got = collections.defaultdict(list)
        self.subscribed = threading.Event()
        self.paho.on_message = lambda c, u, message: self.got[message.topic].append(
            int(message.payload))
        self.paho.on_subscribe = lambda *_: self.subscribed.set()
        self.paho.subscribe("m/#", qos)
        if not self.subscribed.wait(DEADLINE_S):
            raise AssertionError(f"{name}: no SUBACK")


def faults(publishers, subscribers):
    """Sentences about what is not as promised."""
    found = [f"{one.name}: session present was 0 at CONNACK {one.absent}"
             for one in (*publishers, *subscribers) if one.absent]
    for subscriber in subscribers:
        for publisher in publishers:
            got = subscriber.got[publisher.topic]
            missing = publisher.acknowledged - set(got)
            if missing:
                found.append(f"LOST: {subscriber.name} misses {len(missing)} messages of "
                             f"{publisher.name}: {sorted(missing)[:10]}")
            twice = [number for number, count in collections.Counter(got).items() if count > 1]
            if publisher.qos == 2 and twice:
                found.append(f"TWICE: {subscriber.name}, {publisher.name}: {twice[:10]}")
    return found


def eventually(ask):
    pause, deadline = threading.Event(), time.monotonic() + DEADLINE_S
    while not ask() and time.monotonic() < deadline:
        pause.wait(0.02)


def run(server, chosen):
    noise, pause = Noise(chosen.seed), threading.Event()
    server.start(chosen.threads[0])
    while not listens(server):
        pause.wait(0.005)
    subscribers = [Subscriber("sub4", 4, server.port, 2), Subscriber("sub5", 5, server.port, 2)]
    publishers = [Publisher(f"pub{qos}v{v}", v, server.port, qos) for v in (4, 5) for qos in (1, 2)]
    for _ in range(chosen.cycles):
        for _ in range(1 + noise.below(20)):
            for publisher in publishers:
                publisher.publish(1 + noise.below(4))
            pause.wait(noise.below(10) / 1000)
        server.kill()
        if complaint := server.complaint():
            raise AssertionError(complaint)
        server.start(noise.pick(chosen.threads))
    eventually(lambda: all(len(one.acknowledged) == one.sent and
                           all(len(set(to.got[one.topic])) == one.sent for to in subscribers)
                           for one in publishers))
    found = faults(publishers, subscribers)
    for publisher in publishers:
        if left := publisher.sent - len(publisher.acknowledged):
            found.append(f"{publisher.name}: {left} messages were never acknowledged")
    lists = [numbers for to in subscribers for numbers in to.got.values()]
    firsts = sum(len(set(numbers)) for numbers in lists)
    print(f"{chosen.cycles} times kill -9 under paho, seed {chosen.seed}: "
          f"{sum(one.sent for one in publishers)} messages published, {firsts} delivered, "
          f"{sum(len(numbers) for numbers in lists) - firsts} of QoS 1 again")
    for client in (*publishers, *subscribers):
        client.stop()
    return found


def listens(server):
    try:
        socket.create_connection(("127.0.0.1", server.port)).close()
        return True
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--broker", default=os.environ.get("MIDGED", "build/bin/midged"))
    parser.add_argument("--cycles", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=lambda text: [int(one) for one in text.split(",")],
                        default=[1, 2, 4])
    chosen = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="midge-kill-loop-")
    os.chmod(folder, 0o755)
    server = Server(os.path.abspath(chosen.broker), folder, UNBOUNDED)
    try:
        found = run(server, chosen)
    finally:
        server.release()
    for sentence in found:
        print(sentence, file=sys.stderr)
    if found:
        sys.exit(f"the store is in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
