#!/usr/bin/env python3
"""Keeps the tables in docs/parameters.md true to the library's: the one of all parameters, and the one of who does what,
whose contents are here. A parameter that it lacks is an error, and so is a file that the backend damon never names.

    docs/parameters.py DAMON-RECLAIM           writes it anew
    docs/parameters.py --check DAMON-RECLAIM   exit status 1 if it differs
"""
import json
import pathlib
import subprocess
import sys

ALL = ("<!-- made by docs/parameters.py from `damon-reclaim params --json` -->\n", "<!-- end -->\n")
WHO = ("<!-- made by docs/parameters.py: who does what -->\n", "<!-- end of who does what -->\n")

ITSELF = "the library"
# Parameters, the file by which the kernel's DAMON does it, whether 6.12 has the file, who does it without, and how the
# engine does it with the backends that work page by page.
GROUPS = [
    ("min_age", "access_pattern/age", True, "refused", ITSELF),
    ("quota_ms", "quotas/ms", True, "refused", ITSELF + ", as time: an attempt ends when it is over"),
    ("quota_sz", "quotas/bytes", True, "refused", ITSELF),
    ("quota_reset_interval_ms", "quotas/reset_interval_ms", True, "refused", ITSELF),
    ("quota_mem_pressure_us quota_autotune_feedback", "quotas/goals", True,
     "the library: it follows the goals with `quotas/bytes`",
     ITSELF + "; the pressure is that of `/proc/pressure/memory` (psi=1)"),
    ("wmarks_interval wmarks_high wmarks_mid wmarks_low", "watermarks", True, "the library: by pausing",
     ITSELF + ", from `/proc/meminfo`"),
    ("sample_interval aggr_interval", "intervals", True, "refused", ITSELF),
    ("autotune_monitoring_intervals", "intervals/intervals_goal", False, "the library: by the regions that it reads", ITSELF),
    ("min_nr_regions max_nr_regions", "nr_regions", True, "refused", ITSELF),
    ("monitor_region_start monitor_region_end addr_unit", "regions", True, "refused",
     ITSELF + ", where physical memory is watched; from `/proc/iomem` when not set"),
    ("skip_anon", "ops_filters", False, "the kernel by `filters`, which 6.12 has",
     ITSELF + ", from the flags of each page"),
]
SWITCHES = {"enabled", "commit_inputs"}


def parameter(param):
    default = {True: "Y", False: "N"}.get(param["default"], param["default"]) if param["type"] == "bool" else param["default"]
    read_only = " (read only)" if param["read_only"] else ""
    return f"| {param['name']} | {default} | {param['unit']} | {param['doc']}{read_only} |\n"


def group(entry):
    names, file, old, without, engine = entry
    return f"| {', '.join(names.split())} | `{file}` | {'yes' if old else 'no'} | {without} | {engine} |\n"


def complain_of_groups(params):
    settable = {param["name"] for param in params if not param["read_only"]} - SWITCHES
    named = [name for entry in GROUPS for name in entry[0].split()]
    sources = "".join(path.read_text(encoding="utf-8") for path in here.parent.glob("lib/drivers/damon/*.c"))
    wrong = [f"{name}: who does it?" for name in settable - set(named)]
    wrong += [f"{name}: no such parameter, or twice" for name in named if name not in settable or named.count(name) > 1]
    wrong += [f"{entry[1]}: the backend damon names no such file" for entry in GROUPS if f"{entry[1]}" not in sources]
    return wrong


def replace(text, marks, table):
    before, rest = text.split(marks[0])
    return before + marks[0] + "\n" + table + "\n" + marks[1] + rest.split(marks[1])[1]


here = pathlib.Path(__file__).resolve().parent
check = sys.argv[1:2] == ["--check"]
listing = subprocess.run([sys.argv[-1], "params", "--json"], check=True, stdout=subprocess.PIPE).stdout
parameters = json.loads(listing)
complaints = complain_of_groups(parameters)
if complaints:
    sys.exit("docs/parameters.py: " + "; ".join(complaints))
path = here / "parameters.md"
text = path.read_text(encoding="utf-8")
new = replace(text, ALL, "| name | default | unit | what it is for |\n| --- | --- | --- | --- |\n" +
              "".join(map(parameter, parameters)))
new = replace(new, WHO, "| parameter | damon: the kernel, by this file | in 6.12 | without that file | idle-page, sim |\n"
              "| --- | --- | --- | --- | --- |\n" + "".join(map(group, GROUPS)))
if check and new != text:
    sys.exit("docs/parameters.md is not what the library says: run docs/parameters.py")
if not check:
    path.write_text(new, encoding="utf-8")
