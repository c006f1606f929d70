#!/usr/bin/python3
"""mutations.py: does the judge bite? Faults put into the broker on purpose, and who finds them.

    mutations.py                          all of them; a few minutes
    mutations.py --only will --limit 120  those whose name holds the word; longer

Each fault below replaces one passage of src/core or src/store, in a copy of what is committed.
midge-sim is built from it and plays world after world until a promise is broken, and then the same
world without the fault: only what is broken by the fault counts. Exit status: 0 every fault was
found, 1 one was not, 2 it could not be asked (a passage is no longer there, or does not build).
"""

import argparse
import dataclasses
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEEDS_AT_ONCE = 100
WORLD_SECONDS_MAX = 120


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    file: str
    old: str
    new: str
    rarity: int = 0  # steps between two crashes or the like; 0: drawn


FAULTS = [
    # What is said too early.
    Fault("PUBACK and PUBREC leave before the message is written", "src/core/receipt.c",
          "    if (is_done(receipt)) {\n"
          "        forget(core, receipt);\n"
          "        return false;\n",
          "    if (receipt->awaited == 0) {\n"
          "        return false;\n"),
    Fault("SUBACK leaves before the subscription is written", "src/core/suback.c",
          "if (!link->session->durable || !grants_any(reasons)) {",
          "if (true || !grants_any(reasons)) {"),
    Fault("CONNACK leaves before the session is written", "src/core/receive_connect.c",
          "    if (!journal_is_on(core)) {\n        return false;\n    }\n"
          "    if (core->journal.changed",
          "    if (true) {\n        return false;\n    }\n"
          "    if (core->journal.changed"),
    Fault("PUBREL leaves before the release is written", "src/core/receive_acks.c",
          "    if (!waiting_add(core, link, WAITING_PUBREL, packet_id, REASON_SUCCESS, "
          "(struct bytes){0})) {\n"
          "        abort(); /* the client would wait for ever */\n"
          "    }\n",
          "    pubrel_send(core, session, packet_id);\n"),
    Fault("PUBCOMP leaves before the end of the identifier is written", "src/core/receive_acks.c",
          "    if (link->session->durable) {\n"
          "        if (!waiting_add(core, link, WAITING_PUBCOMP",
          "    if (false) {\n"
          "        if (!waiting_add(core, link, WAITING_PUBCOMP"),
    Fault("a QoS 2 message is sent before it is written", "src/core/durable.c",
          "return delivery->qos < 2 || place_of(durable, delivery) < durable->place_persisted;",
          "return true;"),
    Fault("a failed sync counts as done", "src/store/store.c",
          "        store->commit_failed = false;\n"
          "        struct writer writer",
          "        if (store->commit_failed) {\n"
          "            settle_transaction(store, store->attempted);\n"
          "            store->backend->abort(store->backend);\n"
          "            continue;\n"
          "        }\n"
          "        struct writer writer"),

    # What a restart forgets.
    Fault("a restart forgets the QoS 2 identifiers that are taken", "src/core/restore.c",
          "entry.kind == ENTRY_RECEIVED &&",
          "entry.kind == ENTRY_KIND_COUNT &&"),
    Fault("a restart forgets wills", "src/core/restore.c",
          "    if (stored->has_will) {\n",
          "    if (false) {\n"),
    Fault("a restart forgets how long a client was away before it", "src/core/restore.c",
          "durable->away_before_us = wall_us - stored->away_us;",
          "durable->away_before_us = 0;", rarity=100),
    Fault("a restart forgets what may have been sent: no DUP", "src/core/restore.c",
          "        durable->place_sent = durable->place_next;\n",
          "        durable->place_sent = 0;\n"),
    Fault("a restored session is said not to be present", "src/core/session_life.c",
          "*was_present = session != NULL;",
          "*was_present = session && !(session->durable && session->durable->was_connected);"),
    Fault("a restored message gets another packet identifier", "src/core/durable.c",
          "    return (uint16_t)(place_of(session->durable, delivery) % ID_COUNT + 1);\n",
          "    uint64_t shift = session->durable->was_connected;\n"
          "    return (uint16_t)((place_of(session->durable, delivery) + shift) % ID_COUNT\n"
          "                      + 1);\n"),

    # What is not written, or not taken off the disk.
    Fault("a retained message that was cleared stays on the disk", "src/store/writer.c",
          "        return records_remove(records, TABLE_RETAINED,\n"
          "                              ((const struct retained_entry *)entry->fixed)->number, "
          "0);",
          "        return BACKEND_OK;"),
    Fault("a subscription that was given up stays on the disk", "src/store/writer.c",
          "        return records_remove(records, TABLE_SUBSCRIPTIONS, "
          "record.subscription.session,\n"
          "                              record.subscription.number);",
          "        return BACKEND_OK;"),
    Fault("a session that has ended stays on the disk", "src/store/writer.c",
          "    enum backend_result result = records_remove(writer->records, TABLE_SESSIONS, "
          "session, 0);\n",
          "    enum backend_result result = BACKEND_OK;\n"),
    Fault("a delivery that is over stays on the disk", "src/store/writer.c",
          "        return result == BACKEND_OK\n"
          "                   ? records_remove(records, TABLE_QUEUE, gone->session, gone->place)\n"
          "                   : result;",
          "        return result;"),
    Fault("the release of a QoS 2 message is not written", "src/store/writer.c",
          "    case ENTRY_RELEASING: return write_releasing(writer, entry->fixed);\n",
          "    case ENTRY_RELEASING: return BACKEND_OK;\n"),

    # What belongs together, written apart.
    Fault("a QoS 2 message and its identifier are written apart", "src/core/journal.c",
          "if (!journal->is_on || (group == 0 && journal->group_depth == 0)) {",
          "if (true || (group == 0 && journal->group_depth == 0)) {"),
    Fault("the store writes a part of a group without the others", "src/store/part_shelf.c",
          "return group->parts == 1 + group->parts_announced;",
          "return group->parts > 0;"),

    # Queues and counts.
    Fault("reading a queue from the disk passes over one message", "src/store/fetch.c",
          "key_of(TABLE_QUEUE, fetch->session, fetch->place);",
          "key_of(TABLE_QUEUE, fetch->session, fetch->place + 1);"),
    Fault("of what waits, the newest is sent first", "src/core/dispatch.c",
          "        struct delivery delivery = queue_take(&session->queue, &core->counters);\n",
          "        if (!session->durable) {\n"
          "            struct delivery *first = queue_at(&session->queue, 0);\n"
          "            uint32_t waiting = session->queue.count;\n"
          "            struct delivery *last = queue_at(&session->queue, waiting - 1);\n"
          "            struct delivery between = *first;\n"
          "            *first = *last;\n"
          "            *last = between;\n"
          "        }\n"
          "        struct delivery delivery = queue_take(&session->queue, &core->counters);\n"),
    Fault("messages lost with a session are not counted as dropped", "src/core/session_life.c",
          "        core->counters.dropped[DROP_SESSION_ENDED] += is_sent;\n",
          ""),
]


