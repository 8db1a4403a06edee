#!/usr/bin/env python3
"""Checks that the loop in README.md is the compiled example's, and that the links of all guides lead somewhere.

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
sys.exit("\n".join(wrong) or 0)
