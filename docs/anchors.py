#!/usr/bin/env python3
"""Filters a guide for Doxygen, so that links to headings work there as they do on the web: Doxygen knows only labels, which
are unique among all pages.

    docs/anchors.py GUIDE.md
"""
import pathlib
import re
import sys

path = pathlib.Path(sys.argv[1])


def label(page, heading):
    anchor = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return f"{page}-{anchor}"


text = path.read_text(encoding="utf-8")
text = re.sub(r"^(###* )(.*)$", lambda m: f"{m[1]}{m[2]} {{#{label(path.stem, m[2])}}}", text, flags=re.MULTILINE)
text = re.sub(r"\]\((?:(?:\.\./|docs/)?([\w-]+)\.md)?#([^)]+)\)", lambda m: f"](#{label(m[1] or path.stem, m[2])})", text)
# What is no page of the reference is no link there.
text = re.sub(r"\[([^\]]*)\]\(CHANGELOG\.md\)", r"\1", text)
sys.stdout.write(text)
