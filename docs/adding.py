#!/usr/bin/env python3
"""Checks the lists of "Adding things" in CONTRIBUTING.md: each backend, parameter, filter, action, command, metric and
kernel file stands in each place of its list, and a file that names more than two thirds of a kind is such a place.

    docs/adding.py [DIRECTORY]      the tree to check, by default this one
"""
import pathlib
import re
import sys


class Kind:
    def __init__(self, heading, source, pattern, code, text):
        self.heading = heading
        self.source, self.pattern = source, pattern  # the files that have all of them, and how they are found there
        self.code, self.text = code, text            # how C files and other files name one

    def forms(self, name, path):
        """What a file has if it names @name. In a form, %N% is the name, %D% with -, %L% in small letters."""
        values = {"N": name, "D": name.replace("_", "-"), "L": name.lower()}
        form = self.code if path.suffix in (".c", ".h") else self.text
        return re.compile(re.sub("%([NDL])%", lambda match: re.escape(values[match.group(1)]), form), re.MULTILINE)


KINDS = [
    Kind("A backend", "lib/backend_table.c", r"^    &drcl_backend_(\w+),$", r'drcl_backend_%N%|"%D%"',
         r"`%D%`|subdir\('(?:backends/)?%N%'\)|/%N%/"),
    Kind("A parameter", "lib/params/*.c", r"^ +SETTING\((\w+),", r"\b%N%\b", r"\b%N%\b"),
    Kind("A filter", "include/damon_reclaim/*.h", r"^ +DAMON_RECLAIM_FILTER_(\w+) =",
         r'\bDAMON_RECLAIM_FILTER_%N%\b|\(x, %N%, "|[:|] %L%\b', r"^\.B.* %L%\b"),
    Kind("An action", "include/damon_reclaim/*.h", r"^ +DAMON_RECLAIM_ACTION_(\w+) =", r"\bDAMON_RECLAIM_ACTION_%N%\b",
         r"`%L%`"),
    Kind("A command of the command line", "examples/cli/cli.h", r"^ +X\((\w+)\)",
         r"\bcommand_%N%\b|X\(%N%\)|\"(?:\w+ )*%N%(?: \w+)*\"", r"^\.B damon\\-reclaim %N%\b|'cmd_%N%\.c'"),
    Kind("A metric", "examples/agent/metrics_table.h", r"^ +X\((\w+), ", r"\bMETRIC_%N%\b|X\(%N%,", r"\bMETRIC_%N%\b"),
    Kind("A kernel file", "lib/sys/meson.build", r"'(\w+)\.c'", r'^#include "sys/%N%\.h"', r"'%N%\.c'"),
]
# Files in which a kind need not be listed: they tell of everything.
EVERYTHING = {"CONTRIBUTING.md", "CHANGELOG.md", "README.md"}


class Row:
    def __init__(self, line, cell):
        self.line, self.needed = line, ", if " not in cell
        self.places = re.findall(r"`([^`]+)`", cell.split(", if ")[0])


def read_rows(text, heading):
    """The rows of the table below a heading."""
    rows, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            inside = line == f"### {heading}"
        elif inside and line.startswith("| `"):
            rows.append(Row(number, line.split("|")[1]))
    return rows


class Check:
    def __init__(self, top):
        self.top, self.wrong = top, []
        self.text, self.known = {}, {}
        for folder in ("lib", "include", "examples", "docs"):
            for path in sorted((top / folder).glob("**/*")):
                if path.is_file() and path.suffix not in (".pyc", ".svg"):
                    self.text[path.relative_to(top)] = path.read_text(encoding="utf-8", errors="replace")

    def files_of(self, place, name):
        """The files of a place, which is a file or a folder."""
        path = pathlib.PurePath(place.replace("NAME", name))
        return [file for file in self.text if file == path or path in file.parents]

    def names(self, kind, name, place):
        """Whether a place names @name: a place that has the name in its own path does by being there."""
        files = self.files_of(place, name)
        return bool(files) and ("NAME" in place or any(self.has(kind, name, file) for file in files))

    def has(self, kind, name, file):
        if (kind.heading, name, file) not in self.known:
            text = self.text[file]
            may = any(word in text for word in (name, name.lower(), name.replace("_", "-")))  # is quick to find out
            self.known[kind.heading, name, file] = may and bool(kind.forms(name, file).search(text))
        return self.known[kind.heading, name, file]

    def check_row(self, kind, members, row):
        where = f"CONTRIBUTING.md:{row.line}: {kind.heading}: {' or '.join(row.places)}"
        missing = [name for name in members if not any(self.names(kind, name, place) for place in row.places)]
        for place in row.places:
            if "NAME" not in place and not self.files_of(place, ""):
                self.wrong.append(f"{where}: there is no {place}. Cure: correct the list")
        if row.needed and missing:
            self.wrong.append(f"{where} does not name {' '.join(missing)}. Cure: add it there; if it need not stand "
                              'there, say in the list when it has to: ", if ..."')
        if not row.needed and len(missing) == len(members):
            self.wrong.append(f"{where} names none of {' '.join(members)}. Cure: remove the row")

    def check_unlisted(self, kind, members, rows):
        listed = {file for row in rows for place in row.places for name in members
                  for file in self.files_of(place, name)}
        for file in self.text:
            count = sum(self.has(kind, name, file) for name in members)
            if 3 * count > 2 * len(members) and file not in listed and file.name not in EVERYTHING:
                self.wrong.append(f'{file} names {count} of the {len(members)} under "{kind.heading}" in CONTRIBUTING.md. '
                                  "Cure: add a row for it there, or derive its contents from one of the tables")

    def run(self):
        guide = (self.top / "CONTRIBUTING.md").read_text(encoding="utf-8")
        for kind in KINDS:
            rows = read_rows(guide, kind.heading)
            members = [name for path in sorted(self.top.glob(kind.source))
                       for name in re.findall(kind.pattern, path.read_text(encoding="utf-8"), re.MULTILINE)]
            if not rows or not members:
                self.wrong.append(f'CONTRIBUTING.md: "### {kind.heading}" has no table, or {kind.source} has none of them')
            for row in rows:
                self.check_row(kind, members, row)
            self.check_unlisted(kind, members, rows)
            print(f"{kind.heading}: {len(members)}, {len(rows)} places")
        return self.wrong


tree = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
sys.exit("\n".join(Check(tree).run()) or 0)
