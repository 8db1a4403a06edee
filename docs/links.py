#!/usr/bin/env python3
"""Checks that the links and pictures of generated pages lead somewhere: to a file that is there, and to an anchor in it.

    docs/links.py DIRECTORY
"""
import pathlib
import sys
import urllib.parse
from html.parser import HTMLParser


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src", "data") and value:
                self.links.append(value)
            elif name == "id" or name == "name" and tag == "a":
                self.anchors.add(value)


top = pathlib.Path(sys.argv[1])
pages = {path.name: Page(path) for path in sorted(top.glob("*.html"))}
dead = []
count = 0
for name, page in pages.items():
    for link in page.links:
        target = urllib.parse.urlsplit(link)
        if target.scheme or target.netloc:
            continue
        count += 1
        path, anchor = urllib.parse.unquote(target.path) or name, urllib.parse.unquote(target.fragment)
        if not (top / path).exists():
            dead.append(f"{name}: {link}: there is no such file")
        elif anchor and path in pages and anchor not in pages[path].anchors:
            dead.append(f"{name}: {link}: there is no such place")
print(f"{len(pages)} pages, {count} links, {len(dead)} dead")
sys.exit("\n".join(dead) or 0 if pages else f"{top}: no pages")
