"""Values as JSON knows them: strings, numbers, booleans, None, lists, and dicts with string keys."""

from __future__ import annotations

import dataclasses
import enum
import math
import os
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

import attrs
import msgspec

from plugbus._kinds import SECRET, SECRET_KEY
from plugbus.errors import EncodeError


if TYPE_CHECKING:
    from datetime import datetime

    from plugbus._envelope import Envelope

__all__ = ("Hide", "describe", "iso", "mask", "plain_fields")

T = TypeVar("T")
Hide = Callable[[Any], str]

_ATOMS = frozenset({type(None), bool, int, str})


def plain_fields(event: object, *, hide: Hide | None) -> dict[str, Any]:
    """
    Return an event's own data as plain values.

    Args:
        event: The event.
        hide: Returns what stands for the value of a secret field; None to leave secrets as they are.

    Raises:
        EncodeError: If a value has no JSON form; the message names its place.
    """
    cls = type(event)
    try:
        payload = getattr(event, "__payload__", None)
        if payload is not None:
            return _mapping(payload(), hide, "payload")
        if _is_structured(cls):
            return _structured(event, hide, "")
        return _mapping({k: v for k, v in vars(event).items() if not k.startswith("_")}, hide, cls.__name__)
    except RecursionError:
        raise EncodeError(f"{cls.__name__} holds itself, directly or through its values, or goes too deep") from None
    except TypeError as error:
        if isinstance(error, EncodeError):
            raise
        raise EncodeError(f"{cls.__name__} shows no data that could be encoded") from error


def mask(_: object) -> str:
    """Return what stands for any secret."""
    return SECRET


def describe(known: Envelope, payload: dict[str, Any]) -> dict[str, Any]:
    """Return an event as plain values: its envelope, and its own data under `payload`."""
    return {
        "id": known.id,
        "type": known.type,
        "version": known.version,
        "timestamp": iso(known.timestamp),
        "source": known.source,
        "correlation_id": known.correlation_id,
        "causation_id": known.causation_id,
        "payload": payload,
    }


def iso(time: datetime) -> str:
    """Return a time in ISO 8601, UTC as `Z`."""
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: Any, hide: Hide | None, path: str) -> Any:
    cls = type(value)
    if cls in _ATOMS:
        return value
    if isinstance(value, enum.Enum):
        return _plain(value.value, hide, path)
    if isinstance(value, str | int | float):
        return _atom(value, path)
    if isinstance(value, Mapping):
        return _mapping(value, hide, path)
    if isinstance(value, list | tuple | AbstractSet):
        items = sorted(value, key=repr) if isinstance(value, AbstractSet) else value
        return [_plain(item, hide, f"{path}[{index}]") for index, item in enumerate(items)]
    return _structured(value, hide, path) if _is_structured(cls) else _converted(value, path)


def _atom(value: str | float, path: str) -> str | int | float:
    """Return what an instance of a subclass, such as an `Email(str)` or a number of numpy's, stands for."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__index__(value)
    if not math.isfinite(value):
        raise EncodeError(f"{path}: {value!r} has no JSON form", value_type=_name(type(value)))
    return float.__float__(value)


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _converted(value: Any, path: str) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    try:
        return msgspec.to_builtins(value)
    except TypeError:
        name = _name(type(value))
        raise EncodeError(f"{path}: a {name} has no JSON form", value_type=name) from None


def _mapping(value: Mapping[Any, Any], hide: Hide | None, path: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise EncodeError(f"{path}: the key {key!r} is no string", value_type=_name(type(key)))
        made[str.__str__(key)] = _plain(item, hide, f"{path}.{key}")
    return made


def _once_per_class(find: Callable[[type], T]) -> Callable[[type], T]:
    """Remember what a function finds of a class as long as that class lives."""
    known: WeakKeyDictionary[type, T] = WeakKeyDictionary()

    def found(cls: type) -> T:
        try:
            return known[cls]
        except KeyError:
            return known.setdefault(cls, find(cls))

    return found


@_once_per_class
def _is_structured(cls: type) -> bool:
    return (
        attrs.has(cls) or dataclasses.is_dataclass(cls) or issubclass(cls, msgspec.Struct) or hasattr(cls, "model_dump")
    )


@_once_per_class
def _fields(cls: type) -> tuple[tuple[str, str, bool], ...]:
    """Return each field's attribute, its name in JSON, and whether it is secret."""
    if attrs.has(cls):
        return tuple((field.name, field.name, SECRET_KEY in field.metadata) for field in attrs.fields(cls))
    if dataclasses.is_dataclass(cls):
        return tuple((field.name, field.name, False) for field in dataclasses.fields(cls))
    return tuple((field.name, field.encode_name, False) for field in msgspec.structs.fields(cls))


def _structured(value: Any, hide: Hide | None, path: str) -> dict[str, Any]:
    cls = type(value)
    if hasattr(cls, "model_dump"):
        return _mapping(value.model_dump(mode="json", by_alias=True), hide, path or cls.__name__)
    prefix = f"{path}." if path else ""
    made: dict[str, Any] = {}
    if isinstance(value, msgspec.Struct) and value.__struct_config__.tag is not None:
        made[str(value.__struct_config__.tag_field)] = value.__struct_config__.tag
    for attribute, name, is_secret in _fields(cls):
        given = getattr(value, attribute)
        secret = is_secret and hide is not None
        made[name] = hide(given) if secret else _plain(given, hide, f"{prefix}{attribute}")  # type: ignore[misc]
    return made
