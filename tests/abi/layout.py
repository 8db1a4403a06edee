#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layout of the public structs, as assertions for the compiler.

  layout.py HEADER > layout.c     writes them, as they are on the machine that runs this
  layout.py HEADER layout.c       fails if a struct or a member has none

Within a major version an offset never changes, and only structs that begin with their size grow, at the end. So after
a change of the header the difference of layout.c may have new lines, and greater numbers in SIZE().
"""
import re
import subprocess
import sys
import tempfile

HEAD = '''/* SPDX-License-Identifier: MIT */
/* The layout of the public structs where pointers have 64 bits. tests/abi/layout.py has written this. Within a major
 * version an offset never changes, and only structs that begin with their size grow, at the end. */
#include <damon_reclaim/damon_reclaim.h>

#if UINTPTR_MAX == UINT64_MAX
#define SIZE(name, bytes) _Static_assert(sizeof(struct damon_reclaim_##name) == (bytes), "size of " #name)
#define AT(name, member, offset)                                                                                       \\
    _Static_assert(offsetof(struct damon_reclaim_##name, member) == (offset), "offset of " #name "." #member)
'''


def structs(header):
    """Names of structs and of their members, in order."""
    text = re.sub(r'/\*.*?\*/', '', open(header).read(), flags=re.S)
    found = {}
    for name, body in re.findall(r'^struct damon_reclaim_(\w+) \{\n(.*?)^\};', text, flags=re.S | re.M):
        found[name] = []
        for member in body.split(';'):
            function = re.search(r'\(\*(\w+)\)\(', member)
            plain = re.search(r'(\w+)(\[\d+\])?\s*$', member)
            if function or plain:
                found[name].append((function or plain).group(1))
    return found


def measure(header, found):
    lines = ['#include "%s"' % header, '#include <stdio.h>', 'int main(void) {']
    for name, members in found.items():
        struct = 'struct damon_reclaim_' + name
        lines.append('printf("SIZE(%s, %%zu);\\n", sizeof(%s));' % (name, struct))
        for member in members:
            lines.append('printf("AT(%s, %s, %%zu);\\n", offsetof(%s, %s));' % (name, member, struct, member))
    with tempfile.TemporaryDirectory() as where:
        with open(where + '/probe.c', 'w') as probe:
            probe.write('\n'.join(lines + ['}']))
        subprocess.run(['cc', where + '/probe.c', '-o', where + '/probe'], check=True)
        return subprocess.run([where + '/probe'], check=True, capture_output=True, text=True).stdout


def main():
    found = structs(sys.argv[1])
    if len(found) < 20:
        sys.exit('the header has next to no structs')
    if len(sys.argv) == 2:
        print(HEAD + '\n' + measure(sys.argv[1], found) + '#endif')
        return 0
    asserted = open(sys.argv[2]).read()
    missing = ['AT(%s, %s)' % (name, member) for name, members in found.items() for member in members
               if 'AT(%s, %s, ' % (name, member) not in asserted]
    missing += ['SIZE(%s)' % name for name in found if 'SIZE(%s, ' % name not in asserted]
    for line in missing:
        print('%s has no %s' % (sys.argv[2], line))
    return 1 if missing else 0


if __name__ == '__main__':
    sys.exit(main())
