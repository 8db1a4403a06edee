#!/usr/bin/env python3
"""Makes the manual pages of section 3 from the public header, which Doxygen reads: a page for each function, a page for
each group of them, which has the structs and enums, too, and libdamonreclaim(3), which lists the groups.

Doxygen's own manual pages have a page for a whole group, with every member in it, and none for a function.

    docs/man/functions.py --list HEADER                      the names of all pages
    docs/man/functions.py DOXYGEN HEADER VERSION DIRECTORY   makes them there
"""
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap
import xml.etree.ElementTree as ElementTree

DATE = "2026-11-22"  # as the other manual pages
CONFIGURATION = """
INPUT = "{header}"
OUTPUT_DIRECTORY = "{directory}"
EXAMPLE_PATH = "{examples}"
EXAMPLE_RECURSIVE = YES
GENERATE_HTML = NO
GENERATE_LATEX = NO
GENERATE_XML = YES
OPTIMIZE_OUTPUT_FOR_C = YES
JAVADOC_AUTOBRIEF = YES
TYPEDEF_HIDES_STRUCT = YES
MACRO_EXPANSION = YES
EXPAND_ONLY_PREDEF = YES
PREDEFINED = DAMON_RECLAIM_API=
WARN_IF_INCOMPLETE_DOC = NO
QUIET = YES
"""


def roff(text):
    """Text in which nothing is a request or an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def words(text):
    return re.sub(r"\s+", " ", text or "")


def inline(node):
    """The text of a paragraph: names of code and references are bold."""
    text = roff(words(node.text))
    for child in node:
        inner = inline(child)
        if child.tag in ("computeroutput", "ref", "bold"):
            inner = f"\\fB{inner.strip()}\\fP"
        elif child.tag == "sp":
            inner = " "
        elif child.tag in ("parameterlist", "simplesect", "itemizedlist", "programlisting"):
            inner = ""
        text += inner + roff(words(child.tail))
    return text


def fill(text):
    """Lines of roff source, so that none is too long or begins as a request."""
    lines = textwrap.wrap(words(text).strip(), 100, break_long_words=False, break_on_hyphens=False)
    return "".join(f"\\&{line}\n" if line[:1] in ".'" else f"{line}\n" for line in lines)


def code(node):
    """The text of a line of an example, in which blanks are elements."""
    text = " " if node.tag == "sp" else node.text or ""
    return text + "".join(code(child) + (child.tail or "") for child in node)


def paragraph(node):
    text = fill(inline(node))
    for child in node:
        if child.tag == "itemizedlist":
            text += "".join(f".IP \\(bu 2\n{fill(' '.join(map(inline, item)))}" for item in child)
        elif child.tag == "programlisting":
            text += ".PP\n.in +4n\n.EX\n" + "".join(f"{roff(code(line))}\n" for line in child) + ".EE\n.in\n"
    return text


def description(entry, separator=".PP\n"):
    parts = [paragraph(para) for kind in ("briefdescription", "detaileddescription")
             for para in entry.findall(f"{kind}/para")]
    # A list or an example begins a paragraph by itself.
    parts = [part if part.startswith((".IP", ".PP")) else separator + part for part in parts if part]
    return "".join(parts).removeprefix(separator)


def brief(entry):
    """The first sentence, for NAME and for lists."""
    text = " ".join("".join(para.itertext()) for para in entry.findall("briefdescription/para"))
    text = words(text).strip() or words(" ".join("".join(para.itertext()) for para in
                                                 entry.findall("detaileddescription/para"))).strip()
    return re.split(r"(?<=[.:;]) ", text)[0].rstrip(".:;")


def flat(node):
    return words("".join(node.itertext())).strip() if node is not None else ""


def page(name, version, sections):
    head = f'.TH {roff(name)} 3 {DATE} "libdamonreclaim {roff(version)}" "libdamonreclaim"\n'
    return head + "".join(f".SH {title}\n{text}" for title, text in sections if text)


def prototype(function):
    text = f"{flat(function.find('definition'))}{flat(function.find('argsstring'))};"
    head, _, rest = text.partition("(")
    lines = [f"{head}("]
    for argument in re.split(r"(?<=,) ", rest):
        if len(lines[-1] + argument) > 72:
            lines.append("        ")
        lines[-1] += argument + (" " if argument.endswith(",") else "")
    return "\n".join(roff(line.rstrip()) for line in lines)


def declaration(member):
    """A member of a struct, without the struct's name in front of its own."""
    definition = re.sub(r"\w+::", "", flat(member.find("definition"))).replace("* ", " *")
    return roff(definition + flat(member.find("argsstring")))


class Header:
    def __init__(self, doxygen, header):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory)
            configuration = CONFIGURATION.format(header=header, directory=directory, examples=header.parents[2] / "examples")
            (path / "Doxyfile").write_text(configuration, encoding="utf-8")
            subprocess.run([doxygen, "Doxyfile"], cwd=path, check=True, stdout=subprocess.DEVNULL)
            self.compounds = {node.get("id"): node for file in sorted(path.glob("xml/*.xml"))
                              for node in ElementTree.parse(file).getroot().findall("compounddef")}
        # In the order of the header.
        text = header.read_text(encoding="utf-8")
        self.groups = [self.compounds[f"group__{name}"] for name in re.findall(r"@defgroup (\w+)", text)]

    @staticmethod
    def functions(group):
        return group.findall("sectiondef/memberdef[@kind='function']")

    @staticmethod
    def enums(group):
        return group.findall("sectiondef/memberdef[@kind='enum']")

    def structs(self, group):
        return [self.compounds[node.get("refid")] for node in group.findall("innerclass")]


