"""
Classes of events: how one is made of what a user writes, and what is known of each.

What is known is the type and version that it stands for, and which of its fields are secret.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

import attrs

from plugbus._names import check_event_type, check_version
from plugbus.errors import DefinitionError, DuplicateEventType


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = (
    "SECRET",
    "SECRET_KEY",
    "EventKind",
    "construct",
    "define",
    "find_event_class",
    "forbid_instances",
    "kind_of",
    "name_event",
    "on_naming",
    "refuse_init",
)

# What stands for the value of a secret field, and the key in a field's metadata that makes it one.
SECRET = "***"
SECRET_KEY = "plugbus.secret"

_RESERVED = frozenset({"envelope", "publish", "replace", "to_dict"})


@attrs.frozen
class EventKind:
    """What the definition of an event class says of it."""

    type: str
    version: int = 1
    sequential: bool = False
    named: bool = True


# What every bus knows alike, as it knows exception classes: which class stands for which type and version.
_classes: WeakValueDictionary[tuple[str, int], type[Any]] = WeakValueDictionary()
_foreign_kinds: WeakKeyDictionary[type[Any], EventKind] = WeakKeyDictionary()
_listeners: WeakSet[Any] = WeakSet()


def _claim(kind: EventKind, cls: type[Any]) -> None:
    key = (kind.type, kind.version)
    if _classes.get(key) is not None:
        # A class that nobody uses any more is kept by reference cycles alone.
        import gc

        gc.collect()
    holder = _classes.get(key)
    if holder is not None and _origin(holder) != _origin(cls):
        raise DuplicateEventType(
            f"{_origin(holder)} and {_origin(cls)} both claim the event type {kind.type!r}, version {kind.version}; "
            f"give one of them another name or version"
        )
    _classes[key] = cls


def _origin(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def refuse_init(self: object, *_: object, **__: object) -> None:
    """Stand in for the constructor of a class that is no event type."""
    name = type(self).__qualname__
    raise DefinitionError(
        f'{name} has no event type: put @event("entity.action") on the class, or derive from it a class that has one'
    )


def forbid_instances(cls: type[Any]) -> None:
    """Let a class be no more than a base for others, unless `define` makes it an event type."""
    written = cls.__dict__.get("__init__")
    cls.__init__ = refuse_init if written is None else _guarded(written)


def _guarded(written: Callable[..., None]) -> Callable[..., None]:
    """Return a user's own constructor, for event types only, and with the envelope made ahead of it."""

    @functools.wraps(written)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807  (it is one)
        if "__event_kind__" not in type(self).__dict__:
            refuse_init(self)
        self.__attrs_pre_init__()
        written(self, *args, **kwargs)

    __init__.__written__ = written  # type: ignore[attr-defined]
    return __init__


def define(cls: type[Any], base: type[Any], kind: EventKind) -> type[Any]:
    """
    Make a subclass of `base` the event type that `kind` says: frozen, keyword-only, slotted.

    Raises:
        DuplicateEventType: If another class claims the same type and version.
        DefinitionError: If the class is no subclass, is an event already, or uses a name that is reserved.
    """
    _check(cls, base)
    for parent in reversed(cls.__mro__[1:]):
        if issubclass(parent, base) and parent is not base and "__attrs_attrs__" not in parent.__dict__:
            _make_attrs(parent, slots=False, init=False)
    init: Any = cls.__dict__.get("__init__")
    if init is refuse_init:
        del cls.__init__
    elif hasattr(init, "__written__"):
        # attrs mends `super()` in what it finds in the class's body, so it has to find what the user wrote.
        cls.__init__ = init.__written__
    made = _make_attrs(cls, slots=True)
    if "__attrs_init__" in made.__dict__:
        made.__init__ = _guarded(made.__init__)
    made.__event_kind__ = kind
    _claim(kind, made)
    return made


def _make_attrs(cls: type[Any], **options: Any) -> type[Any]:
    # State is EventBase's own affair: attrs would leave the envelope out of copies.
    made: type[Any] = attrs.frozen(cls, kw_only=True, getstate_setstate=False, **options)
    return made


def _check(cls: type[Any], base: type[Any]) -> None:
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise DefinitionError(
            f"@event is for classes that derive from EventBase; for others there is name_event(): {cls!r}"
        )
    name = cls.__qualname__
    if "__attrs_attrs__" in cls.__dict__:
        raise DefinitionError(f"{name} is an event or attrs class already: @event makes it one, once")
    for parent in cls.__mro__[: cls.__mro__.index(base)]:
        taken = _RESERVED & (inspect.get_annotations(parent).keys() | parent.__dict__.keys())
        if taken:
            raise DefinitionError(f"{name} uses the reserved name {min(taken)!r}; choose another")
    if cls.__attrs_pre_init__ is not base.__attrs_pre_init__:
        raise DefinitionError(f"{name}: write __attrs_post_init__; the envelope is made in __attrs_pre_init__")


def construct(cls: type[Any], values: Mapping[str, Any]) -> Any:
    """Return an instance of an attrs class with these values, past a constructor that its author wrote."""
    if "__attrs_init__" not in cls.__dict__:
        return cls(**values)
    made = object.__new__(cls)
    made.__attrs_init__(**values)
    return made


def name_event(cls: type[Any], name: str, version: int = 1) -> None:
    """
    Give a class of yours that is no `EventBase` an event type, so that names and patterns find it.

    Args:
        cls: A dataclass, pydantic model, msgspec struct or plain class.
        name: The event type, `entity.action` in the past tense.
        version: The version of its fields, from 1.

    Raises:
        InvalidEventType: If the name is no event type.
        DuplicateEventType: If another class claims the same type and version.
        DefinitionError: If it is no class, derives from `EventBase`, or has another name already.
    """
    if not isinstance(cls, type) or hasattr(cls, "__record__"):
        raise DefinitionError(f"name_event() is for classes that do not derive from EventBase, got {cls!r}")
    kind = EventKind(check_event_type(name), check_version(name, version))
    before = _foreign_kinds.get(cls)
    if before is not None and before != kind:
        raise DefinitionError(f"{_origin(cls)} is named {before.type!r} already, version {before.version}")
    _claim(kind, cls)
    _foreign_kinds[cls] = kind
    for listener in list(_listeners):
        listener.class_named(cls)


def on_naming(listener: Any) -> None:
    """Call `listener.class_named(cls)` whenever a class of a user's own gets an event type, as long as it lives."""
    _listeners.add(listener)


def find_event_class(name: str, version: int) -> type[Any] | None:
    """Return the class that stands for an event type and version, None if there is none."""
    return _classes.get((name, version))


def known_event_types() -> frozenset[str]:
    """Return the event types that classes stand for."""
    return frozenset(name for name, _ in list(_classes))


def kind_of(cls: type[Any]) -> EventKind:
    """Return type name and version of a class of events; a foreign class without a name goes by its own."""
    kind = cls.__dict__.get("__event_kind__") or _foreign_kinds.get(cls)
    return kind or EventKind(_origin(cls), named=False)
