#!/usr/bin/env python3
"""Checks that the loop in README.md is that of the compiled example, that the links of all guides lead somewhere, that the
messages in docs/troubleshooting.md exist, and that CHANGELOG.md names every function, struct and enum of the header.

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



def anchors(path):
    """The anchors that GitHub makes of a guide's headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


for guide in [*top.glob("*.md"), *top.glob("docs/*.md"), *top.glob("tests/**/*.md")]:
    for link, _, anchor in re.findall(r"\]\(([^)#:]*)(#([^)]+))?\)", guide.read_text(encoding="utf-8")):
        target = guide.parent / link if link else guide
        if not target.exists():
            wrong.append(f"{guide.relative_to(top)}: {link} does not exist")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            wrong.append(f"{guide.relative_to(top)}: {link}#{anchor}: there is no such heading")

# Strings of the sources, with those that C joins joined, and without what printf() replaces.
sources = "".join(path.read_text(encoding="utf-8") for path in [*top.glob("lib/**/*.c"), *top.glob("examples/**/*.c")])
sources = re.sub(r'"\s*"', "", sources)
for message in re.findall(r"`([^`]*…[^`]*)`", (top / "docs/troubleshooting.md").read_text(encoding="utf-8")):
    for piece in re.split(r"\s*…\s*", message):
        if len(piece) > 3 and piece not in sources:
            wrong.append(f"docs/troubleshooting.md: no message has the text: {piece}")

header = (top / "include/damon_reclaim/damon_reclaim.h").read_text(encoding="utf-8")
named = set(re.findall(r"\w+", (top / "CHANGELOG.md").read_text(encoding="utf-8")))
symbols = re.findall(r"^DAMON_RECLAIM_API [^(]*\b(\w+)\(|^(?:struct|enum) (\w+) \{", header, re.MULTILINE)
for symbol in map("".join, symbols):
    if symbol not in named:
        wrong.append(f"CHANGELOG.md: {symbol} is missing")
sys.exit("\n".join(wrong) or 0)
