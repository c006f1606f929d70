#!/usr/bin/env python3
"""Every rule of tidy.py sees the breach it is there for, and a clean tree passes."""

import os
import subprocess
import tempfile
import unittest

import mutable_globals
import tidy

CLEAN = {
    "CHANGELOG.md": "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- All.\n",
    "src/base/bytes.h": "int bytes_count(void);\n",
    "src/base/bytes.c": '#include "base/bytes.h"\n\nint bytes_count(void)\n{\n    return 0;\n}\n',
    "src/base/banned.h": "int x;\n",
    "src/base/CMakeLists.txt": "midge_room(base SOURCES bytes.c)\nmidge_test(bytes_test)\n",
    "src/base/bytes_test.c": '#include "base/bytes.h"\n',
    "src/topic/name.h": '#include "base/bytes.h"\n',
    "src/topic/name.c": '#include "topic/name.h"\n',
    "src/topic/CMakeLists.txt": "midge_room(topic SOURCES name.c tree.c)\n",
}


def breaches(files=None):
    """What tidy says about the clean tree with these files put over it."""
    tree = dict(CLEAN, **(files or {}))
    with tempfile.TemporaryDirectory() as root:
        for path, text in tree.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return tidy.Tidy(root).check_all()


class Rules(unittest.TestCase):
    def assert_breach(self, files, *words):
        found = breaches(files)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_a_clean_tree_passes(self):
        self.assertEqual(breaches(), [])

    def test_an_arrow_upward(self):
        self.assert_breach({"src/base/bytes_test.c": '#include "topic/name.h"\n'},
                           "src/base/bytes_test.c:1", "base -> topic/name.h")

    def test_an_arrow_between_rooms_of_one_floor(self):
        self.assert_breach({"src/net/CMakeLists.txt": "loop.c\n",
                            "src/net/loop.h": "int l;\n",
                            "src/net/loop.c": '#include "net/loop.h"\n#include "topic/name.h"\n'},
                           "src/net/loop.c:2", "net -> topic/name.h")

    def test_config_sees_only_options(self):
        files = {"src/config/CMakeLists.txt": "config.c\n",
                 "src/config/config.h": '#include "topic/topic_options.h"\n',
                 "src/topic/topic_options.h": "int o;\n",
                 "src/config/config.c": '#include "config/config.h"\n'}
        self.assertEqual(breaches(files), [])
        files["src/config/config.h"] += '#include "topic/name.h"\n'
        self.assert_breach(files, "src/config/config.h:2", "config -> topic/name.h")

    def test_an_include_without_its_room(self):
        self.assert_breach({"src/topic/name.c": '#include "topic/name.h"\n#include "name.h"\n'},
                           "src/topic/name.c:2", "room/file.h")

    def test_own_header_first(self):
        self.assert_breach(
            {"src/topic/name.c": '#include <stdio.h>\n#include "topic/name.h"\n'}, "comes first")

    def test_a_source_without_a_header(self):
        self.assert_breach({"src/topic/tree.c": "int t;\n"}, "src/topic/tree.c:1", "no header")

    def test_one_header_may_have_several_sources(self):
        self.assertEqual(breaches({
            "src/topic/CMakeLists.txt": "name.c name_none.c\n",
            "src/topic/name_none.c": '#include "topic/name.h"\n'}), [])

    def test_a_circle(self):
        self.assert_breach({
            "src/topic/tree.h": "int t;\n",
            "src/topic/tree.c": '#include "topic/tree.h"\n#include "topic/name.h"\n',
            "src/topic/name.c": '#include "topic/name.h"\n#include "topic/tree.h"\n'},
            "src/topic:1", "name <-> tree")

    def test_a_dead_header(self):
        self.assert_breach({"src/topic/tree.h": "int t;\n"}, "src/topic/tree.h:1", "nobody")

    def test_a_source_that_is_not_built(self):
        self.assert_breach({"src/base/lost_test.c": '#include "base/bytes.h"\n'}, "not built")

    def test_a_table_with_many_readers(self):
        files = {f"examples/{name}.c": '#include "base/kinds.def"\n' for name in "abcd"}
        self.assert_breach(dict(files, **{"src/base/kinds.def": "KIND(a)\n"}), "4 readers")

    def test_long_lines_functions_and_files(self):
        self.assert_breach({"src/base/bytes.h": "//" + "x" * 99 + "\n"}, "101 columns")
        self.assert_breach({"src/base/bytes.h": "int x;\n" * 501}, "501 lines")
        body = "    call();\n" * 68
        self.assert_breach({"src/base/bytes.h": "int f(void)\n{\n" + body + "}\n"}, "f has 71")

    def test_tabs_trailing_space_and_missing_newline(self):
        self.assert_breach({"src/base/bytes.h": "\tint x;\n"}, "a tab")
        self.assert_breach({"src/base/bytes.h": "int x; \n"}, "space at the end")
        self.assert_breach({"src/base/bytes.h": "int x;"}, "newline")

    def test_banned_calls_but_not_in_comments_or_strings(self):
        self.assert_breach({"src/base/bytes.h": "int x = atoi(t); /* rand() */\n"}, "atoi()")
        self.assertEqual(breaches({"src/base/bytes.h": 'char *x = "rand()";\n'}), [])

    def test_banned_words_in_file_names(self):
        self.assert_breach({"docs/misc.md": "x\n"}, "docs/misc.md", "misc")

    def test_a_fixed_sleep_in_a_test(self):
        self.assert_breach({"tests/x.py": "time." + "sleep(1)\n"}, "tests/x.py:1", "sleep")

    def test_something_left_open(self):
        self.assert_breach({"docs/x.md": "TO" + "DO\n"}, "docs/x.md:1", "left open")

    def test_typedef_of_a_tag_and_ndebug(self):
        self.assert_breach({"src/base/bytes.h": "typedef struct bytes bytes_t;\n"}, "typedef")
        self.assert_breach({"src/base/bytes.h": "#ifdef NDEBUG\n"}, "NDEBUG")

    def test_the_changelog_in_shape(self):
        for text in ("# Changelog\n", "# Log\n\n## [Unreleased]\n",
                     "# Changelog\n\n## [Unreleased]\n\n## 1.0\n",
                     "# Changelog\n\n## [Unreleased]\n\n### News\n"):
            self.assert_breach({"CHANGELOG.md": text}, "CHANGELOG.md")

    def test_a_mutable_global(self):
        with tempfile.TemporaryDirectory() as build:
            objects = os.path.join(build, "src", "base", "CMakeFiles", "midge_base.dir")
            os.makedirs(objects)
            subprocess.run(
                ["cc", "-fPIE", "-c", "-x", "c", "-", "-o", os.path.join(objects, "x.c.o")],
                input="static int a = 1; int *f(void) { static int b; return a ? &a : &b; }\n"
                      "static const char *const names[] = {\"n\"};\n"
                      "const char *g(int i) { return names[i]; }\n", text=True, check=True)
            found = [name for path in mutable_globals.objects(build)
                     for name, _ in mutable_globals.mutable_symbols(path)]
        self.assertEqual(sorted(name.split(".")[0] for name in found), ["a", "b"])

    def test_a_big_file(self):
        self.assert_breach({"docs/x.bin": "x" * 200_001}, "docs/x.bin")


if __name__ == "__main__":
    unittest.main()
