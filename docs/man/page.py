#!/usr/bin/env python3
"""Makes a manual page of its template, with the parameters as the library's table has them.

    docs/man/page.py DAMON-RECLAIM VERSION CONFIG_DIR TEMPLATE [DAEMON]

In the template the lines @SETTINGS@, @CONFIGURATION@ and @COUNTERS@ stand for the parameters that can be set, for those that a
file can set, and for those that can only be read, and @OPTIONS@ for what a daemon says of its own. Anywhere, @VERSION@ and
@CONFIG_DIR@ stand for the version and for the directory of the daemons' configuration.
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


cli, version, config_dir, template = sys.argv[1:5]
params = json.loads(output(cli, "params", "--json"))
text = pathlib.Path(template).read_text(encoding="utf-8")
text = text.replace("@VERSION@", roff(version)).replace("@CONFIG_DIR@", roff(config_dir))
settings = [param for param in params if not param["read_only"]]
for mark, listed in (("@SETTINGS@\n", settings),
                     ("@CONFIGURATION@\n", [param for param in settings if param["name"] != "commit_inputs"]),
                     ("@COUNTERS@\n", [param for param in params if param["read_only"]])):
    text = text.replace(mark, "".join(map(entry, listed)))
for daemon in sys.argv[5:]:
    text = text.replace("@OPTIONS@\n", output(daemon, "--man"))
sys.stdout.write(text)
