"""Reads C files: what each includes, defines, declares and uses. A scan, not a compiler: it relies on clang-format, by
which definitions begin in the first column and everything inside of them does not."""
import pathlib
import re

FOLDERS = ("lib", "examples", "include")
COMMENT_OR_STRING = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*\"([^\"]+)\"", re.MULTILINE)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
FIRST = r"^(?!static\b|extern\b|typedef\b|return\b|else\b)[A-Za-z_]"
FUNCTION = re.compile(FIRST + r"[\w \t\n*]*?\b(\w+)\([^;{}]*\)\s*\{", re.MULTILINE)
DATA = re.compile(FIRST + r"[\w \t*]*?\b(\w+)(?:\[[^\]]*\])*[ \t\n]*=", re.MULTILINE)
PROTOTYPE = re.compile(FIRST + r"[\w \t\n*]*?\b(\w+)\([^;{}]*\)[^;{}]*;", re.MULTILINE)
EXTERN = re.compile(r"^extern\b[^;{}()]*?\b(\w+)(?:\[[^\]]*\])*;", re.MULTILINE)
STATIC = re.compile(r"^static\b[^;{}()=]*?\b(\w+)\(", re.MULTILINE)
# Used: called, or named where the name is one of the library's own. Members and tags of structs are no uses.
WORD = re.compile(r"(?<![\w.>])(?<!struct )(?<!enum )(?:(drcl_\w+)\b|([A-Za-z_]\w*)(?=\())")


def blank(match):
    """As many lines as before, and nothing else."""
    return "\n" * match.group().count("\n") or " "


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


class File:
    def __init__(self, top, path):
        self.path = path.relative_to(top).as_posix()
        text = path.read_text(encoding="utf-8")
        self.includes = [(line_of(text, m.start(1)), m.group(1)) for m in INCLUDE.finditer(text)]
        code = DIRECTIVE.sub(blank, COMMENT_OR_STRING.sub(blank, text))
        self.defines, self.declares = set(), {}
        if self.path.endswith(".c"):
            self.defines = {m.group(1) for pattern in (FUNCTION, DATA) for m in pattern.finditer(code)}
        else:
            self.declares = {m.group(1): line_of(code, m.start(1))
                             for pattern in (PROTOTYPE, EXTERN) for m in pattern.finditer(code)}
        own = self.defines | set(self.declares) | {m.group(1) for m in STATIC.finditer(code)}
        self.uses = {}  # a name of another file: the line where it is used first
        for match in WORD.finditer(code):
            name = match.group(1) or match.group(2)
            if name not in own:
                self.uses.setdefault(name, line_of(code, match.start()))


def read(top):
    """All C files, by their path from @top on."""
    files = {}
    for folder in FOLDERS:
        for path in sorted((top / folder).glob("**/*.[ch]")):
            file = File(top, path)
            files[file.path] = file
    return files


def resolve(files, file, name):
    """The file that an #include "name" means, or None."""
    for place in (pathlib.PurePosixPath(file.path).parent.as_posix(), *FOLDERS):
        path = f"{place}/{name}"
        if path in files:
            return files[path]
    return None
