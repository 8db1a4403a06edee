#!/usr/bin/env python3
"""Draws docs/architecture.svg from the tables of layers in docs/architecture.md.

    tests/layers/draw.py            draws it anew
    tests/layers/draw.py --check    exit status 1 if it differs

A layer is a band, in the order of the tables. Its line, right of the text, begins at a ring in its own band and runs
down, with a dot in each band of a layer that it may include.
"""
import html
import pathlib
import re
import sys
import textwrap

sys.dont_write_bytecode = True

import layers

WIDTH, LEFT, GAP, LINE = 480, 28, 10, 17
CHARACTERS = 44        # of a line of text
FIRST, STEP = 346, 11  # where the first line runs, and from one to the next
# Fill, and in the dark: from the top of the library to its bottom, and of the programs.
GROUPS = [("program", r"examples/"), ("top", r"lib/$|lib/drivers/"), ("policy", r"lib/engine/|lib/params/"),
          ("pages", r"lib/backends/|lib/pages/"), ("ground", "")]

STYLE = """
    text { font-family: system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; font-size: 13px; fill: #424a53 }
    .name { font-size: 15px; font-weight: 600; fill: #1f2328 }
    .head { font-size: 13px; font-weight: 600; fill: #59636e }
    .card { fill: #ffffff; stroke: #d1d9e0 }
    .program { fill: #f3eefc; stroke: #8250df } .top { fill: #e8f1fd; stroke: #0969da }
    .policy { fill: #e6f6ec; stroke: #1a7f37 } .pages { fill: #fdf3e1; stroke: #9a6700 }
    .ground { fill: #f0f2f4; stroke: #59636e }
    .band { stroke: none } .edge { stroke-width: 4; fill: none } .line { stroke-width: 2; fill: none }
    .dot { stroke: none } circle.program { fill: #8250df } circle.top { fill: #0969da } circle.policy { fill: #1a7f37 }
    circle.pages { fill: #9a6700 } circle.ground { fill: #59636e }
    circle.ring { fill: #ffffff; stroke-width: 2 }
    @media (prefers-color-scheme: dark) {
      text { fill: #b7bfc8 } .name { fill: #f0f6fc } .head { fill: #9198a1 }
      .card { fill: #0d1117; stroke: #3d444d }
      .program { fill: #241b3a; stroke: #ab7df8 } .top { fill: #10243f; stroke: #4493f8 }
      .policy { fill: #0f2a19; stroke: #3fb950 } .pages { fill: #2d220c; stroke: #d29922 }
      .ground { fill: #1c2128; stroke: #9198a1 }
      circle.program { fill: #ab7df8 } circle.top { fill: #4493f8 } circle.policy { fill: #3fb950 }
      circle.pages { fill: #d29922 } circle.ground { fill: #9198a1 }
      circle.ring { fill: #0d1117 }
    }
"""


def group_of(layer):
    return next(name for name, pattern in GROUPS if re.match(pattern, layer.row))


class Picture:
    def __init__(self, found):
        self.layers = list(found.values())
        self.parts, self.top, self.middle = [], {}, {}
        self.y = 20

    def text(self, x, y, text, kind=""):
        kind = f' class="{kind}"' if kind else ""
        self.parts.append(f'  <text x="{x}" y="{y}"{kind}>{html.escape(text, quote=False)}</text>')

    def head(self, text):
        self.y += 8
        self.text(LEFT - 8, self.y + 10, text, "head")
        self.y += 22

    def band(self, layer):
        lines = textwrap.wrap(layer.purpose.replace("`", ""), CHARACTERS)
        height = 36 + LINE * len(lines)
        group = group_of(layer)
        self.parts.append(f'  <rect class="band {group}" x="{LEFT - 12}" y="{self.y}" width="{WIDTH - 2 * LEFT + 24}" '
                          f'height="{height}" rx="6"/>')
        self.parts.append(f'  <path class="edge {group}" d="M{LEFT - 10},{self.y + 3} v{height - 6}"/>')
        self.text(LEFT + 2, self.y + 22, layer.row, "name")
        for number, line in enumerate(lines):
            self.text(LEFT + 2, self.y + 40 + LINE * number, line)
        self.middle[layer.row] = self.y + height // 2
        self.y += height + GAP

    def lines(self, those):
        """A line for each of the layers that may include any, the topmost first."""
        x = FIRST
        for layer in those:
            if not layer.may:
                continue
            group = group_of(layer)
            here, ends = self.middle[layer.row], sorted(self.middle[other] for other in layer.may)
            self.parts.append(f'  <path class="line {group}" d="M{x},{here} V{ends[-1]}"/>')
            for end in ends:
                self.parts.append(f'  <circle class="dot {group}" cx="{x}" cy="{end}" r="4"/>')
            self.parts.append(f'  <circle class="ring {group}" cx="{x}" cy="{here}" r="4.5"/>')
            x += STEP

    def draw(self):
        programs = [layer for layer in self.layers if layer.row.startswith("examples/")]
        library = [layer for layer in self.layers if layer not in programs]
        for head, those in (("The programs, which see the public header alone", programs),
                            ("The library, from top to bottom", library)):
            self.head(head)
            for layer in those:
                self.band(layer)
            self.lines(those)
        self.y += 6
        for line in ("Each line starts at the ring in its own layer.", "A dot marks a layer that it may include."):
            self.text(LEFT - 8, self.y + 8, line)
            self.y += LINE
        height = self.y + 8
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
            'role="img" aria-labelledby="title">',
            "  <!-- made by tests/layers/draw.py from docs/architecture.md -->",
            '  <title id="title">The layers, and which layers each may include: as the tables on this page say</title>',
            f"  <style>{STYLE}  </style>",
            f'  <rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
            *self.parts, "</svg>", ""])


top = pathlib.Path(__file__).resolve().parent.parent.parent
wrong = []
picture = Picture(layers.read(top, wrong)).draw()
path = top / "docs/architecture.svg"
if wrong:
    sys.exit("\n".join(text for _, text in wrong))
if "--check" not in sys.argv[1:]:
    path.write_text(picture, encoding="utf-8")
elif not path.exists() or path.read_text(encoding="utf-8") != picture:
    sys.exit("docs/architecture.svg is not what the tables say: run tests/layers/draw.py")
