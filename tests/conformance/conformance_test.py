#!/usr/bin/env python3
"""The page of citations can be trusted: what counts as one, and what does not."""

import unittest

import citations
import conformance


def code(path, text):
    return [(one.version, one.number, one.where) for one in citations.in_code(path, text)]


def tests(path, text):
    return [(one.version, one.number, one.where) for one in citations.in_tests(path, text)]


class Citations(unittest.TestCase):
    def test_one_bracket_may_name_several(self):
        self.assertEqual(
            [number for _, number, _ in citations.statements_in("[MQTT-4.3.3-3, -5, 4.3.2-1]")],
            ["4.3.3-3", "4.3.3-5", "4.3.2-1"])

    def test_versions_are_kept_apart(self):
        self.assertEqual([version for version, _, _ in
                          citations.statements_in("[MQTT-3.3.1-9] [v3 MQTT-3.3.1-9]")],
                         ["v5", "v311"])

    def test_unmet_is_not_met(self):
        found = list(citations.in_code("src/core/x.c", "/* unmet [MQTT-4.2-1]: no time */\n"))
        self.assertEqual(found[0].unmet.strip(), "no time")

    def test_what_is_nearly_a_citation_is_broken(self):
        self.assertEqual(citations.broken_in("[MQTT-3.1.2] and [MQTT-3.1.2-1]"), ["[MQTT-3.1.2]"])

    def test_code_is_named_by_its_function(self):
        text = "int f(int a,\n      int b)\n{\n    return a; /* [MQTT-3.1.0-2] */\n}\n"
        self.assertEqual(code("src/core/x.c", text), [("v5", "3.1.0-2", "f")])

    def test_a_promise_in_a_header_is_not_code(self):
        self.assertEqual(code("src/core/x.h", "/* Sends it. [MQTT-3.1.0-2] */\nint f(void);\n"), [])

    def test_a_test_is_cited_by_its_name_only(self):
        text = '/* [MQTT-1.5.4-1] */\n{"[MQTT-3.1.0-2]"\n "[v3 MQTT-3.1.0-2] a second one", f},\n'
        self.assertEqual(tests("src/core/x_test.c", text),
                         [("v5", "3.1.0-2", "a second one"), ("v311", "3.1.0-2", "a second one")])
        self.assertEqual(tests("tests/b/test_x.py",
                               'def f():\n    """[MQTT-3.1.0-2] two"""\n    # [MQTT-1.5.4-1]\n'),
                         [("v5", "3.1.0-2", "two")])
        self.assertEqual(tests("tests/b/x.mjs", "test('[MQTT-3.1.0-2] two', f)"),
                         [("v5", "3.1.0-2", "two")])

    def test_an_applicable_statement_needs_code_and_a_test(self):
        statement = conformance.Statement("v5", "3.1.0-2", "S", "words", "yes")
        self.assertEqual(statement.missing(), "code and test")
        statement.code.append(citations.Citation("v5", "3.1.0-2", "src/a.c", "f"))
        self.assertEqual(statement.missing(), "test")
        statement.tests.append(citations.Citation("v5", "3.1.0-2", "src/a_test.c", "name"))
        self.assertEqual(statement.missing(), "")

    def test_every_statement_is_there_once(self):
        statements = conformance.read_statements()
        self.assertEqual(sum(1 for version, _ in statements if version == "v5"), 251)
        self.assertEqual(sum(1 for version, _ in statements if version == "v311"), 141)


if __name__ == "__main__":
    unittest.main()
