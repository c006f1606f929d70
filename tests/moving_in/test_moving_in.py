#!/usr/bin/env python3
"""test_moving_in.py: Debian's mosquitto keeps sessions and messages in its file and ends; midge
imports the file; what is in the store, and what midged then serves, is what was there.

    test_moving_in.py [--part tool|broker]

tool: the store, looked at with midge store. broker: the clients come back to midged.
Exit status 77: mosquitto is not installed, nothing was tested.
"""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "blackbox"))

from broker import STOP_S, Broker  # noqa: E402
from mqtt import (PUBACK, PUBCOMP, PUBREC, PUBREL, Link, pubcomp, publish, pubrec,  # noqa: E402
                  pubrel)

SKIPPED = 77
MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
BINARY = bytes(range(256))
FOREVER = 0xFFFFFFFF


def equal(have, wanted, what):
    if have != wanted:
        raise AssertionError(f"{what}: wanted {wanted!r}, got {have!r}")


# ---- mosquitto's side ----

def session(port, client_id, v=4, filters=(), qos=0, properties=None, **how):
    """A durable session whose client is there."""
    link = Link(port, v=v)
    link.connect(client_id, clean=False, properties=properties if v == 5 else None)
    if filters:
        link.subscribe(*filters, qos=qos, properties=how.pop("subscribe_properties", None), **how)
    return link


def live_with(port):
    """Everything that mosquitto's file can hold. The links that are still open come back."""
    session(port, "away", filters=["q/#"], qos=2).disconnect()
    session(port, "away5", v=5, filters=["q/+"], qos=1, retain_as_published=True,
            properties={"session_expiry_interval": 3600},
            subscribe_properties={"subscription_identifier": 77}).disconnect()
    session(port, "idle5", v=5, filters=["none/#"], no_local=True,
            properties={"session_expiry_interval": FOREVER}).disconnect()
    passing = Link(port)
    passing.connect("passing")
    passing.subscribe("q/#", qos=2)
    passing.disconnect()

    talker = Link(port)
    talker.connect("talker")
    talker.publish("q/a", b"one", qos=1)
    talker.publish("q/b", BINARY, qos=2)
    talker.publish("q/c", b"three", qos=2, retain=True,
                   properties=[("content_type", "text/x"), ("user_property", ("k", "v")),
                               ("user_property", ("k", "w")), ("message_expiry_interval", 5000)])
    talker.publish("r/one", b"kept", retain=True)
    talker.publish("r/two", BINARY, qos=1, retain=True)
    talker.publish("r/gone", b"x", retain=True)
    talker.publish("r/gone", b"", retain=True)
    talker.disconnect()

    receiver = session(port, "receiver", filters=["x/#"], qos=2)
    sender = session(port, "sender")
    for packet_id in (1, 2, 3):
        sender.send(publish(f"x/{packet_id}", b"p", qos=2, packet_id=packet_id, v=4))
        sender.expect(PUBREC, packet_id=packet_id)
        sender.send(pubrel(packet_id))
        sender.expect(PUBCOMP, packet_id=packet_id)
        receiver.expect_publish(f"x/{packet_id}", packet_id=packet_id)
    receiver.send(pubrec(1))
    receiver.expect(PUBREL, packet_id=1)
    # mosquitto has this one, and nobody else, until PUBREL comes.
    sender.send(publish("x/last", b"p", qos=2, packet_id=4, v=4))
    sender.expect(PUBREC, packet_id=4)
    return receiver, sender


def mosquitto_file(folder):
    """mosquitto.db, written by mosquitto at its end."""
    lines = ["persistence true", f"persistence_location {folder}/"]
    lines += ["user root"] if os.geteuid() == 0 else []
    with Broker(MOSQUITTO, lines) as broker:
        links = live_with(broker.port)
    for link in links:
        link.close()
    return os.path.join(folder, "mosquitto.db")


# ---- the tool ----

