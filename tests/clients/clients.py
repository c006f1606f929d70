"""clients.py: what the tests with real clients have in common with the black-box tests."""

import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "blackbox"))

from story import Settings, Story, main, versions  # noqa: E402,F401

SKIPPED = 77
LARGE = 5 << 20


def skip(sentence):
    """Ends the script as CTest understands it: not run."""
    print(sentence)
    sys.exit(SKIPPED)


def need_programs(package, *programs):
    for program in programs:
        if shutil.which(program) is None:
            skip(f"{program} is not installed (Debian: {package}).")


def large_payload():
    """5 MB in which no block looks like another."""
    return b"".join(b"%015d|" % number for number in range(LARGE // 16))
