#!/usr/bin/env python3
"""tidy.py [ROOT] — the house rules, as a test.

Prints one line for each breach (file:line: what; how to mend) and fails if there is one.
The rules are told in CONTRIBUTING.md; the arrows between rooms are in house.py.
"""

import os
import re
import subprocess
import sys

import c_source
import house

LINES_MAX = 500
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
TABLE_COLUMNS_MAX = 200     # one row is one fact and stays on one line
FILE_SIZE_MAX = 200_000
TABLE_READERS_MAX = 3

CODE = (".c", ".h", ".def")
TEXT = CODE + (".py", ".sh", ".md", ".txt", ".cmake", ".json", ".js", ".mjs", ".in", ".html",
               ".css")
BANNED_CALLS = {
    "strcpy": "use memcpy with a checked size", "strcat": "use snprintf",
    "sprintf": "use snprintf", "vsprintf": "use vsnprintf", "gets": "use fgets",
    "strtok": "walk with strchr or strcspn", "atoi": "use strtol", "atol": "use strtol",
    "atof": "use strtod", "alloca": "use a bounded array", "rand": "use base/random.h",
    "sleep": "wait for the event", "usleep": "wait for the event",
}
BANNED_CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED_CALLS))
BANNED_WORDS = ("util", "utils", "helper", "helpers", "manager", "handler", "misc")
LEFT_OPEN = re.compile(r"\b(%s)\b" % "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")))
CHANGELOG_PARTS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")