def midge(*arguments, status=0):
    done = subprocess.run([os.environ["MIDGE"], "store", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=STOP_S, check=False)
    out, errors = done.stdout.decode(), done.stderr.decode()
    if done.returncode != status or "Sanitizer" in errors:
        raise AssertionError(f"midge store {' '.join(arguments)}: status {done.returncode}, "
                             f"wanted {status}\n{out[-2000:]}{errors[-4000:]}")
    return out if status == 0 else out + errors


def dump(store):
    return [json.loads(line) for line in midge("dump", store).splitlines()]


def of_kind(things, kind, client_id=None):
    return [thing for thing in things
            if thing["kind"] == kind and client_id in (None, thing.get("client_id"))]


def owed(things, client_id):
    return [(one["packet_id"], one["deliver_qos"], one["topic"], one["was_sent"])
            for one in of_kind(things, "delivery", client_id)]


def look_at(things):
    """What live_with has left behind."""
    equal(things[0]["kind"], "store", "first line")
    expiries = {one["client_id"]: one["expiry_s"] for one in of_kind(things, "session")}
    equal(expiries, {"away": None, "away5": 3600, "idle5": None, "receiver": None,
                     "sender": None}, "sessions")
    wants = {(one["client_id"], one["filter"], one["qos"], one.get("id"), one["no_local"],
              one["retain_as_published"]) for one in of_kind(things, "subscription")}
    equal(wants, {("away", "q/#", 2, None, False, False), ("away5", "q/+", 1, 77, False, True),
                  ("idle5", "none/#", 0, None, True, False),
                  ("receiver", "x/#", 2, None, False, False)}, "subscriptions")
    equal([row[1:] for row in owed(things, "away")],
          [(1, "q/a", False), (2, "q/b", False), (2, "q/c", False)], "away is owed")
    equal([row[1:] for row in owed(things, "away5")],
          [(1, "q/a", False), (1, "q/b", False), (1, "q/c", False)], "away5 is owed")
    last = of_kind(things, "delivery", "away5")[2]
    equal((last["payload"], last["deliver_retain"], last["subscription_ids"], last["retain"]),
          ("three", True, [77], True), "a message with everything")
    equal(last["properties"], {"content_type": "text/x", "user_properties": [
        {"name": "k", "value": "v"}, {"name": "k", "value": "w"}]}, "its properties")
    assert last["expires"].endswith("Z"), last
    assert "payload_base64" in of_kind(things, "delivery", "away5")[1], "binary is not text"

    equal([one["packet_id"] for one in of_kind(things, "releasing", "receiver")], [1], "releasing")
    equal(owed(things, "receiver"), [(2, 2, "x/2", True), (3, 2, "x/3", True),
                                     (4, 2, "x/last", False)], "receiver is owed")
    equal([(one["client_id"], one["packet_id"]) for one in of_kind(things, "received")],
          [("sender", 4)], "received")
    equal({one["topic"] for one in of_kind(things, "retained")}, {"q/c", "r/one", "r/two"},
          "retained")
    for kind in ("damaged", "aside", "leftover"):
        equal(of_kind(things, kind), [], kind)


def without_counters(things):
    return things[1:]


def check_the_tool(folder):
    source = mosquitto_file(folder)
    with open(source, "rb") as file:
        saved = file.read()
    equal(struct.unpack(">I", saved[19:23])[0], 6, "version of Debian's file")

    store = os.path.join(folder, "first.db")
    told = midge("import", source, "--store", store)
    assert "5 sessions with 4 subscriptions" in told and "(version 6)" in told, told
    equal(os.stat(store).st_mode & 0o077, 0, "a store is nobody else's")
    things = dump(store)
    look_at(things)
    assert "Nothing is damaged" in midge("check", store)
    midge("compact", store)
    equal(without_counters(dump(store)), without_counters(things), "after compact")

    # Not into a store that holds something, and mosquitto's file is as it was.
    assert "not empty" in midge("import", source, "--store", store, status=2)
    equal(without_counters(dump(store)), without_counters(things), "after a refused import")
    with open(source, "rb") as file:
        equal(file.read(), saved, "mosquitto's file")
    equal(sorted(os.listdir(folder)), ["first.db", "mosquitto.db"], "nothing is left over")

    # The configuration names both, as midged understands it.
    config = os.path.join(folder, "mosquitto.conf")
    for line, name in (("", "midge.db"), ("persistence_file kept.db", "kept.db"),
                       ("persistence_file mosquitto.db", "mosquitto.db.midge")):
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"# a comment\npersistence true\npersistence_location {folder}/\n{line}\n")
        midge("import", "--config", config)
        equal(without_counters(dump(os.path.join(folder, name)))[0]["client_id"],
              without_counters(things)[0]["client_id"], name)
    with open(config, "w", encoding="utf-8") as file:
        file.write("listener 1883\n")
    assert "persistence_location" in midge("import", "--config", config, status=2)
    check_damage(store)
    check_what_is_refused(folder, saved)


def check_damage(store):
    """One byte of one message is turned round: that one is named, everything else is there."""
    with open(store, "r+b") as file:
        content = file.read()
        equal(content.count(b"r/onekept"), 1, "copies in a compact store")
        file.seek(content.index(b"r/onekept") + len("r/one"))
        file.write(b"K")
    told = midge("check", store, status=1)
    assert "damaged: retained message" in told and "1 damaged" in told, told
    lines = [json.loads(line) for line in midge("dump", store, status=1).splitlines()]
    equal(len(of_kind(lines, "damaged")), 1, "damaged")
    assert of_kind(lines, "damaged")[0]["record_base64"], lines
    equal({one["topic"] for one in of_kind(lines, "retained")}, {"q/c", "r/two"}, "what is whole")
    equal(len(of_kind(lines, "session")), 5, "sessions")


