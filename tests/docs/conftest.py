"""Reads the pages of `docs/reference`: what they name, and what their tables say of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")
BAR = re.compile(r"(?<!\\)\|")
RULE = re.compile(r":?-+:?")


class Reference:
    """The pages in a folder."""

    def __init__(self, folder):
        self.folder = folder

    def text(self, page):
        """Return a page without its code blocks."""
        return FENCED.sub("", (self.folder / f"{page}.md").read_text(encoding="utf-8"))

    def headings(self, page):
        return [heading for _, heading in HEADING.findall(self.text(page))]

    def section(self, page, heading):
        """Return the text below a heading, up to the next heading."""
        pieces = HEADING.split(self.text(page))
        found = [text for title, text in zip(pieces[2::3], pieces[3::3], strict=True) if title == heading]
        assert len(found) == 1, f"{page}.md has {len(found)} headings {heading!r}"
        return found[0]

    def table(self, page, heading):
        """Return the rows of a section's tables by the names in their first cell, as the other cells."""
        return {name: cells[1:] for cells in rows(self.section(page, heading)) for name in names(cells[0])}

    def named(self):
        """Return all names that have a heading or a row of a table on any page."""
        found = set()
        for path in self.folder.glob("*.md"):
            for text in (*self.headings(path.stem), *(cells[0] for cells in rows(self.text(path.stem)))):
                found.update(names(text))
        return found

    def mentioned(self, page):
        """Return all names that stand as code on a page, with and without the module before them."""
        found = names(self.text(page))
        return {*found, *(name.rpartition(".")[2] for name in found)}


def rows(text):
    """Return the cells of each row of the tables in a text, the heads left out."""
    lines = [[cell.strip() for cell in BAR.split(line)[1:-1]] for line in text.split("\n") if line.startswith("|")]
    rules = {number for number, cells in enumerate(lines) if all(RULE.fullmatch(cell) for cell in cells)}
    return [cells for number, cells in enumerate(lines) if number not in rules and number + 1 not in rules]


def names(text):
    """Return what stands as code in a text, without arguments: `` `wait(timeout)` `` is `wait`."""
    return [re.split(r"[(\s\\]", code)[0] for code in CODE.findall(text)]


@pytest.fixture(scope="session")
def reference():
    return Reference(Path(__file__).resolve().parents[2] / "docs/reference")
