#!/usr/bin/env python3
"""Tests tests/layers/check.py with small trees, each of which breaks one rule."""
import contextlib
import io
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import check

TREE = {
    "docs/architecture.md": """# Layers

| layer | what it is for | may include |
| --- | --- | --- |
| `lib/` | top | `lib/high/` `lib/low/` |
| `lib/high/` | high | `lib/low/` |
| `lib/low/` | low | |
| `examples/*/` | programs | |
""",
    "include/p/p.h": "int p_new(void);\n",
    "lib/top.c": '#include "p/p.h"\n#include "high/h.h"\n#include <stdio.h>\n\nint p_new(void)\n{\n'
                 '    return drcl_h();\n}\n',
    "lib/high/h.h": "int drcl_h(void);\n",
    "lib/high/h.c": '#include "high/h.h"\n#include "low/l.h"\n\nint drcl_h(void)\n{\n    return drcl_l(0);\n}\n',
    "lib/low/l.h": "int drcl_l(int x);\nstruct drcl_x {\n    int x;\n};\n",
    "lib/low/l.c": '#include "low/l.h"\n\n/* Not drcl_h(). */\nint drcl_l(int x)\n{\n    return x;\n}\n',
    "examples/one/one.c": '#include "p/p.h"\n\nint main(void)\n{\n    return p_new();\n}\n',
}


class Layers(unittest.TestCase):
    def run_check(self, changes):
        """The exit status and the output of the check for the tree with the files @changes."""
        with tempfile.TemporaryDirectory() as top:
            for name, text in {**TREE, **changes}.items():
                path = pathlib.Path(top, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            with contextlib.redirect_stdout(io.StringIO()) as output:
                status = check.main(["--top", top])
        return status, output.getvalue()

    def assert_wrong(self, changes, *texts):
        status, output = self.run_check(changes)
        self.assertEqual(status, 1, output)
        self.assertIn(" 1 wrong\n", output)
        for text in texts:
            self.assertIn(text, output)

    def test_nothing_wrong(self):
        status, output = self.run_check({})
        self.assertEqual(status, 0, output)
        self.assertIn("lib/ -> lib/high/ 1\nlib/high/ -> lib/low/ 1\n7 files, 4 layers, 2 arrows, 0 wrong\n", output)

    def test_include_of_a_layer_above(self):
        self.assert_wrong({"lib/low/m.c": '\n#include "high/h.h"\n'},
                          "lib/low/m.c:2: includes lib/high/h.h, but lib/low/ may not use lib/high/. Cure: ")

    def test_include_of_a_layer_below_that_is_not_named(self):
        table = TREE["docs/architecture.md"].replace("| `lib/high/` `lib/low/` |", "| `lib/high/` |")
        self.assert_wrong({"docs/architecture.md": table, "lib/m.c": '#include "low/l.h"\n'},
                          "lib/m.c:1: includes lib/low/l.h, but lib/ may not use lib/low/.")

    def test_use_without_an_include(self):
        self.assert_wrong({"lib/low/m.c": "extern int drcl_h(void);\nint drcl_m(void)\n{\n    return drcl_h();\n}\n"},
                          "lib/low/m.c:1: uses drcl_h of lib/high/h.c, but lib/low/ may not use lib/high/.")

    def test_program_that_includes_the_library(self):
        self.assert_wrong({"examples/one/two.c": '#include "low/l.h"\n'},
                          "examples/one/two.c:1: includes lib/low/l.h, but examples/one/ may not use lib/low/.")

    def test_program_that_includes_another(self):
        self.assert_wrong({"examples/two/two.c": '#include "one/one.h"\n', "examples/one/one.h": ""},
                          "includes examples/one/one.h, but examples/two/ may not use examples/one/.")

    def test_circle_of_calls(self):
        self.assert_wrong({"lib/low/l.c": '#include "low/l.h"\n\nint drcl_l(int x)\n{\n    return drcl_m(x);\n}\n',
                           "lib/low/m.c": '#include "low/l.h"\n\nint drcl_m(int x)\n{\n    return drcl_l(x);\n}\n'},
                          "lib/low/l.c:5: is in a circle of 2 files (lib/low/l.c lib/low/m.c)",
                          "lib/low/l.c:5 uses drcl_m of lib/low/m.c, lib/low/m.c:5 uses drcl_l of lib/low/l.c. Cure: ")

    def test_circle_of_headers(self):
        self.assert_wrong({"lib/low/a.h": '#include "low/b.h"\n', "lib/low/b.h": '#include "low/c.h"\n',
                           "lib/low/c.h": '#include "low/a.h"\n'}, "lib/low/a.h:1: is in a circle of 3 files")

    def test_circle_through_a_table(self):
        self.assert_wrong({"lib/low/m.c": "const struct drcl_x drcl_table = {\n    .x = drcl_n,\n};\n",
                           "lib/low/n.c": "int drcl_n(void)\n{\n    return drcl_table.x;\n}\n"},
                          "lib/low/m.c:2 uses drcl_n of lib/low/n.c, lib/low/n.c:3 uses drcl_table of lib/low/m.c.")

    def test_inline_function_of_the_own_header(self):
        status, output = self.run_check({"lib/low/l.h": TREE["lib/low/l.h"] + "static inline int drcl_two(void)\n{\n"
                                         "    return drcl_l(2);\n}\n"})
        self.assertEqual(status, 0, output)

    def test_header_of_two_files(self):
        self.assert_wrong({"lib/low/l.h": TREE["lib/low/l.h"] + "int drcl_m(void);\n",
                           "lib/low/m.c": "int drcl_m(void)\n{\n    return 1;\n}\n"},
                          "lib/low/l.h:1: declares what several files define: drcl_l of lib/low/l.c, drcl_m of")

    def test_include_relative_to_its_folder(self):
        self.assert_wrong({"lib/low/m.c": '#include "l.h"\n'},
                          'lib/low/m.c:1: "l.h" is not written from lib/ on. Cure: write "low/l.h"')

    def test_include_of_nothing(self):
        self.assert_wrong({"lib/low/m.c": '#include "low/none.h"\n'}, 'lib/low/m.c:1: "low/none.h" is neither')

    def test_folder_without_a_row(self):
        table = TREE["docs/architecture.md"].replace("| `lib/` | top | `lib/high/` `lib/low/` |\n", "")
        self.assert_wrong({"docs/architecture.md": table}, "lib/top.c:1: is in no layer. Cure: ")

    def test_row_without_a_folder(self):
        table = TREE["docs/architecture.md"].replace("| low | |\n", "| low | |\n| `lib/none/` | | |\n")
        self.assert_wrong({"docs/architecture.md": table}, "docs/architecture.md:8: lib/none/ has no files. Cure: ")

    def test_row_that_names_one_above(self):
        table = TREE["docs/architecture.md"].replace("| low | |", "| low | `lib/high/` |")
        self.assert_wrong({"docs/architecture.md": table},
                          "docs/architecture.md:7: lib/low/ may include lib/high/, which is not below")

    def test_row_that_names_none(self):
        table = TREE["docs/architecture.md"].replace("| low | |", "| low | `lib/none/` |")
        self.assert_wrong({"docs/architecture.md": table},
                          "docs/architecture.md:7: lib/low/ may include lib/none/, which has no row")


if __name__ == "__main__":
    sys.exit(unittest.main())
