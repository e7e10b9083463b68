"""The elements of a request to a policy: a word each, and what it reads."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

from plugbus.errors import DefinitionError
from plugbus_guards.fields import MISSING, check_path, field_of, fields_of
from plugbus_guards.principal import Principal


__all__ = ("Reader", "reader_of")

# Takes event, principal and event type.
Reader = Callable[[Any, Principal, str], Any]


def reader_of(word: str) -> Reader:
    """
    Return what reads an element of a request.

    Args:
        word: As `PolicyGuard` describes them.

    Raises:
        DefinitionError: If it is no such word.
    """
    if word in _PLAIN:
        return _PLAIN[word]
    kind, sign, name = word.partition(":")
    if word.startswith("="):
        text = word[1:]
        return lambda event, principal, event_type: text
    if sign and kind == "field":
        check_path(name)
        return lambda event, principal, event_type: _shown(field_of(event, name))
    if sign and kind == "claim" and name:
        return lambda event, principal, event_type: _shown(principal.claims.get(name, MISSING))
    raise DefinitionError(
        f"{word!r} is no element of a request: there are {', '.join(_PLAIN)}, field:NAME, claim:NAME and =TEXT"
    )


_PLAIN: Mapping[str, Reader] = {
    "principal.id": lambda event, principal, event_type: principal.id,
    "principal": lambda event, principal, event_type: _attributes(
        {**principal.claims, "id": principal.id, "roles": tuple(sorted(principal.roles)), "kind": principal.kind}
    ),
    "event": lambda event, principal, event_type: _attributes(fields_of(event)),
    "event.type": lambda event, principal, event_type: event_type,
    "event.entity": lambda event, principal, event_type: event_type.rpartition(".")[0],
    "event.action": lambda event, principal, event_type: event_type.rpartition(".")[2],
}


def _attributes(values: Mapping[str, Any]) -> types.SimpleNamespace:
    """Return values as attributes, for matchers; what is not named as one may be is left out."""
    return types.SimpleNamespace(
        **{name: _inner(value) for name, value in values.items() if name.isidentifier() and not name.startswith("_")}
    )


def _inner(value: Any) -> Any:
    """Return plain values as they are, tables as attributes; anything else has none that a matcher could reach."""
    if isinstance(value, Mapping):
        return _attributes({str(key): item for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(map(_inner, value))
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _shown(value: Any) -> Any:
    """Return a value as a policy file would have it: a text."""
    if value is MISSING or value is None:
        return ""
    if isinstance(value, Mapping):
        return _attributes({str(key): item for key, item in value.items()})
    return value if isinstance(value, str) else str(value)
