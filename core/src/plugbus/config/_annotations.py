"""From the annotations of a settings class to kinds."""

from __future__ import annotations

import collections.abc
import enum
import types
import typing
from pathlib import Path, PurePath
from typing import Any

import attrs

from plugbus.config._containers import DictKind, ListKind, TupleKind, UnionKind
from plugbus.config._kinds import AnyKind, ChoiceKind, Kind, PathKind, ScalarKind
from plugbus.config._tables import Setting, TableKind
from plugbus.config.options import key_of
from plugbus.errors import DefinitionError


if typing.TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ("table_kind",)

_LISTS: dict[object, Any] = {
    list: list,
    set: set,
    frozenset: frozenset,
    collections.abc.Sequence: tuple,
    collections.abc.Collection: tuple,
    collections.abc.Iterable: tuple,
    collections.abc.Set: frozenset,
}
_DICTS = (dict, collections.abc.Mapping)


def table_kind(cls: type[Any]) -> TableKind:
    """
    Return the kind of a settings class.

    Raises:
        DefinitionError: If it is no attrs class, or annotated with what a configuration cannot express.
    """
    if not (isinstance(cls, type) and attrs.has(cls)):
        raise DefinitionError(f"{cls!r} is no attrs class; decorate it with @attrs.frozen")
    kind = TableKind(cls, _settings)
    for _ in _all_settings(kind, set()):
        pass
    return kind


def _all_settings(kind: Kind, seen: set[type]) -> Iterator[Setting]:
    """Visit every setting below, so that an annotation that cannot be is found when the class is first used."""
    if isinstance(kind, TableKind) and kind.cls not in seen:
        seen.add(kind.cls)
        for setting in kind.settings.values():
            yield setting
            yield from _all_settings(setting.kind, seen)
    elif isinstance(kind, ListKind | DictKind):
        yield from _all_settings(kind.item, seen)
    elif isinstance(kind, UnionKind | TupleKind):
        for member in kind.members if isinstance(kind, UnionKind) else kind.items:
            yield from _all_settings(member, seen)


def _settings(cls: type) -> Iterator[Setting]:
    try:
        hints = typing.get_type_hints(cls, include_extras=True)
    except Exception as error:
        raise DefinitionError(
            f"the annotations of {cls.__qualname__} cannot be read: {error}; "
            f"import what they name at run time, not for type checkers only"
        ) from error
    for field in attrs.fields(cls):
        if field.init:
            try:
                kind = _kind_of(hints.get(field.name, Any))
            except DefinitionError as error:
                raise DefinitionError(f"setting {key_of(field)!r} of {cls.__qualname__}: {error}") from None
            yield Setting(key_of(field), kind, field)


def _kind_of(annotation: Any) -> Kind:
    annotation = getattr(annotation, "__supertype__", annotation)  # NewType
    annotation = getattr(annotation, "__value__", annotation)  # a `type` statement
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return next((extra for extra in arguments[1:] if isinstance(extra, Kind)), None) or _kind_of(arguments[0])
    if origin in (typing.Union, types.UnionType):
        members = [_kind_of(member) for member in arguments if member is not types.NoneType]
        return UnionKind(members, optional=types.NoneType in arguments)
    if origin is typing.Literal:
        return ChoiceKind({value: value for value in arguments})
    if origin is not None or annotation in (list, tuple, set, frozenset, dict):
        return _container(annotation, origin or annotation, arguments)
    return _single(annotation)


def _container(annotation: Any, origin: Any, arguments: tuple[Any, ...]) -> Kind:
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is ...) and arguments:
        return TupleKind([_kind_of(item) for item in arguments])
    if origin is tuple or origin in _LISTS:
        return ListKind(_kind_of(arguments[0]) if arguments else AnyKind(), _LISTS.get(origin, tuple))
    if origin in _DICTS and (not arguments or arguments[0] is str):
        return DictKind(_kind_of(arguments[1]) if arguments else AnyKind())
    raise _unsupported(annotation)


def _single(annotation: Any) -> Kind:
    if annotation in (Any, object):
        return AnyKind()
    if isinstance(annotation, type):
        if annotation in ScalarKind.types:
            return ScalarKind(annotation)
        if issubclass(annotation, PurePath):
            if annotation is Path:
                return PathKind()
        elif issubclass(annotation, enum.Enum):
            by_value = all(isinstance(member.value, str | int) for member in annotation)
            return ChoiceKind({member.value if by_value else member.name.lower(): member for member in annotation})
        elif attrs.has(annotation):
            return TableKind(annotation, _settings)
    raise _unsupported(annotation)


def _unsupported(annotation: Any) -> DefinitionError:
    name = annotation.__name__ if isinstance(annotation, type) and not typing.get_args(annotation) else annotation
    return DefinitionError(f"a configuration cannot express the type {name}")
