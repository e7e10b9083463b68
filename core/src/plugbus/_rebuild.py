"""Objects of a known class from plain values: the way back from `_plain`."""

from __future__ import annotations

import dataclasses
import inspect
import sys
import typing
from collections.abc import Mapping
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

import attrs
import msgspec

from plugbus._kinds import SECRET_KEY, construct
from plugbus.errors import DecodeError


__all__ = ("rebuild",)

_HINTS = "__event_hints__"


def rebuild(cls: type[Any], event_type: str, data: Mapping[str, Any]) -> Any:
    """
    Return an instance of the class that stands for an event type.

    Keys that the class does not know are left out: a later form of the same version may have added them.

    Raises:
        DecodeError: If the data does not fit the class, for whatever reason.
    """
    try:
        if attrs.has(cls):
            return construct(cls, _arguments(cls, event_type, data))
        if hasattr(cls, "model_validate"):
            return cls.model_validate(dict(data))
        if dataclasses.is_dataclass(cls) or issubclass(cls, msgspec.Struct):
            return msgspec.convert(dict(data), cls, dec_hook=_revive)
        return cls(**data)
    except DecodeError:
        raise
    except Exception as error:
        # Whatever a user's validators and converters raise.
        if attrs.has(cls) and any(SECRET_KEY in field.metadata for field in attrs.fields(cls)):
            reason = f"{type(error).__name__}, whose text is kept back: it may hold a secret"
            raise DecodeError(f"data that makes a {cls.__name__} of {event_type}", reason) from None
        raise DecodeError(f"data that makes a {cls.__name__} of {event_type}", _reason(error)) from error


def _arguments(cls: type[Any], event_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    hints = _hints(cls)
    for field in attrs.fields(cls):
        if not field.init:
            continue
        if field.name not in data:
            if field.default is attrs.NOTHING:
                raise DecodeError(f"the field {field.name!r} in the data of {event_type}", "no such field")
            continue
        value = data[field.name]
        if field.converter is None:
            value = _converted(value, hints[field.name], f"{field.name!r} in the data of {event_type}")
        arguments[field.alias] = value
    return arguments


def _converted(value: Any, hint: Any, place: str) -> Any:
    if isinstance(hint, Exception):
        raise DecodeError(f"a readable annotation of {place}", f"{_reason(hint)}; it has to be known at run time")
    try:
        return msgspec.convert(value, hint, dec_hook=_revive)
    except msgspec.ValidationError as error:
        raise DecodeError(f"a fitting {place}", _reason(error)) from None


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, msgspec.ValidationError) else f"{type(error).__name__}: {text}"


def _hints(cls: type[Any]) -> dict[str, Any]:
    """Return what the fields are annotated with, resolved; kept in the class, so that it lives no longer for it."""
    hints: dict[str, Any] | None = cls.__dict__.get(_HINTS)
    if hints is None:
        hints = {field.name: Any for field in attrs.fields(cls)}
        for parent in reversed(cls.__mro__):
            for name, annotation in inspect.get_annotations(parent).items():
                if name in hints:
                    hints[name] = _resolved(annotation, parent)
        setattr(cls, _HINTS, hints)
    return hints


def _resolved(annotation: Any, cls: type[Any]) -> Any:
    """Return what an annotation in the body of a class says, the error if that cannot be known."""
    module = getattr(sys.modules.get(cls.__module__), "__dict__", {})
    own = {name: value for name, value in vars(cls).items() if isinstance(value, type)}
    own |= {parameter.__name__: parameter for parameter in getattr(cls, "__type_params__", ())}
    try:
        # One by one: a name that is missing is the fault of one field, not of all.
        holder = SimpleNamespace(__annotations__={"it": annotation})
        return typing.get_type_hints(holder, own, module)["it"]
    except Exception as error:  # noqa: BLE001  (an annotation is any expression)
        return error


def _revive(kind: Any, value: Any) -> Any:
    """Make what msgspec does not know of plain values; what does not fit is returned, and refused by msgspec."""
    if hasattr(kind, "model_validate"):
        return kind.model_validate(value)
    if isinstance(kind, type):
        if issubclass(kind, PurePath) and isinstance(value, str):
            return kind(value)
        for atom in (str, int, float):
            if issubclass(kind, atom) and isinstance(value, atom):
                return kind(value)
    return value
