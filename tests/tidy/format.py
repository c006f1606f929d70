#!/usr/bin/env python3
"""format.py CLANG_FORMAT — every source and header looks as clang-format lays it out."""

import os
import subprocess
import sys

import tidy

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def main():
    sources = [path for path in tidy.Tidy(ROOT).paths if path.endswith((".c", ".h"))]
    status = subprocess.run([sys.argv[1], "--dry-run", "-Werror", *sources], cwd=ROOT,
                            check=False).returncode
    print(f"format: {len(sources)} files, " + ("clean" if status == 0 else "see make format"))
    return status


if __name__ == "__main__":
    sys.exit(main())