def check_what_is_refused(folder, saved):
    store = os.path.join(folder, "none.db")
    broken = os.path.join(folder, "broken.db")
    for content, sentence in ((saved[:-3], "cut off"), (b"", "empty"), (b"listener 1883\n" * 3,
                              "no persistence file"), (saved[:22] + b"\3" + saved[23:],
                                                       "version 3")):
        with open(broken, "wb") as file:
            file.write(content)
        assert sentence in midge("import", broken, "--store", store, status=2), sentence
        assert not os.path.exists(store), "nothing is made"
    with open(broken, "wb") as file:
        file.write(saved[:-3])
    assert "Left behind: 1 damaged" in midge("import", broken, "--store", store, "--damaged",
                                             status=1)
    equal(len(of_kind(dump(store), "session")), 5, "what is whole has moved in")

    assert "broken.db" in midge("check", broken, status=2)
    for words in (["dump"], ["dump", os.path.join(folder, "missing.db")], ["import", broken],
                  ["nonsense"], ["check", store, "--store", store], []):
        midge(*words, status=2)


# ---- midged's side ----

def come_back(port):
    """Every client finds what it left."""
    reader = Link(port)
    reader.connect("reader")
    reader.subscribe("r/#", "q/#", qos=1)
    kept = {}
    for _ in range(3):
        packet = reader.receive()
        kept[packet.topic] = (packet.payload, packet.retain)
    equal(kept, {"q/c": (b"three", True), "r/one": (b"kept", True), "r/two": (BINARY, True)},
          "retained")
    reader.disconnect()

    away = Link(port, v=4)
    assert away.connect("away", clean=False).session_present
    away.expect_message("q/a", b"one", qos=1)
    away.expect_message("q/b", BINARY, qos=2)
    away.expect_message("q/c", b"three", qos=2)
    away.ping()
    away.disconnect()

    away5 = Link(port)
    assert away5.connect("away5", clean=False).session_present
    away5.expect_message("q/a", b"one", qos=1)
    away5.expect_message("q/b", BINARY, qos=1)
    packet = away5.expect_message("q/c", b"three", qos=1, retain=True)
    equal(packet.properties["content_type"], "text/x", "properties")
    assert 0 < packet.properties["message_expiry_interval"] <= 5000, packet
    away5.disconnect()

    receiver = Link(port, v=4)
    assert receiver.connect("receiver", clean=False).session_present
    receiver.expect(PUBREL, packet_id=1)
    receiver.expect_publish("x/2", qos=2, packet_id=2, dup=True)
    receiver.expect_publish("x/3", qos=2, packet_id=3, dup=True)
    receiver.expect_publish("x/last", qos=2, packet_id=4, dup=False)
    receiver.send(pubcomp(1))
    for packet_id in (2, 3, 4):
        receiver.send(pubrec(packet_id))
        receiver.expect(PUBREL, packet_id=packet_id)
        receiver.send(pubcomp(packet_id))
    receiver.ping()

    sender = Link(port, v=4)
    assert sender.connect("sender", clean=False).session_present
    # It never heard of PUBREC and sends again: nobody gets it twice.
    sender.send(publish("x/last", b"p", qos=2, packet_id=4, dup=True, v=4))
    sender.expect(PUBREC, packet_id=4)
    sender.send(pubrel(4))
    sender.expect(PUBCOMP, packet_id=4)
    sender.send(publish("x/new", b"p", qos=1, packet_id=5, v=4))
    sender.expect(PUBACK, packet_id=5)
    receiver.expect_message("x/new", b"p", qos=1)
    sender.disconnect()
    receiver.disconnect()


def check_the_broker(folder):
    source = mosquitto_file(folder)
    store = os.path.join(folder, "midge.db")
    lines = ["persistence true", f"persistence_location {folder}/"]
    lines += ["user root"] if os.geteuid() == 0 else []
    # Whoever starts midged too early is told, and may still import: its store is empty.
    with Broker(os.environ["MIDGED"], lines) as broker:
        broker.await_log("midge store import")
        assert store in midge("import", source, "--store", store, status=2), "a store in use"
    midge("import", source, "--store", store)
    with Broker(os.environ["MIDGED"], lines) as broker:
        broker.await_log("The store is")
        for command in ("check", "dump", "compact"):
            assert store in midge(command, store, status=2), "a store in use is refused"
        come_back(broker.port)
    things = dump(store)
    equal(of_kind(things, "delivery"), [], "nothing is owed any more")
    equal(of_kind(things, "releasing"), [], "nothing is to be released")
    equal({one["client_id"] for one in of_kind(things, "session")},
          {"away", "idle5", "receiver", "sender"}, "sessions")  # away5 asked for no expiry now


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=("tool", "broker"))
    part = parser.parse_args().part
    if MOSQUITTO is None:
        print("mosquitto is not installed (Debian: mosquitto).")
        return SKIPPED
    for name, check in (("tool", check_the_tool), ("broker", check_the_broker)):
        if part in (None, name):
            with tempfile.TemporaryDirectory(prefix="midge-moving-in-") as folder:
                check(folder)
            print(f"ok: {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
