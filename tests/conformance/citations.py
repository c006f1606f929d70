"""Finds where statements of the standard are cited: [MQTT-3.1.0-2], [v3 MQTT-3.1.2-2, -3].

In code a citation counts where it stands inside a function of a source or a header, or in a table
(.def). In tests it counts as part of a test's name: a string that starts with citations.
"""

import ast
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tidy"))
import c_source  # noqa: E402

CITATION = re.compile(
    r"(unmet )?\[(v3 )?MQTT-(\d+(?:\.\d+)+-\d+)((?:, ?-?[\d.]+(?:-\d+)?)*)\]"
    r"(?::\s*([^*\n]+))?")
BROKEN = re.compile(r"\[(?:v3 )?MQTT-[^\]\n]*\]?")
C_STRINGS = re.compile(
    r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*|/\*.*?\*/|//[^\n]*', re.DOTALL)
JS_STRINGS = re.compile(r"""(["'`])((?:\\.|(?!\1)[^\\\n])*)\1""")


class Citation:
    """One statement cited once. `where` is a function's name in code, a test's name in tests."""

    def __init__(self, version, number, path, where, unmet=None):
        self.version = version          # "v5" or "v311"
        self.number = number
        self.path = path
        self.where = where
        self.unmet = unmet              # why the statement is not met, or None


def statements_in(text):
    """(version, number, reason why unmet or None) of every citation in a piece of text."""
    for match in CITATION.finditer(text):
        version = "v311" if match[2] else "v5"
        unmet = (match[5] or "no reason given").strip() if match[1] else None
        yield version, match[3], unmet
        section = match[3].rsplit("-", 1)[0]
        for more in filter(None, (part.strip() for part in match[4].split(","))):
            yield version, section + more if more.startswith("-") else more, unmet


def broken_in(text):
    """Things that look like a citation and are none."""
    return [found for found in BROKEN.findall(text) if not CITATION.match(found)]


def functions_by_line(lines):
    """For each line the function it stands in, or None."""
    where = [None] * len(lines)
    for name, first, count in c_source.functions(lines):
        where[first - 1:first - 1 + count] = [name] * count
    return where


def in_code(path, text):
    """Citations in a source, a header or a table of ours."""
    lines = text.split("\n")
    where = functions_by_line(lines)
    for index, line in enumerate(lines):
        place = where[index]
        if path.endswith(".def"):
            place = "table"
        elif path.endswith(".c"):
            place = place or "file"
        for version, number, unmet in statements_in(line):
            if place:
                yield Citation(version, number, path, place, unmet)


def test_names(path, text):
    """The strings of a test file that start with citations."""
    if path.endswith((".c", ".h", ".def")):
        strings = ("".join(part[1:-1] for part in re.findall(r'"(?:\\.|[^"\\\n])*"', found))
                   for found in C_STRINGS.findall(text) if found.startswith('"'))
    elif path.endswith(".py"):
        strings = (node.value for node in ast.walk(ast.parse(text))
                   if isinstance(node, ast.Constant) and isinstance(node.value, str))
    else:
        strings = (found[1] for found in JS_STRINGS.findall(text))
    return [name for name in strings if re.match(r"\[(v3 )?MQTT-", name)]


def in_tests(path, text):
    for name in test_names(path, text):
        title = re.sub(r"^(\[[^\]]*\]\s*)+", "", name.strip()).split("\n")[0].replace('\\"', '"')
        for version, number, _ in statements_in(name):
            yield Citation(version, number, path, title or "?")


def is_test_file(path):
    name = os.path.basename(path)
    if path.endswith(".py"):
        return name.startswith("test_") or name.endswith("_test.py")
    if path.startswith("tests/"):
        return path.endswith((".c", ".def", ".js", ".mjs"))
    return re.search(r"_test(_\w+)?\.[ch]$", name) is not None
