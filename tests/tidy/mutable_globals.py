#!/usr/bin/env python3
"""mutable_globals.py BUILD — no object of ours holds state of its own.

Reads the symbols of every object below BUILD/src (tests and benchmarks left out) and fails on data
that can be written. Constants that need relocation (.data.rel.ro) are constants.
"""

import os
import re
import subprocess
import sys

# It stands in the place of malloc, which nobody can hand anything.
EXCEPTED = {"src/sim/allocation.c"}

SYMBOL = re.compile(r"^[0-9a-f]+ .{7} (\.(?:data|bss|tdata|tbss)\S*|\*COM\*)\s+([0-9a-f]+)\s+(.+)$")


def objects(build):
    for folder, _, files in os.walk(os.path.join(build, "src")):
        if re.search(r"_(test|bench)\.dir", folder):
            continue
        for name in sorted(files):
            if name.endswith(".c.o"):
                yield os.path.join(folder, name)


def mutable_symbols(path):
    out = subprocess.run(["objdump", "-t", path], check=True, stdout=subprocess.PIPE, text=True)
    for line in out.stdout.splitlines():
        match = SYMBOL.match(line)
        if match and int(match[2], 16) > 0 and not match[1].startswith(".data.rel.ro"):
            yield match[3].split()[-1], match[1]


def main():
    build = sys.argv[1]
    found = 0
    count = 0
    for path in objects(build):
        count += 1
        source = re.sub(r"CMakeFiles/[^/]+\.dir/", "", os.path.relpath(path, build))[:-2]
        if source in EXCEPTED:
            continue
        for symbol, section in mutable_symbols(path):
            found += 1
            print(f"{source}:1: {symbol} lies in {section}; make it const, or hand it in")
    print(f"globals: {found} mutable in {count} objects")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
