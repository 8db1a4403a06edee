#!/usr/bin/env python3
"""Checks that the loop in README.md is the compiled example's, that the links of all guides lead somewhere, and that
CHANGELOG.md names every function, struct and enum of the header.

    docs/readme.py
"""
import pathlib
import re
import sys

top = pathlib.Path(__file__).resolve().parent.parent
wrong = []

marker = "/*! [loop] */\n"
example = (top / "examples/minimal/minimal.c").read_text(encoding="utf-8").split(marker)[1]
if f"```c\n{example}```\n" not in (top / "README.md").read_text(encoding="utf-8"):
    wrong.append("README.md: the loop is not that of examples/minimal/minimal.c")

for guide in [*top.glob("*.md"), *top.glob("docs/*.md"), *top.glob("tests/**/*.md")]:
    for link in re.findall(r"\]\(([^)#:]+)\)", guide.read_text(encoding="utf-8")):
        if not (guide.parent / link).exists():
            wrong.append(f"{guide.relative_to(top)}: {link} does not exist")

header = (top / "include/damon_reclaim/damon_reclaim.h").read_text(encoding="utf-8")
named = set(re.findall(r"\w+", (top / "CHANGELOG.md").read_text(encoding="utf-8")))
symbols = re.findall(r"^DAMON_RECLAIM_API [^(]*\b(\w+)\(|^(?:struct|enum) (\w+) \{", header, re.MULTILINE)
for symbol in map("".join, symbols):
    if symbol not in named:
        wrong.append(f"CHANGELOG.md: {symbol} is missing")
sys.exit("\n".join(wrong) or 0)
