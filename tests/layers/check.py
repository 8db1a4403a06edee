#!/usr/bin/env python3
"""Checks which layer uses which, in lib/ and examples/, against the table of layers in docs/architecture.md.

    tests/layers/check.py            checks; prints the arrows between layers, and how many #include lines each stands for
    tests/layers/check.py --top DIR  checks another tree

A layer is a folder. What is wrong:
  - a file that is in no layer of the table, and a layer of the table without files
  - an #include of a layer, or a use of a function of a layer, that the table does not allow
  - a circle of files inside a layer: they include each other, or call each other's functions
  - a header of lib/ that declares what several .c files define
  - an #include in lib/ that is not written from lib/ on
"""
import argparse
import pathlib
import sys

sys.dont_write_bytecode = True

import layers
import source


class Check:
    def __init__(self, top):
        self.wrong = []  # texts
        self.layers = layers.read(top, self.wrong)
        self.files = source.read(top)
        self.includes = {}  # (layer, layer): how many
        self.givers = {}    # a name: the files that define it
        for file in self.files.values():
            for name in file.defines:
                self.givers.setdefault(name, []).append(file)

    def complain(self, file, line, text, cure):
        self.wrong.append(f"{file.path}:{line}: {text}. Cure: {cure}")

    def layer_of(self, file):
        return layers.of(self.layers, file.path)

    def name_of_layer(self, path):
        layer = layers.of(self.layers, path)
        return layer.name if layer else None

    def check_layers(self):
        used = set()
        for file in self.files.values():
            layer = self.layer_of(file)
            if layer:
                used.add(layer.row)
            elif not file.path.startswith("include/"):
                self.complain(file, 1, "is in no layer",
                              f"move it into a layer of {layers.TABLE}, or add a row for its folder there")
        for layer in self.layers.values():
            if layer.row not in used:
                self.wrong.append(f"{layers.TABLE}:{layer.line}: {layer.row} has no files. Cure: remove the row")

    def check_includes(self):
        for file in self.files.values():
            for line, name in file.includes:
                seen = source.resolve(self.files, file, name)
                if not seen:
                    self.complain(file, line,
                                  f'"{name}" is neither in its folder nor in lib/, examples/ or include/',
                                  "correct the name, or write <> if it is a system header")
                elif file.path.startswith("lib/") and seen.path not in ("lib/" + name, "include/" + name):
                    self.complain(file, line, f'"{name}" is not written from lib/ on',
                                  f'write "{seen.path[len("lib/"):]}"')
                else:
                    self.check_arrow(file, line, seen, f"includes {seen.path}", count=True)

    def check_uses(self):
        """What the linker sees: a function or table of a layer that may not be used, however it was declared."""
        for file in self.files.values():
            for name, line in file.uses.items():
                for giver in self.givers.get(name, []):
                    if file.path.startswith("lib/") and giver.path.startswith("lib/"):
                        self.check_arrow(file, line, giver, f"uses {name} of {giver.path}", count=False)

    def check_arrow(self, file, line, seen, what, count):
        layer, other = self.layer_of(file), self.layer_of(seen)
        if not layer or not other or layer.name == other.name:
            return
        if count:
            self.includes[layer.name, other.name] = self.includes.get((layer.name, other.name), 0) + 1
        if other.row not in layer.may:
            self.complain(file, line,
                          f"{what}, but {layer.name} may not use {other.name}",
                          f"move what is needed into a layer that {layer.name} may use, or pass it in from above; if "
                          f"the arrow is right, add {other.row} to the row of {layer.row} in {layers.TABLE}")

    def arrows_inside(self, file):
        """The files of the same layer that the file includes or whose functions it uses: {path: (line, why)}."""
        arrows = {}
        for line, name in file.includes:
            seen = source.resolve(self.files, file, name)
            if seen:
                arrows.setdefault(seen.path, (line, "needs types"))
        for name, line in file.uses.items():
            for giver in self.givers.get(name, []):
                # An inline function may use what its own .c file gives.
                if giver.path[:-2] != file.path[:-2]:
                    arrows.setdefault(giver.path, (line, f"uses {name}"))
        mine = self.layer_of(file)
        return {path: why for path, why in arrows.items()
                if path != file.path and mine and self.name_of_layer(path) == mine.name}

    def check_circles(self):
        graph = {path: self.arrows_inside(file) for path, file in self.files.items()}
        for circle in layers.circles(graph):
            way = layers.shortest_circle(graph, circle)
            steps = [(path, *graph[path][to], to) for path, to in zip(way, way[1:] + way[:1])]
            names = " ".join(sorted(circle))
            text = ", ".join(f"{path}:{line} {why} of {to}" for path, line, why, to in steps)
            self.complain(self.files[way[0]], steps[0][1],
                          f"is in a circle of {len(circle)} files ({names}); the shortest way around: {text}",
                          "move what they share into a file of its own that calls none of them")

    def check_headers(self):
        for file in self.files.values():
            if not file.path.startswith("lib/") or not file.path.endswith(".h"):
                continue
            givers = {name: {giver.path for giver in self.givers.get(name, [])} for name in file.declares}
            given = [paths for paths in givers.values() if paths]
            if given and not set.intersection(*given):
                example = {min(paths): name for name, paths in sorted(givers.items(), reverse=True) if paths}
                text = ", ".join(f"{name} of {path}" for path, name in sorted(example.items()))
                self.complain(file, file.declares[min(example.items())[1]],
                              f"declares what several files define: {text}",
                              "give each of these files a header of its own")

    def run(self):
        self.check_layers()
        self.check_includes()
        self.check_uses()
        self.check_circles()
        self.check_headers()
        return self.wrong


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--top", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent.parent)
    args = parser.parse_args(arguments)
    check = Check(args.top)
    wrong = check.run()
    for (layer, other), count in sorted(check.includes.items()):
        print(f"{layer} -> {other} {count}")
    for text in wrong:
        print(text)
    print(f"{len(check.files)} files, {len(check.layers)} layers, {len(check.includes)} arrows, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
