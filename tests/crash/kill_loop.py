#!/usr/bin/python3
"""kill_loop.py: kill -9, again and again, while clients of all kinds are at work.

    kill_loop.py --broker build/bin/midged --cycles 10000 --lanes 2 --seed 1

Each lane is a broker with a store of its own and twenty clients (stage.py): publishers of QoS 1
and 2 that resend what was not acknowledged, subscribers present and away, retained messages set and
cleared, subscriptions made and given up, sessions made and ended, a will. After each start the
promises are checked; the first one that is broken ends the run with the packets that led there.

The seed decides what the clients do, how many threads the broker has and how long it lives. The
machine decides the rest, so a failure may need more than one run to come again.
"""

import argparse
import collections
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback

from player import Broken, show
from stage import Failed, Stage


def run_lane(number, chosen, folder, reports):
    """One process. Puts (lane, counts, cycles, None or what was broken)."""
    os.makedirs(folder, exist_ok=True)
    seed = chosen.seed * 1000 + number
    stage, trouble = None, None
    until = time.monotonic() + chosen.seconds if chosen.seconds else None
    try:
        stage = Stage(chosen.broker, folder, seed, chosen.directive, chosen.threads,
                      chosen.load_ms, chosen.messages, chosen.cut)
        share = (chosen.cycles + chosen.lanes - 1) // chosen.lanes
        stage.run(share, until)
    except Broken as broken:
        story = "\n".join(f"    {one.name:7} {show(entry)}" for one in broken.players
                          for entry in one.past)
        log = stage.server.log()[-2000:]
        trouble = f"{broken}\n  its last packets:\n{story}\n  the broker's log:\n{log}"
    except Failed as failed:
        trouble = f"the broker: {failed}"
    except Exception:  # pylint: disable=broad-except
        trouble = traceback.format_exc()
    if stage is not None:
        if stage.server.is_alive():
            stage.server.kill()
        reports.put((number, dict(stage.counts), stage.cycle, trouble))
    else:
        reports.put((number, {}, 0, trouble))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--broker", default=os.environ.get("MIDGED", "build/bin/midged"))
    parser.add_argument("--cycles", type=int, default=100, help="of all lanes together")
    parser.add_argument("--seconds", type=float, help="ends sooner when they have passed")
    parser.add_argument("--lanes", type=int, default=2, help="brokers side by side")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=lambda text: [int(one) for one in text.split(",")],
                        default=[1, 2, 4], help="numbers of threads to choose from: 1,2,4")
    parser.add_argument("--load-ms", type=float, default=50, help="longest life under load")
    parser.add_argument("--messages", type=int, default=40, help="a publisher's, in one life")
    parser.add_argument("--directive", action="append", default=[],
                        help="a line of configuration; may be given several times")
    parser.add_argument("--cut", action="store_true",
                        help="cuts the connections only: what must hold without a store, too")
    parser.add_argument("--json", help="a file for the figures")
    parser.add_argument("--folder", action="append", help="where the stores lie; given several "
                        "times, the lanes take turns. On a memory disk cycles are shorter")
    parser.add_argument("--keep", action="store_true",
                        help="leaves the stores, which otherwise only a failure does")
    chosen = parser.parse_args()
    found = shutil.which(chosen.broker)
    if not found:
        sys.exit(f"no broker: {chosen.broker}")
    chosen.broker = os.path.abspath(found)
    return chosen


def main():
    chosen = parse()
    roots = [tempfile.mkdtemp(prefix="midge-kill-loop-", dir=folder)
             for folder in chosen.folder or [None]]
    for root in roots:
        os.chmod(root, 0o755)
    reports = multiprocessing.Queue()
    began = time.monotonic()
    lanes = [multiprocessing.Process(target=run_lane, args=(
        number, chosen, os.path.join(roots[number % len(roots)], f"lane-{number}"), reports))
        for number in range(chosen.lanes)]
    for lane in lanes:
        lane.start()
    total, cycles, troubles = collections.Counter(), 0, []
    for _ in lanes:
        number, counts, lived, trouble = reports.get()
        total.update(counts)
        cycles += lived
        if trouble:
            troubles.append(f"lane {number}, cycle {lived}, seed {chosen.seed}: {trouble}")
    for lane in lanes:
        lane.join()
    seconds = time.monotonic() - began
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    report(chosen, total, cycles, seconds, troubles)
    if troubles or chosen.keep:
        print(f"the stores are in {', '.join(roots)}", file=sys.stderr)
    else:
        for root in roots:
            shutil.rmtree(root)
    sys.exit(1 if troubles else 0)


def report(chosen, total, cycles, seconds, troubles):
    print(f"{cycles} cycles in {seconds:.1f} s ({cycles / seconds:.1f} a second), "
          f"{total['killed']} ended by kill -9; seed {chosen.seed}")
    for name in sorted(total):
        print(f"  {total[name]:>10} {name}")
    print("BROKEN" if troubles else "Nothing acknowledged was lost; of QoS 2 nothing came twice.")
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as out:
            json.dump({"cycles": cycles, "seconds": round(seconds, 1), "broken": len(troubles),
                       "seed": chosen.seed, **total}, out, indent=1)


if __name__ == "__main__":
    main()
