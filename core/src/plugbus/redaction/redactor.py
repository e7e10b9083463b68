"""`Redactor`: plain values with their secrets taken out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from plugbus.errors import DefinitionError
from plugbus.redaction.cards import is_card_number
from plugbus.redaction.names import CARD_NAMES, NAMES, NameList
from plugbus.redaction.texts import find_secrets, replaced


__all__ = ("Redactor", "marker")

# Takes the kind of a secret and its value, and returns what is left in its place.
_Mark = Callable[[str, Any], str]
# The steps of listed paths that begin here; a whole path has the key None.
_Paths = Mapping[str | None, Any]

_ANY = "*"
# Shorter texts hold neither a card number nor a name with its value.
_SHORT = 4
_NO_PATHS: Sequence[_Paths] = ()


class _Marker(str):
    """What stands for a secret already."""

    __slots__ = ()


def marker(kind: str, _: object = None) -> str:
    """Return what is left in the place of a secret."""
    return f"[redacted:{kind}]"


class Redactor:
    """
    Takes secrets out of plain values: None, booleans, numbers, strings, lists and dicts with string keys.

    Args:
        names: Names of secrets, in lower case with blanks; whatever stands under one is taken out, at any depth.
        paths: Where secrets are, from the value's root, as in `user.address.street`; `*` stands for any key or index.
        patterns: Regular expressions; what fits one is taken out of every string.
        mark: Returns what is left in the place of a secret, given its kind and value.

    Raises:
        DefinitionError: If a pattern is no regular expression, or a path has an empty step.
    """

    def __init__(
        self,
        *,
        names: Iterable[str] = NAMES,
        paths: Iterable[str] = (),
        patterns: Iterable[str] = (),
        mark: _Mark = marker,
    ) -> None:
        self._names = NameList(names)
        self._card_names = NameList(CARD_NAMES)
        self._mark = mark
        self._paths = _compiled_paths(paths)
        self._patterns = [_compiled(pattern) for pattern in patterns]

    def redact(self, value: Any) -> Any:
        """Return the value without its secrets: itself if there are none, else a copy; it is never changed."""
        return self._redacted(value, (self._paths,) if self._paths else _NO_PATHS)

    def text(self, text: str) -> str:
        """Return a text without its secrets."""
        found = find_secrets(text, self._names)
        if found:
            text = replaced(text, found, self._mark)
        for pattern in self._patterns:
            text = pattern.sub(lambda match: self._mark("pattern", match[0]) if match[0] else "", text)
        return text

    def hide(self, value: Any) -> str:
        """
        Return what is left of the value of a field that is declared secret.

        `redact` makes a plain string of it, whatever name it stands under.
        """
        return _Marker(self._mark("secret", value))

    def _redacted(self, value: Any, paths: Sequence[_Paths]) -> Any:
        cls = type(value)
        if cls is str:
            return self.text(value) if len(value) > _SHORT or self._patterns else value
        if cls is dict:
            return self._mapping(value, paths)
        if cls is list:
            return self._list(value, paths)
        return str(value) if cls is _Marker else value

    def _mapping(self, value: dict[str, Any], paths: Sequence[_Paths]) -> dict[str, Any]:
        names = self._names
        changed: dict[str, Any] = {}
        below = _NO_PATHS
        for key, item in value.items():
            if item is None or item is True or item is False:
                if not paths:
                    continue
            elif key in names and type(item) is not _Marker:
                changed[key] = self._mark("name", item)
                continue
            if paths:
                below = _below(paths, key)
                if any(None in path for path in below):
                    changed[key] = self._mark("path", item)
                    continue
            made = self._redacted(item, below) if type(item) is not int else self._number(key, item)
            if made is not item:
                changed[key] = made
        return {**value, **changed} if changed else value

    def _list(self, value: list[Any], paths: Sequence[_Paths]) -> list[Any]:
        made: list[Any] | None = None
        for index, item in enumerate(value):
            below = _below(paths, str(index)) if paths else _NO_PATHS
            if below and any(None in path for path in below):
                one: Any = self._mark("path", item)
            else:
                one = self._redacted(item, below)
            if one is not item:
                made = made if made is not None else list(value)
                made[index] = one
        return value if made is None else made

    def _number(self, key: str, value: int) -> Any:
        # One microsecond stamp in ten passes Luhn's check, so the name has to speak for a card too.
        if value > 10**11 and key in self._card_names and is_card_number(str(value)):
            return self._mark("card", value)
        return value


def _below(paths: Sequence[_Paths], step: str) -> Sequence[_Paths]:
    return [path[key] for path in paths for key in (step, _ANY) if key in path]


def _compiled_paths(paths: Iterable[str]) -> dict[str | None, Any]:
    root: dict[str | None, Any] = {}
    for path in paths:
        node = root
        for step in path.split("."):
            if not step:
                raise DefinitionError(f"{path!r} is no path: expected steps with dots between them, as in 'user.email'")
            node = node.setdefault(step, {})
        node[None] = True
    return root


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise DefinitionError(f"{pattern!r} is no regular expression: {error}") from None