class Pages:
    def __init__(self, header, version):
        self.header, self.version = header, version
        self.pages = {}

    def add_function(self, function, group):
        name = flat(function.find("name"))
        arguments = "".join(
            f".TP\n.I {roff(flat(item.find('parameternamelist')))}\n"
            f"{fill(' '.join(map(inline, item.findall('parameterdescription/para'))))}"
            for item in function.findall(".//parameterlist[@kind='param']/parameteritem"))
        returned = "".join(map(paragraph, function.findall(".//simplesect[@kind='return']/para")))
        others = [flat(other.find("name")) for other in self.header.functions(group) if other is not function]
        see = [f".BR {roff(other)} (3)" for other in [*sorted(others), self.name_of(group), "libdamonreclaim"]]
        self.pages[name] = page(name, self.version, [
            ("NAME", f"{roff(name)} \\- {roff(brief(function))}\n"),
            ("SYNOPSIS", f".nf\n.B #include <damon_reclaim/damon_reclaim.h>\n.PP\n\\fB{prototype(function)}\\fP\n.fi\n"),
            ("DESCRIPTION", description(function) + arguments),
            ("RETURN VALUE", returned),
            ("SEE ALSO", ",\n".join(see) + "\n")])

    @staticmethod
    def name_of(group):
        return f"libdamonreclaim-{group.find('compoundname').text}"

    def members(self, nodes, form):
        return "".join(f".TP\n.B {form(node)}\n{description(node, '.IP' + chr(10)) or '.br' + chr(10)}" for node in nodes)

    def add_group(self, group):
        name = self.name_of(group)
        title = flat(group.find("title"))
        functions = "".join(f".TP\n.BR {roff(flat(function.find('name')))} (3)\n{fill(roff(brief(function)))}"
                            for function in self.header.functions(group))
        types = ""
        for enum in self.header.enums(group):
            types += f".SS enum {roff(flat(enum.find('name')))}\n{description(enum)}"
            types += self.members(enum.findall("enumvalue"), lambda value: roff(flat(value.find("name"))))
        for struct in self.header.structs(group):
            types += f".SS struct {roff(flat(struct.find('compoundname')))}\n{description(struct)}"
            types += self.members(struct.findall("sectiondef/memberdef"), declaration)
        self.pages[name] = page(name, self.version, [
            ("NAME", f"{roff(name)} \\- {roff(title[0].lower() + title[1:])}\n"),
            ("SYNOPSIS", ".nf\n.B #include <damon_reclaim/damon_reclaim.h>\n.fi\n"),
            ("DESCRIPTION", description(group) or fill(roff(title) + ".")),
            ("FUNCTIONS", functions), ("TYPES", types), ("SEE ALSO", ".BR libdamonreclaim (3)\n")])

    def add_all(self):
        overview = "".join(f".TP\n.BR {roff(self.name_of(group))} (3)\n{fill(roff(flat(group.find('title'))))}"
                           for group in self.header.groups)
        self.pages["libdamonreclaim"] = page("libdamonreclaim", self.version, [
            ("NAME", "libdamonreclaim \\- finds memory that is not used and reclaims it\n"),
            ("SYNOPSIS", ".nf\n.B #include <damon_reclaim/damon_reclaim.h>\n.PP\n"
             ".B cc program.c $(pkg\\-config \\-\\-cflags \\-\\-libs libdamonreclaim)\n.fi\n"),
            ("DESCRIPTION", "Each function has a page of its own. These pages describe the parts of the library, with their "
             "structs and enums:\n" + overview),
            ("SEE ALSO", ".BR damon\\-reclaim (1)\n")])
        for group in self.header.groups:
            self.add_group(group)
            for function in self.header.functions(group):
                self.add_function(function, group)
        return self.pages


def names(header):
    text = header.read_text(encoding="utf-8")
    groups = [f"libdamonreclaim-{name}" for name in re.findall(r"@defgroup (\w+)", text)]
    functions = re.findall(r"^DAMON_RECLAIM_API [^;(]*?\b(\w+)\(", text, re.MULTILINE)
    return ["libdamonreclaim", *groups, *functions]


if sys.argv[1] == "--list":
    print("\n".join(f"{name}.3" for name in names(pathlib.Path(sys.argv[2]))))
else:
    path = pathlib.Path(sys.argv[2]).resolve()
    made = Pages(Header(sys.argv[1], path), sys.argv[3]).add_all()
    if sorted(made) != sorted(names(path)):
        sys.exit(f"docs/man/functions.py: in no group: {' '.join(sorted(set(made) ^ set(names(path))))}. Cure: give it one")
    for name, text in made.items():
        pathlib.Path(sys.argv[4], f"{name}.3").write_text(text, encoding="utf-8")
