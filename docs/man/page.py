#!/usr/bin/env python3
"""Makes a manual page of its template, with the parameters as the library's table has them.

    docs/man/page.py DAMON-RECLAIM VERSION TEMPLATE [DAEMON]

In the template the lines @SETTINGS@ and @COUNTERS@ stand for the parameters that can be set and for those that can only be
read, @OPTIONS@ for what a daemon says of its own, and @VERSION@, anywhere, for the version.
"""
import json
import pathlib
import subprocess
import sys


def roff(text):
    """Text in which nothing is a request or an escape."""
    text = str(text).replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text[:1] in (".", "'") else text


def entry(param):
    default = param["default"]
    if param["type"] == "bool":
        default = "Y" if default else "N"
    values = "" if param["read_only"] else f" ({roff(default)})"
    unit = "Y or N" if param["type"] == "bool" else param["unit"]
    return f".TP\n.BR {roff(param['name'])} \", {roff(unit)}{values}\"\n{roff(param['doc'])}\n"


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


cli, version, template = sys.argv[1:4]
params = json.loads(output(cli, "params", "--json"))
text = pathlib.Path(template).read_text(encoding="utf-8").replace("@VERSION@", roff(version))
for mark, read_only in (("@SETTINGS@\n", False), ("@COUNTERS@\n", True)):
    text = text.replace(mark, "".join(entry(param) for param in params if param["read_only"] == read_only))
for daemon in sys.argv[4:]:
    text = text.replace("@OPTIONS@\n", output(daemon, "--man"))
sys.stdout.write(text)
