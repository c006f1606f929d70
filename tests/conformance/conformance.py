#!/usr/bin/env python3
"""conformance.py [--write] — which statement of the standard is obeyed where, shown by which test.

Reads the statements (statements_*.tsv) and the citations in src/, include/ and tests/, and makes
docs/conformance.md of them. Fails if a statement that applies has no code or no test, if a citation
names no statement, or if the page does not say what is so now; --write writes the page first.
"""

import os
import subprocess
import sys

import citations

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PAGE = "docs/conformance.md"
TITLES = {"v5": "MQTT 5.0", "v311": "MQTT 3.1.1"}
SIDES = {"S": "server", "C": "client", "B": "both"}
TESTS_SHOWN_MAX = 3
READ = (".c", ".h", ".def", ".py", ".js", ".mjs")


class Statement:
    def __init__(self, version, number, side, words, applies):
        self.version = version
        self.number = number
        self.side = side
        self.words = words
        self.applies = applies
        self.code = []
        self.tests = []
        self.unmet = None

    def name(self):
        return f"[{'v3 ' if self.version == 'v311' else ''}MQTT-{self.number}]"

    def missing(self):
        """What an applicable statement still lacks, in words; empty if nothing."""
        if self.applies != "yes" or self.unmet:
            return ""
        lacks = [] if self.code else ["code"]
        lacks += [] if self.tests else ["test"]
        return " and ".join(lacks)


def read_statements():
    statements = {}
    for version in TITLES:
        with open(os.path.join(HERE, f"statements_{version}.tsv"), encoding="utf-8") as file:
            for line in file:
                if line.startswith("#"):
                    continue
                number, side, words, applies = line.rstrip("\n").split("\t")
                assert side in SIDES, line
                assert applies == "yes" or applies.startswith(("later:", "n.a.: ")), line
                statements[version, number] = Statement(version, number, side, words, applies)
    return statements


def list_files(root):
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--",
         "src", "include", "tests"], cwd=root, check=True, stdout=subprocess.PIPE)
    for path in sorted(set(out.stdout.decode().split("\0"))):
        if path.endswith(READ) and not path.startswith(("tests/conformance/", "tests/tidy/")) \
                and os.path.isfile(os.path.join(root, path)):
            yield path


def collect(statements, root):
    """Gives every statement its citations. Returns complaints about citations of nothing."""
    complaints = []
    for path in list_files(root):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            text = file.read()
        complaints += [f"{path}: {found} is no citation" for found in citations.broken_in(text)]
        if citations.is_test_file(path):
            found = citations.in_tests(path, text)
        elif path.startswith("tests/"):
            continue
        else:
            found = citations.in_code(path, text)
        for citation in found:
            statement = statements.get((citation.version, citation.number))
            if statement is None:
                complaints.append(f"{path}: no statement {citation.version} {citation.number}")
            elif citations.is_test_file(path):
                statement.tests.append(citation)
            elif citation.unmet:
                statement.unmet = citation.unmet
            else:
                statement.code.append(citation)
    return complaints


def code_cell(statement):
    if statement.unmet:
        return "unmet: " + statement.unmet
    files = {}
    for citation in statement.code:
        functions = files.setdefault(citation.path.removeprefix("src/"), [])
        if citation.where not in functions and citation.where not in ("file", "table"):
            functions.append(citation.where)
    return "<br>".join(f"{path}: {', '.join(names)}" if names else path
                       for path, names in sorted(files.items()))


def test_cell(statement):
    names = sorted({f"{citation.path.removeprefix('src/')}: {citation.where}"
                    for citation in statement.tests})
    more = len(names) - TESTS_SHOWN_MAX
    return "<br>".join(names[:TESTS_SHOWN_MAX] + ([f"and {more} more"] if more > 0 else []))


def row(statement):
    cells = [statement.number, SIDES[statement.side], statement.words]
    if statement.applies.startswith("n.a.: "):
        cells += ["does not apply: " + statement.applies[6:], ""]
    elif statement.applies.startswith("later:") and not (statement.code and statement.tests):
        cells += [f"comes with issue {statement.applies[6:]}", ""]
    else:
        cells += [code_cell(statement), test_cell(statement)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def make_page(statements):
    out = ["# Conformance", "",
           "Made by `make conformance` from the citations in the code and in the names of the",
           "tests; do not edit. The statements are told in our own words; the numbers are the",
           "standards'."]
    for version, title in TITLES.items():
        mine = [one for one in statements.values() if one.version == version]
        applicable = [one for one in mine if one.applies == "yes"]
        shown = [one for one in applicable if not one.missing() and not one.unmet]
        out += ["", f"## {title}", "",
                f"{len(mine)} statements, {len(applicable)} apply now, "
                f"{len(shown)} of these have code and a test.", "",
                "| statement | side | what it asks | code | test |", "|---|---|---|---|---|"]
        out += [row(one) for one in mine]
    return "\n".join(out) + "\n"


def main():
    statements = read_statements()
    complaints = collect(statements, ROOT)
    page = make_page(statements)
    path = os.path.join(ROOT, PAGE)
    if "--write" in sys.argv[1:]:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(page)
    for one in statements.values():
        if one.missing():
            complaints.append(
                f"{one.name()} ({SIDES[one.side]}) has no {one.missing()}: {one.words}")
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() != page:
                complaints.append(f"{PAGE} is stale: make conformance")
    except FileNotFoundError:
        complaints.append(f"{PAGE} is missing: make conformance")
    for line in complaints:
        print(line)
    print(f"conformance: {len(statements)} statements, {len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
