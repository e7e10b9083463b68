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

__all__ = ("describe", "iso", "plain_fields")

T = TypeVar("T")

_ATOMS = frozenset({type(None), bool, int, str})


def plain_fields(event: object, *, reveal: bool) -> dict[str, Any]:
    """
    Return an event's own data as plain values, with secrets masked unless `reveal` is set.

    Raises:
        EncodeError: If a value has no JSON form; the message names its place.
    """
    cls = type(event)
    try:
        payload = getattr(event, "__payload__", None)
        if payload is not None:
            return _mapping(payload(), reveal, "payload")
        if _is_structured(cls):
            return _structured(event, reveal, "")
        return _mapping({k: v for k, v in vars(event).items() if not k.startswith("_")}, reveal, cls.__name__)
    except RecursionError:
        raise EncodeError(f"{cls.__name__} holds itself, directly or through its values, or goes too deep") from None
    except TypeError as error:
        if isinstance(error, EncodeError):
            raise
        raise EncodeError(f"{cls.__name__} shows no data that could be encoded") from error


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


def _plain(value: Any, reveal: bool, path: str) -> Any:
    cls = type(value)
    if cls in _ATOMS:
        return value
    if isinstance(value, enum.Enum):
        return _plain(value.value, reveal, path)
    if isinstance(value, str | int | float):
        return _atom(value, path)
    if isinstance(value, Mapping):
        return _mapping(value, reveal, path)
    if isinstance(value, list | tuple | AbstractSet):
        items = sorted(value, key=repr) if isinstance(value, AbstractSet) else value
        return [_plain(item, reveal, f"{path}[{index}]") for index, item in enumerate(items)]
    return _structured(value, reveal, path) if _is_structured(cls) else _converted(value, path)


def _atom(value: str | float, path: str) -> str | int | float:
    """Return what an instance of a subclass, such as an `Email(str)` or a number of numpy's, stands for."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__index__(value)
    if not math.isfinite(value):
        raise EncodeError(f"{path}: {value!r} has no JSON form")
    return float.__float__(value)


def _converted(value: Any, path: str) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    try:
        return msgspec.to_builtins(value)
    except TypeError:
        cls = type(value)
        raise EncodeError(f"{path}: a {cls.__module__}.{cls.__qualname__} has no JSON form") from None


def _mapping(value: Mapping[Any, Any], reveal: bool, path: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise EncodeError(f"{path}: the key {key!r} is no string")
        made[str.__str__(key)] = _plain(item, reveal, f"{path}.{key}")
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


def _structured(value: Any, reveal: bool, path: str) -> dict[str, Any]:
    cls = type(value)
    if hasattr(cls, "model_dump"):
        return _mapping(value.model_dump(mode="json", by_alias=True), reveal, path or cls.__name__)
    prefix = f"{path}." if path else ""
    made: dict[str, Any] = {}
    if isinstance(value, msgspec.Struct) and value.__struct_config__.tag is not None:
        made[str(value.__struct_config__.tag_field)] = value.__struct_config__.tag
    for attribute, name, is_secret in _fields(cls):
        hidden = is_secret and not reveal
        made[name] = SECRET if hidden else _plain(getattr(value, attribute), reveal, f"{prefix}{attribute}")
    return made
