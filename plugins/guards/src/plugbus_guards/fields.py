"""What an event says: its own fields or payload, never its envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from plugbus import Event
from plugbus.errors import DefinitionError


__all__ = ("MISSING", "Call", "check_path", "field_of", "fields_of", "inner")


class _Missing:
    """Stands for what is not there; None is a value."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = _Missing()


@attrs.frozen
class Call:
    """
    The call of a function that `requires` guards, in the place of an event.

    Args:
        name: The function's name.
        arguments: Its arguments by name.
    """

    name: str
    arguments: Mapping[str, Any] = attrs.field(repr=False)


def check_path(path: str) -> str:
    """
    Check the path of a field, as in `order.total`.

    Raises:
        DefinitionError: If a part of it is no name, or begins with an underscore.
    """
    parts = path.split(".") if isinstance(path, str) else []
    if not parts or not all(part.isidentifier() and not part.startswith("_") for part in parts):
        raise DefinitionError(f"{path!r} names no field of an event: expected names with dots between them")
    return path


def field_of(event: object, path: str) -> Any:
    """
    Return the value of a field, `MISSING` if there is none.

    Args:
        event: An event of any kind, or a `Call`.
        path: The field; behind dots keys of mappings and fields of attrs classes. No attribute of anything else is
            reached.
    """
    first, _, rest = path.partition(".")
    value = _own(event, first)
    while rest and value is not MISSING:
        first, _, rest = rest.partition(".")
        value = inner(value, first)
    return value


def fields_of(event: object) -> dict[str, Any]:
    """Return the fields that an event has, by name."""
    if isinstance(event, Call):
        return dict(event.arguments)
    if isinstance(event, Event):
        return {key: value for key, value in event.payload.items() if isinstance(key, str)}
    cls: Any = type(event)
    if attrs.has(cls):
        return {field.name: getattr(event, field.name) for field in attrs.fields(cls)}
    return {name: getattr(event, name) for name in _declared(event)}


def _own(event: object, name: str) -> Any:
    if isinstance(event, Event):
        return event.payload.get(name, MISSING)
    if isinstance(event, Call):
        return event.arguments.get(name, MISSING)
    if attrs.has(type(event)):
        return inner(event, name)
    return getattr(event, name, MISSING) if name in _declared(event) else MISSING


def inner(value: object, name: str) -> Any:
    """Return a key of a mapping or a field of an attrs class, `MISSING` if it has none."""
    if isinstance(value, Mapping):
        return value.get(name, MISSING)
    cls: Any = type(value)
    if attrs.has(cls) and hasattr(attrs.fields(cls), name):
        return getattr(value, name)
    return MISSING


def _declared(event: object) -> list[str]:
    """Return the names of the fields of a foreign object, of whatever library."""
    cls = type(event)
    for listing in ("__dataclass_fields__", "model_fields", "__struct_fields__"):
        found = getattr(cls, listing, None)
        if found is not None:
            return list(found)
    names = [*getattr(event, "__dict__", ()), *(name for base in cls.__mro__ for name in _slots(base))]
    return [name for name in names if not name.startswith("_")]


def _slots(cls: type) -> tuple[str, ...]:
    slots = cls.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)
