"""The tables of layers in docs/architecture.md, and circles in graphs."""
import re

TABLE = "docs/architecture.md"
HEAD = re.compile(r"^\| *layer *\| *what it is for *\| *may include *\|$")
PATH = re.compile(r"`([^`]+/)`")


class Layer:
    def __init__(self, name, row, line, purpose, may):
        self.name, self.row, self.line, self.purpose, self.may = name, row, line, purpose, may


def read(top, wrong):
    """{row: Layer} of all tables with that head, in their order. What is wrong with them is added to @wrong."""
    found = {}
    in_table = False
    for number, line in enumerate((top / TABLE).read_text(encoding="utf-8").splitlines(), 1):
        if HEAD.match(line):
            in_table = True
        elif not line.startswith("|"):
            in_table = False
        elif in_table and not line.startswith("| ---"):
            name, purpose, may = [cell.strip() for cell in line[1:].rstrip().removesuffix("|").split("|")]
            row = PATH.findall(name)
            if len(row) == 1 and row[0] not in found:
                found[row[0]] = Layer(row[0], row[0], number, purpose, PATH.findall(may))
            else:
                wrong.append(f"{TABLE}:{number}: {name} is no folder, or has a row. Cure: correct it")
    if not found:
        wrong.append(f'{TABLE}:1: has no table "| layer | what it is for | may include |". Cure: add it')
    order = list(found)
    for layer in found.values():
        for other in layer.may:
            if other not in found:
                text = "which has no row. Cure: correct the name"
            elif order.index(other) <= order.index(layer.row):
                text = "which is not below it. Cure: name only layers of later rows"
            else:
                continue
            wrong.append(f"{TABLE}:{layer.line}: {layer.row} may include {other}, {text}")
    return found


def of(found, path):
    """The layer of a file: that of the deepest folder that has a row. A row `x/*/` makes each folder of x/ a layer."""
    folders = path.split("/")[:-1]
    while folders:
        here = "/".join(folders) + "/"
        each = "/".join(folders[:-1] + ["*"]) + "/"
        if here in found:
            return found[here]
        if each in found:
            row = found[each]
            return Layer(here, each, row.line, row.purpose, row.may)
        folders.pop()
    return None


def reached(graph, start):
    """The nodes that are reached from @start, which is among them only if a circle leads back to it."""
    seen, todo = set(), [start]
    while todo:
        for node in graph[todo.pop()]:
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return seen


def circles(graph):
    """The sets of nodes that all reach each other. @graph is {node: the nodes that it leads to}."""
    reach = {node: reached(graph, node) for node in graph}
    found = {frozenset(other for other in reach[node] if node in reach[other]) for node in graph if node in reach[node]}
    return sorted(found, key=sorted)


def shortest_circle(graph, circle):
    """The nodes of the shortest way around inside of @circle, each one leading to the next."""
    best = None
    for start in sorted(circle):
        ways, seen = [[start]], set()
        while ways and (not best or len(ways[0]) < len(best)):
            way = ways.pop(0)
            if start in graph[way[-1]]:
                best = way
                break
            for node in sorted(graph[way[-1]]):
                if node in circle and node not in seen:
                    seen.add(node)
                    ways.append(way + [node])
    return best
