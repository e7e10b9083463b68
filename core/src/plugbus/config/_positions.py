"""
Where in a TOML text each key and each value stands.

`tomllib` keeps no positions. This scanner runs beside it, over text that it has accepted already, and only when there
is a problem to report; so it trusts the text and checks nothing.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from bisect import bisect_right
from typing import TYPE_CHECKING

import attrs


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ("KeyPath", "Position", "Positions", "dotted", "scan")

KeyPath = tuple[str | int, ...]

_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' + r"|'''.*?'''(?:'{0,2})" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")


@attrs.frozen
class Position:
    """
    A stretch of one line.

    Args:
        line: Counted from 1.
        column: Counted from 1.
        width: Columns, up to the end of the line at most.
    """

    line: int
    column: int
    width: int


@attrs.frozen
class Positions:
    """The positions of all keys and values of one text, by key path; items of arrays have their index as key."""

    keys: dict[KeyPath, Position]
    values: dict[KeyPath, Position]


def dotted(keys: KeyPath) -> str:
    """Write a key path as in `plugins.audit.sinks[0].path`."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if _BARE_KEY.fullmatch(key) else f'"{key}"')
    return text


def scan(text: str) -> Positions:
    """Find the positions in a TOML text that `tomllib` has accepted; lines must end in a plain newline."""
    scanner = _Scanner(text)
    # Lost in a form of TOML newer than this scanner: what was found so far is right, the rest goes without position.
    with contextlib.suppress(_Lost):
        scanner.document()
    return Positions(scanner.keys, scanner.values)


class _Lost(Exception):
    pass


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.keys: dict[KeyPath, Position] = {}
        self.values: dict[KeyPath, Position] = {}
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.last_item: dict[KeyPath, int] = {}  # of each array of tables

    def document(self) -> None:
        table: KeyPath = ()
        while self.skip_blank():
            if self.take("[["):
                parts = list(self.key_parts())
                table = self.enter(parts, array=True)
                self.take("]]")
            elif self.take("["):
                table = self.enter(list(self.key_parts()))
                self.take("]")
            else:
                self.pair(table)

    def enter(self, parts: list[tuple[str, Position]], *, array: bool = False) -> KeyPath:
        path: KeyPath = ()
        for name, position in parts[:-1]:
            path = (*path, name)
            self.keys.setdefault(path, position)
            if path in self.last_item:
                path = (*path, self.last_item[path])
        name, position = parts[-1]
        path = (*path, name)
        if array:
            self.keys.setdefault(path, position)
            self.last_item[path] = self.last_item.get(path, -1) + 1
            path = (*path, self.last_item[path])
        self.keys[path] = position
        return path

    def pair(self, table: KeyPath) -> None:
        path = table
        for name, position in self.key_parts():
            path = (*path, name)
            self.keys.setdefault(path, position)
        if not self.take("="):
            raise _Lost
        self.skip_blank()
        self.value(path)

    def key_parts(self) -> Iterator[tuple[str, Position]]:
        while True:
            self.skip_blank()
            start = self.at
            if bare := _BARE_KEY.match(self.text, start):
                name, self.at = bare.group(), bare.end()
            elif quoted := _STRING.match(self.text, start):
                name, self.at = tomllib.loads(f"key = {quoted.group()}")["key"], quoted.end()
            else:
                raise _Lost
            yield name, self.position(start, self.at)
            self.skip_blank()
            if not self.take("."):
                return

    def value(self, path: KeyPath) -> None:
        start = self.at
        if self.take("["):
            self.items(path)
        elif self.take("{"):
            while self.skip_blank() and not self.take("}"):
                if not self.take(","):
                    self.pair(path)
        else:
            found = _STRING.match(self.text, start) or _BARE_VALUE.match(self.text, start)
            if found is None:
                raise _Lost
            self.at = start + len(found.group().rstrip())
        self.values[path] = self.position(start, self.at)

    def items(self, path: KeyPath) -> None:
        index = 0
        while self.skip_blank() and not self.take("]"):
            if not self.take(","):
                self.value((*path, index))
                index += 1

    def skip_blank(self) -> bool:
        blank = _BLANK.match(self.text, self.at)
        if blank is not None:
            self.at = blank.end()
        return self.at < len(self.text)

    def take(self, mark: str) -> bool:
        if self.text.startswith(mark, self.at):
            self.at += len(mark)
            return True
        return False

    def position(self, start: int, end: int) -> Position:
        line = bisect_right(self.lines, start)
        line_start = self.lines[line - 1]
        newline = self.text.find("\n", start, end)
        return Position(line, start - line_start + 1, (end if newline < 0 else newline) - start)
