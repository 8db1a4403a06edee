#!/usr/bin/env python3
"""Keeps the table in docs/parameters.md true to the library's.

    docs/parameters.py DAMON-RECLAIM           writes it anew
    docs/parameters.py --check DAMON-RECLAIM   exit status 1 if it differs
"""
import json
import pathlib
import subprocess
import sys

BEGIN = "<!-- made by docs/parameters.py from `damon-reclaim params --json` -->\n"
END = "<!-- end -->\n"


def row(param):
    default = {True: "Y", False: "N"}.get(param["default"], param["default"]) if param["type"] == "bool" else param["default"]
    read_only = " (read only)" if param["read_only"] else ""
    return f"| {param['name']} | {default} | {param['unit']} | {param['doc']}{read_only} |\n"


check = sys.argv[1:2] == ["--check"]
listing = subprocess.run([sys.argv[-1], "params", "--json"], check=True, stdout=subprocess.PIPE).stdout
path = pathlib.Path(__file__).with_name("parameters.md")
text = path.read_text(encoding="utf-8")
before, rest = text.split(BEGIN)
after = rest.split(END)[1]
table = "\n| name | default | unit | what it is for |\n| --- | --- | --- | --- |\n" + "".join(map(row, json.loads(listing))) + "\n"
new = before + BEGIN + table + END + after
if check and new != text:
    sys.exit("docs/parameters.md is not what the library says: run docs/parameters.py")
if not check:
    path.write_text(new, encoding="utf-8")