class Tidy:
    def __init__(self, root):
        self.root = root
        self.breaches = []
        self.paths = self.list_files()
        self.lines = {}
        for path in self.paths:
            if path.endswith(TEXT) or os.path.basename(path) in ("CMakeLists.txt", "Makefile"):
                with open(os.path.join(root, path), encoding="utf-8") as file:
                    self.lines[path] = file.read().split("\n")

    def list_files(self):
        """What git knows or would add; everything outside build/ where there is no git."""
        try:
            out = subprocess.run(
                ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                cwd=self.root, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            paths = out.stdout.decode().split("\0")
        except (OSError, subprocess.CalledProcessError):
            paths = []
            for folder, folders, files in os.walk(self.root):
                folders[:] = [name for name in folders if name not in ("build", ".git")]
                paths += [os.path.relpath(os.path.join(folder, name), self.root) for name in files]
        return sorted(path for path in set(paths)
                      if path and os.path.isfile(os.path.join(self.root, path)))

    def breach(self, path, line, what, mend):
        self.breaches.append(f"{path}:{line}: {what}; {mend}")

    def rooms_files(self, *suffixes):
        """(path, room, file name) of everything in src/ROOM/ with one of these suffixes."""
        for path in self.paths:
            parts = path.split("/")
            if len(parts) == 3 and parts[0] == "src" and path.endswith(suffixes):
                yield path, parts[1], parts[2]

    # Shape -----------------------------------------------------------------------------------

    def check_shape(self):
        for path, lines in self.lines.items():
            count = len(lines) - 1
            is_code = path.endswith(CODE + (".py", ".js", ".mjs"))
            if is_code and not path.endswith(".def") and count > LINES_MAX:
                self.breach(path, count, f"{count} lines, at most {LINES_MAX}",
                            "give each noun its own file")
            columns_max = TABLE_COLUMNS_MAX if path.endswith(".def") else COLUMNS_MAX
            for number, line in enumerate(lines, 1):
                if is_code and len(line) > columns_max:
                    self.breach(path, number, f"{len(line)} columns, at most {columns_max}",
                                "break the line")
                if is_code and "\t" in line:
                    self.breach(path, number, "a tab", "indent with four spaces")
                if line != line.rstrip():
                    self.breach(path, number, "space at the end of the line", "remove it")
                if LEFT_OPEN.search(line):
                    self.breach(path, number, "something left open", "do it, or make it an issue")
            if lines[-1] != "":
                self.breach(path, len(lines), "no newline at the end", "add one")

    def check_functions(self):
        for path, lines in self.lines.items():
            if not path.endswith((".c", ".h")):
                continue
            for name, line, count in c_source.functions(lines):
                if count > FUNCTION_LINES_MAX:
                    self.breach(path, line, f"{name} has {count} lines, at most "
                                f"{FUNCTION_LINES_MAX}", "split it at its verbs")

    def check_words(self):
        for path in self.paths:
            stem = os.path.splitext(os.path.basename(path))[0]
            for word in re.split(r"[_\-.]", stem.lower()):
                if word in BANNED_WORDS:
                    self.breach(path, 1, f'"{word}" in a file name', "name what it is or does")
        for path, lines in self.lines.items():
            if path.endswith(".py") and path.startswith("tests/"):
                for number, line in enumerate(lines, 1):
                    if re.search(r"\btime\.sleep" + r"\(", line):
                        self.breach(path, number, "a fixed sleep", "wait for the event")
            if not path.endswith((".c", ".h")) or path == "src/base/banned.h":
                continue
            code = c_source.without_comments_and_strings("\n".join(lines)).split("\n")
            for number, line in enumerate(code, 1):
                for call in BANNED_CALL.findall(line):
                    self.breach(path, number, f"{call}() is banned", BANNED_CALLS[call])
                if re.match(r"\s*typedef\s+(struct|enum|union)\b", line):
                    self.breach(path, number, "a typedef hides a tag",
                                "write struct, enum or union where it is used")
                if re.search(r"\bNDEBUG\b", line):
                    self.breach(path, number, "NDEBUG", "assertions stay on, always")

    # Rooms -----------------------------------------------------------------------------------

    def own_header(self, room, name):
        """foo.h for foo.c; also for foo_bar.c, one of several ways to be foo.h (or None)."""
        words = os.path.splitext(name)[0].split("_")
        for count in range(len(words), 0, -1):
            header = "_".join(words[:count]) + ".h"
            if f"src/{room}/{header}" in self.paths or f"include/{header}" in self.paths:
                return header
        return None

    def check_includes(self):
        for path, room, name in self.rooms_files(*CODE):
            if room not in house.FLOORS:
                self.breach(path, 1, f'"{room}" is no room', "see tests/tidy/house.py")
                continue
            for line, kind, target in c_source.includes(self.lines[path]):
                if kind == "quote":
                    self.check_arrow(path, line, room, name, target)
        for path, lines in self.lines.items():
            if path.startswith("src/") or not path.endswith(CODE):
                continue
            for line, kind, target in c_source.includes(lines):
                if kind == "quote" and target.startswith("."):
                    self.breach(path, line, f'"{target}" climbs', 'include "room/file.h"')

    def check_arrow(self, path, line, room, name, target):
        if target in house.PUBLIC_HEADERS:
            if room not in house.PUBLIC_HEADERS[target]:
                self.breach(path, line, f"{room} -> {target} is no arrow of the house",
                            "see tests/tidy/house.py")
            return
        parts = target.split("/")
        if len(parts) != 2 or parts[0] not in house.FLOORS:
            self.breach(path, line, f'"{target}" is not "room/file.h"',
                        "includes start at src/")
        elif not house.may_include(room, parts[0], parts[1], is_test(name)):
            self.breach(path, line, f"{room} -> {target} is no arrow of the house",
                        "turn the dependency round, or hand the value in")

    def check_own_headers(self):
        for path, room, name in self.rooms_files(".c"):
            if name == "main.c" or is_test(name):
                continue
            header = self.own_header(room, name)
            if header is None:
                self.breach(path, 1, "has no header of its own", f"write {name[:-2]}.h")
                continue
            first = next(c_source.includes(self.lines[path]), (1, "", "nothing"))
            if first[2] not in (f"{room}/{header}", header):
                self.breach(path, first[0], f"includes {first[2]} first",
                            f'its own header, "{room}/{header}", comes first')

    def check_circles(self):
        rooms = {}
        for path, room, name in self.rooms_files(".c", ".h"):
            if is_test(name):
                continue
            stem = name[:-2]
            edges = rooms.setdefault(room, {})
            edges.setdefault(stem, set())
            for _, kind, target in c_source.includes(self.lines[path]):
                if kind == "quote" and target.startswith(room + "/") and target.endswith(".h"):
                    other = target[len(room) + 1:-2]
                    if other != stem:
                        edges[stem].add(other)
        for room, edges in sorted(rooms.items()):
            for group in house.circles(edges):
                self.breach(f"src/{room}", 1, "a circle: " + " <-> ".join(group),
                            "let one of them take the part it needs as an argument")

    def check_dead_files(self):
        included = {}
        for path, lines in self.lines.items():
            if path.endswith(CODE):
                for _, _, target in c_source.includes(lines):
                    included.setdefault(target, []).append(path)
        for path, room, name in self.rooms_files(".h", ".def"):
            readers = included.get(f"{room}/{name}", [])
            if not readers and name != "banned.h":   # the compiler is told to include that one
                self.breach(path, 1, "nobody includes it", "use it or remove it")
            own = sorted({reader for reader in readers
                          if not is_test(os.path.basename(reader))})
            if name.endswith(".def") and len(own) > TABLE_READERS_MAX:
                self.breach(path, 1, f"a table with {len(own)} readers ({', '.join(own)})",
                            f"at most {TABLE_READERS_MAX}")
        for path, room, name in self.rooms_files(".c"):
            lists = "\n".join(self.lines.get(f"src/{room}/CMakeLists.txt", []))
            if not re.search(r"(?<![\w.])%s(?!\w)" % re.escape(name.removesuffix(".c")), lists):
                self.breach(path, 1, "not built", f"name it in src/{room}/CMakeLists.txt")

    # The rest --------------------------------------------------------------------------------

    def check_sizes(self):
        for path in self.paths:
            size = os.path.getsize(os.path.join(self.root, path))
            if size > FILE_SIZE_MAX:
                self.breach(path, 1, f"{size} bytes, at most {FILE_SIZE_MAX}",
                            "generate it, or keep it elsewhere")

    def check_changelog(self):
        path = "CHANGELOG.md"
        lines = self.lines.get(path, [""])
        if lines[0] != "# Changelog":
            self.breach(path, 1, 'does not start with "# Changelog"', "see keepachangelog.com")
        seen = []
        for number, line in enumerate(lines, 1):
            if line.startswith("## "):
                seen.append(line)
                if not re.fullmatch(
                        r"## (\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d)", line):
                    self.breach(path, number, f'"{line}"',
                                'write "## [Unreleased]" or "## [1.2.3] - 2026-01-31"')
            elif line.startswith("### ") and line[4:] not in CHANGELOG_PARTS:
                self.breach(path, number, f'"{line}"', "one of " + ", ".join(CHANGELOG_PARTS))
        if not seen or seen[0] != "## [Unreleased]":
            self.breach(path, 1, "Unreleased does not come first", "add ## [Unreleased]")

    def check_all(self):
        for name in sorted(dir(self)):
            if name.startswith("check_") and name not in ("check_all", "check_arrow"):
                getattr(self, name)()
        return self.breaches


def is_test(name):
    """foo_test.c, and what only tests use: foo_test_world.c, foo_test_world.h."""
    return re.search(r"_test(_\w+)?\.[ch]$|_bench\.c$", name) is not None


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))
    breaches = Tidy(root).check_all()
    for line in breaches:
        print(line)
    print(f"tidy: {len(breaches)} breaches of the house rules" if breaches else "tidy: clean")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