class Unaskable(Exception):
    pass


class Workshop:
    """A copy of the committed tree, built once; then one file at a time changes and is put back."""

    def __init__(self, folder):
        self.tree = folder / "tree"
        self.build = folder / "build"
        self.sound = folder / "midge-sim-sound"
        self.program = self.build / "bin" / "midge-sim"
        self.tree.mkdir()
        archive = subprocess.Popen(["git", "-C", ROOT, "archive", "HEAD"], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", self.tree], stdin=archive.stdout, check=True)
        if archive.wait() != 0:
            raise Unaskable("git archive failed")
        self._run(["cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja", "-DMIDGE_WERROR=OFF",
                   "-DMIDGE_TESTS=OFF"])
        self.make()
        shutil.copy2(self.program, self.sound)

    def make(self):
        self._run(["cmake", "--build", self.build, "--target", "midge-sim"])

    def put_in(self, fault):
        """The text of its file before."""
        path = self.tree / fault.file
        text = path.read_text(encoding="utf-8")
        if text.count(fault.old) != 1:
            raise Unaskable(f"{fault.name}: {fault.file} has the passage {text.count(fault.old)} "
                            f"times, not once:\n{fault.old}")
        path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        return text

    def put_back(self, fault, text):
        (self.tree / fault.file).write_text(text, encoding="utf-8")

    @staticmethod
    def _run(command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unaskable(done.stdout[-4000:] + done.stderr[-4000:])


@dataclasses.dataclass
class Played:
    seed: int = 0         # 0: all is well
    words: str = ""       # the promise that was broken
    steps: int = 0        # of all worlds
    steps_of_world: int = 0


def play(program, first, last, chosen, rarity):
    """Worlds first..last, up to the first that is wrong."""
    command = [program, "--seeds", f"{first}..{last}", "--steps", str(chosen.steps), "--long",
               "--story", "0"]
    if rarity:
        command += ["--rarity", str(rarity)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              errors="replace", timeout=WORLD_SECONDS_MAX)
        code, out, err = done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        code, out, err = -1, "", "a world that does not end"
    if code < 0:
        return play_one_by_one(program, first, last, chosen, rarity, err)
    summed = re.search(r"^\d+ seeds, (\d+) steps", out, re.MULTILINE)
    if code > 1 or not summed:
        raise Unaskable(f"{program}: status {code}\n{out}{err}")
    played = Played(steps=int(summed.group(1)))
    if code == 1:
        told = re.search(r"^seed (\d+): a promise is broken after (\d+) steps:\n +(.*)", out,
                         re.MULTILINE)
        played.seed, played.steps_of_world = int(told.group(1)), int(told.group(2))
        played.words = told.group(3)
    return played


def play_one_by_one(program, first, last, chosen, rarity, err):
    """The process ended: by an assertion of the broker, most likely. In which world?"""
    if first == last:
        said = re.search(r"Assertion `(.*)' failed", err)
        return Played(first, f"the broker's own assertion: {said.group(1)}" if said
                      else f"the broker ended: {err.strip()[-200:]}")
    steps = 0
    for seed in range(first, last + 1):
        played = play(program, seed, seed, chosen, rarity)
        steps += played.steps
        if played.seed:
            played.steps = steps
            return played
    return Played(steps=steps)


def hunt(workshop, fault, chosen):
    """Until a promise is broken that is kept without the fault. None: not in time."""
    began_s = spent_s()
    rarity = chosen.rarity or fault.rarity
    first, steps = chosen.first, 0
    while spent_s() - began_s < chosen.limit:
        last = first + SEEDS_AT_ONCE - 1
        played = play(workshop.program, first, last, chosen, rarity)
        steps += played.steps
        seed = played.seed
        if seed and not play(workshop.sound, seed, seed, chosen, rarity).seed:
            played.steps = steps
            return played, played.seed - chosen.first + 1
        first = played.seed + 1 if played.seed else last + 1
    return Played(steps=steps), first - chosen.first


def spent_s():
    """The processor's time, which is the same on a busy machine."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def tell(fault, played, worlds):
    if played.seed:
        print(f"found      {fault.name}\n"
              f"           by: {played.words}\n"
              f"           seed {played.seed}, step {played.steps_of_world} of it; "
              f"{played.steps} steps, {worlds} worlds in all", flush=True)
    else:
        print(f"NOT FOUND  {fault.name}\n"
              f"           {played.steps} steps, {worlds} worlds", flush=True)


def tell_table(rows):
    print("\n| fault | found by | seed | steps in all | worlds |\n|---|---|--:|--:|--:|")
    for fault, played, worlds in rows:
        words = played.words.replace("|", "/") if played.seed else "**nobody**"
        print(f"| {fault.name} | {words} | {played.seed or '–'} | {played.steps} | {worlds} |")


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", default="", help="faults whose name holds these words")
    parser.add_argument("--limit", type=float, default=60,
                        help="seconds of the processor's time for each (60)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--steps", type=int, default=4000, help="steps in each world (4000)")
    parser.add_argument("--rarity", type=int, default=0,
                        help="steps between two crashes or the like (drawn)")
    return parser.parse_args()


def main():
    chosen = read_arguments()
    faults = [fault for fault in FAULTS if chosen.only in fault.name]
    os.nice(10)
    rows = []
    with tempfile.TemporaryDirectory(prefix="midge-mutations-") as folder:
        workshop = Workshop(pathlib.Path(folder))
        for fault in faults:
            text = workshop.put_in(fault)
            workshop.make()
            played, worlds = hunt(workshop, fault, chosen)
            workshop.put_back(fault, text)
            tell(fault, played, worlds)
            rows.append((fault, played, worlds))
    tell_table(rows)
    found = sum(1 for _, played, _ in rows if played.seed)
    print(f"\n{found} of {len(rows)} faults were found.")
    return 0 if rows and found == len(rows) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unaskable as trouble:
        print(f"mutations: {trouble}", file=sys.stderr)
        sys.exit(2)
