"""What a search looks for inside of a record's data: a field's value, and text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


__all__ = ("found_at", "is_equal", "leaves", "may_hold", "needles_at")

# Both are what a user may call the event's own data.
_ROOTS = ("payload", "data")
_ANY = "*"
# Numbers that are written in one way only, whole or not.
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,5}")
# Texts that may also mean a number, a boolean or null, which may be written in other ways.
_MAY_BE_A_VALUE = re.compile(r"\s*(?:[-0-9]|true|false|null|Infinity|NaN)")


def found_at(data: Any, path: str) -> Iterator[Any]:
    """
    Yield what is found at a path with dots, as in `payload.items.0.sku`.

    Args:
        data: The event's own data.
        path: Names of members; in lists a number, or `*` for each. A first step `payload` or `data` may stand for the
            data itself.
    """
    steps = path.split(".")
    yield from _walk(data, steps)
    if steps[0] in _ROOTS and len(steps) > 1:
        yield from _walk(data, steps[1:])


def _walk(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    if not steps:
        yield value
        return
    step, *rest = steps
    if isinstance(value, Mapping):
        if step in value:
            yield from _walk(value[step], rest)
    elif isinstance(value, list):
        if step == _ANY:
            for item in value:
                yield from _walk(item, rest)
        elif step.isascii() and step.isdecimal() and int(step) < len(value):
            yield from _walk(value[int(step)], rest)


def is_equal(found: Any, wanted: Any) -> bool:
    """
    Tell whether a value is the one that is wanted, as JSON means it: true is not 1.

    A text is also equal to the number, the boolean and the null that is written so: a command line has only texts.
    """
    if isinstance(wanted, str) and not isinstance(found, str):
        if found is not None and not isinstance(found, bool | int | float):
            return False
        try:
            wanted = json.loads(wanted)
        except (ValueError, RecursionError):
            return False
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return found.keys() == wanted.keys() and all(_is_same(found[key], wanted[key]) for key in found)
    if isinstance(found, list) and isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(_is_same, found, wanted))
    return bool(found == wanted)


def _is_same(found: Any, wanted: Any) -> bool:
    return isinstance(found, str) == isinstance(wanted, str) and is_equal(found, wanted)


def needles_at(path: str, wanted: Any) -> tuple[bytes, ...]:
    """
    Return bytes of which some stand in every record that has a value at a path; none if that cannot be told.

    They are for a quick look, before a record is read.
    """
    name = path.rpartition(".")[2]
    # What stands in a list, or may do so, has no name before it.
    before = b"" if name == _ANY or name.isdecimal() else f"{_quoted(name)}:".encode("utf-8", "surrogatepass")
    return tuple(before + spelling for spelling in _spellings(wanted))


def _spellings(wanted: Any) -> tuple[bytes, ...]:
    """Return how a value may begin where it stands in a record; none if there are too many ways."""
    if isinstance(wanted, bool) or not isinstance(wanted, int | str):
        return ()
    text = wanted if isinstance(wanted, str) else str(wanted)
    is_whole = _WHOLE.fullmatch(text) is not None
    if not is_whole and (isinstance(wanted, int) or _MAY_BE_A_VALUE.match(text)):
        return ()
    number = (text.encode(),) if is_whole else ()
    return (*number, _quoted(wanted).encode("utf-8", "surrogatepass")) if isinstance(wanted, str) else number


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def leaves(value: Any) -> Iterator[str]:
    """Yield every key, string and whole number in a value, as text."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            yield from value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str):
            yield value
        elif isinstance(value, int) and not isinstance(value, bool):
            yield str(value)


def may_hold(body: bytes, text: str) -> bool:
    """Tell whether a text, given in its casefolded form, can be in a record at all: a quick look before a close one."""
    content = body.decode("utf-8", "replace").casefold()
    return _quoted(text)[1:-1] in content
