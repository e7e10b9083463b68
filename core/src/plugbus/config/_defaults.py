"""The defaults of settings, and settings as plain values for reports and schemas."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from plugbus.config.options import MASK, SECRET, key_of


if TYPE_CHECKING:
    from plugbus.config._kinds import Place


__all__ = ("anchored", "default_of", "plain")


def default_of(field: attrs.Attribute[Any]) -> object:
    """Return the default of a setting; None also if there is none, or none without an instance."""
    default: Any = field.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        return None if default.takes_self else default.factory()
    return None if default is attrs.NOTHING else default


def anchored(value: Any, place: Place) -> object:
    """Return the value with the relative paths in it made absolute; the value itself if there are none."""
    match value:
        case Path():
            return value if value.is_absolute() else place.absolute(value)
        case list() | tuple():
            items = [anchored(item, place) for item in value]
            changed = any(new is not old for new, old in zip(items, value, strict=True))
            return type(value)(items) if changed else value
        case _ if attrs.has(type(value)):
            changes = {}
            for field in attrs.fields(type(value)):
                old = getattr(value, field.name)
                new = anchored(old, place)
                if new is not old and field.init:
                    changes[field.alias] = new
            return attrs.evolve(value, **changes) if changes else value
        case _:
            return value


def plain(value: Any, *, secret: bool = False) -> Any:  # noqa: PLR0911  (one for each kind of value)
    """
    Return a setting as JSON knows values: what TOML would give for it.

    Args:
        value: The setting, or anything in it.
        secret: Whether it must not be shown; what is marked secret inside of it never is.
    """
    if value is None:
        return None
    if secret:
        return MASK
    match value:
        case enum.Enum():
            by_value = all(isinstance(member.value, str | int) for member in type(value))
            return value.value if by_value else value.name.lower()
        case bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case AbstractSet():
            return sorted((plain(item) for item in value), key=repr)
        case list() | tuple():
            return [plain(item) for item in value]
        case dt.date() | dt.time():
            return value.isoformat()
        case _ if attrs.has(type(value)):
            return {
                key_of(field): plain(inner, secret=bool(field.metadata.get(SECRET)))
                for field in attrs.fields(type(value))
                if field.init and (inner := getattr(value, field.name)) is not None  # which TOML cannot say
            }
        case _:
            return str(value)
