"""Secrets in texts: messages of exceptions, URLs, headers, JSON within a string."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from plugbus.redaction.cards import find_cards, may_hold_card
from plugbus.redaction.names import NameList


__all__ = ("Found", "find_secrets", "replaced")

# First character, the one behind the last, and the kind of secret.
Found = tuple[int, int, str]

# A user's part of a URL's authority: `//name:password@host`.
_AUTHORITY = re.compile(r"//[^/\s:@\"']*:([^/\s\"']+)@")
# What stands between a name and its value, in `name=value`, `name: value`, `"name": "value"`.
_BETWEEN = re.compile(r"[=:]\s*")
_QUOTES = " \t\"'\\"
# A name before that, of one word or two, read backwards: so each place is looked at once.
_NAME = re.compile(r"[0-9]{0,2}[A-Za-z_.-]*[A-Za-z](?: [A-Za-z_.-]*[A-Za-z])?")
_LONGEST_NAME = 48
_VALUE = re.compile(
    r"\\?\"([^\"]*)|'([^']*)|((?:Bearer|Basic|Digest|Token)\s+[^\s,;\"']+)|([^\s&;,\"'<>)\]}]+)", re.IGNORECASE
)
# Headers whose value goes on to the end of the line.
_COOKIES = NameList(("cookie",))
_LINE = re.compile(r"[^\r\n]+")
_SCHEME = re.compile(r"\b(?:bearer|basic)\s+([\w.~+/=-]{8,})", re.IGNORECASE)
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*-----|\Z)", re.DOTALL)


def find_secrets(text: str, names: NameList) -> list[Found]:
    """Return where secrets stand in a text, in order, none overlapping another."""
    found: list[Found] = []
    if ":" in text or "=" in text:
        if "//" in text and "@" in text:
            found += [(match.start(1), match.end(1), "url") for match in _AUTHORITY.finditer(text)]
        found += _pairs(text, names)
    if "eyJ" in text:
        found += [(match.start(), match.end(), "pattern") for match in _JWT.finditer(text)]
    if "earer " in text or "asic " in text:
        found += [(match.start(1), match.end(1), "name") for match in _SCHEME.finditer(text)]
    if "-----BEGIN" in text:
        found += [(match.start(), match.end(), "pattern") for match in _PEM.finditer(text)]
    if may_hold_card(text) is not None:
        found += [(start, end, "card") for start, end in find_cards(text)]
    return _apart(found) if len(found) > 1 else found


def replaced(text: str, found: list[Found], mark: Callable[[str, str], str]) -> str:
    """Return a text with marks in the place of what was found."""
    for start, end, kind in reversed(found):
        text = f"{text[:start]}{mark(kind, text[start:end])}{text[end:]}"
    return text


def _pairs(text: str, names: NameList) -> Iterator[Found]:
    position = 0
    while (between := _BETWEEN.search(text, position)) is not None:
        start, position = between.span()
        if text[start - 2 : start].isdecimal():
            continue  # in a time of day, for one; no listed name ends so
        before = text[max(0, start - _LONGEST_NAME) : start].rstrip(_QUOTES)
        name = _NAME.match(before[::-1])
        if name is None or name[0][::-1] not in names:
            continue
        value = (_LINE if name[0][::-1] in _COOKIES else _VALUE).match(text, position)
        if value is not None:
            group = value.lastindex or 0
            yield value.start(group), value.end(group), "name"
            position = value.end()


def _apart(found: list[Found]) -> list[Found]:
    found.sort(key=lambda one: (one[0], -one[1]))
    apart: list[Found] = []
    for one in found:
        if apart and one[0] < apart[-1][1]:
            start, end, kind = apart[-1]
            apart[-1] = (start, max(end, one[1]), kind)
        else:
            apart.append(one)
    return apart
