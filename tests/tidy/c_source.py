"""Reads C as far as the rules need: includes, functions, and code without comments and strings."""

import re

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
TOKENS = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def includes(lines):
    """(line number, "quote" or "angle", path) of every #include."""
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if match:
            yield number, "quote" if match[1] == '"' else "angle", match[2]


def without_comments_and_strings(text):
    """The same number of lines, with comments, strings and characters blanked out."""
    return TOKENS.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def functions(lines):
    """(name, first line, count of lines) of every function.

    clang-format puts the braces of a function, and of nothing else, alone in the first column.
    """
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            head = start - 1
            while head > 1 and not re.search(r"^\s*$|[;{}]\s*$|\*/\s*$|^#", lines[head - 2]):
                head -= 1
            signature = " ".join(lines[head - 1:start - 1])
            name = re.search(r"(\w+)\s*\(", signature)
            yield name[1] if name else "?", head, number - head + 1
            start = None
