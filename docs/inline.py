#!/usr/bin/env python3
"""Prints a guide with the code that its @snippet lines mean, for readers who do not read the generated reference.

    docs/inline.py GUIDE.md EXAMPLES
"""
import pathlib
import re
import sys
import textwrap


def snippet(match):
    path = pathlib.Path(sys.argv[2], match[1])
    parts = path.read_text(encoding="utf-8").split(f"/*! [{match[2]}] */\n")
    if len(parts) != 3:
        sys.exit(f"{sys.argv[1]}: {path} does not have [{match[2]}] twice")
    return f"From `{match[1]}`:\n\n```c\n{textwrap.dedent(parts[1]).rstrip()}\n```"


text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
sys.stdout.write(re.sub(r"^@snippet (\S+) (\S+)$", snippet, text, flags=re.MULTILINE))
