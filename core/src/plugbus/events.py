"""
Events: immutable objects saying that something happened.

Three ways in, one dispatch: a class made by `@event`, the generic `Event`, or any object of yours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time_ns
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform

import attrs

from plugbus import _envelope
from plugbus._default import slot
from plugbus._envelope import Envelope, Record, Scope, current
from plugbus._kinds import (
    SECRET,
    SECRET_KEY,
    EventKind,
    construct,
    define,
    forbid_instances,
    kind_of,
    known_event_types,
    refuse_init,
)
from plugbus._names import EventType, check_event_type, check_version
from plugbus.errors import DefinitionError, NoEnvelope


if TYPE_CHECKING:
    from datetime import datetime

    from plugbus._tasks import PublishHandle
    from plugbus.result import PublishResult

__all__ = (
    "Event",
    "EventBase",
    "EventType",
    "claim_source",
    "envelope",
    "event",
    "event_type_of",
    "foreign_record",
    "known_event_types",
    "record_of",
    "restore_record",
    "secret",
)

E = TypeVar("E", bound="EventBase")


def secret(
    *,
    default: Any = attrs.NOTHING,
    factory: Callable[[], Any] | None = None,
    validator: Any = None,
    converter: Any = None,
    kw_only: bool = True,
) -> Any:
    """
    Declare a field of an event whose value is masked in `repr`, `to_dict`, logs and the audit trail.

    Args:
        default: The value if none is given.
        factory: Makes the value if none is given.
        validator: As in `attrs.field`.
        converter: As in `attrs.field`.
        kw_only: As in `attrs.field`; events take keywords only.
    """
    return attrs.field(
        default=default,
        factory=factory,
        validator=validator,
        converter=converter,
        kw_only=kw_only,
        repr=_masked,
        metadata={SECRET_KEY: True},
    )


def _masked(_: object) -> str:
    return repr(SECRET)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(attrs.field, secret))
class EventBase:
    """
    The base of typed events. Derive from it and decorate with `@event`.

    A subclass without `@event` is a base for others, and its fields are inherited.
    """

    __slots__ = ("__weakref__", "_plugbus_record", "_plugbus_source", "_plugbus_time")

    if TYPE_CHECKING:
        __attrs_attrs__: ClassVar[Any]  # what attrs.fields and attrs.asdict ask for
    else:
        __init__ = refuse_init

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # attrs makes a second, slotted class; that one passes, as does one that has its kind already.
        if not {"__attrs_attrs__", "__event_kind__"} & cls.__dict__.keys():
            forbid_instances(cls)

    def __attrs_pre_init__(self) -> None:
        _set_time(self, time_ns())

    @property
    def envelope(self) -> Envelope:
        """What is known about this event: id, time, source, correlation."""
        return envelope(self)

    def publish(self) -> PublishResult | PublishHandle:
        """
        Publish on the default bus: `publish_sync` without a running loop in this thread, `publish_soon` inside one.

        Returns:
            The result, or inside a loop a handle that can be awaited for it.
        """
        return slot.default_bus()._publish_here(self)

    def replace(self, **changes: Any) -> Self:
        """Return this event with some fields changed. The envelope, its id included, is kept."""
        cls: Any = type(self)
        known = {field.alias: getattr(self, field.name) for field in attrs.fields(cls) if field.init}
        clone: Self = construct(cls, {**known, **changes})
        _adopt(clone, self)
        return clone

    def to_dict(self) -> dict[str, Any]:
        """Return envelope and data as plain values: times in ISO 8601, secrets masked."""
        from plugbus._plain import describe, mask, plain_fields

        return describe(self.envelope, plain_fields(self, hide=mask))

    def __record__(self) -> Record:
        return record_of(self)

    def __getstate__(self) -> dict[str, Any]:
        cls: Any = type(self)
        values = {field.name: getattr(self, field.name) for field in attrs.fields(cls)}
        return {"values": values, "extra": getattr(self, "__dict__", None), "record": _state_of(self)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        for name, value in {**(state["extra"] or {}), **state["values"]}.items():
            object.__setattr__(self, name, value)
        restore_record(self, **state["record"])


# The envelope's slots lie outside of attrs' fields and are filled through their descriptors: attrs would show them
# in fields(), eq and evolve, and its frozen __setattr__ would cost a call each.
_set_time = EventBase._plugbus_time.__set__  # type: ignore[attr-defined]
_set_record = EventBase._plugbus_record.__set__  # type: ignore[attr-defined]
_set_source = EventBase._plugbus_source.__set__  # type: ignore[attr-defined]


def claim_source(event: EventBase, source: str) -> None:
    """Put a bus's source on an event, unless another bus was first."""
    if getattr(event, "_plugbus_source", None) is None:
        _set_source(event, source)


def event(name: str, version: int = 1, *, sequential: bool = False) -> Callable[[type[E]], type[E]]:
    """
    Make a subclass of `EventBase` an event type: frozen, keyword-only, slotted.

    Args:
        name: The event type, `entity.action` in the past tense.
        version: The version of its fields, from 1.
        sequential: Await the asynchronous handlers of this type one by one.

    Raises:
        InvalidEventType: If the name is no event type.
        DuplicateEventType: If another class claims the same type and version.
        DefinitionError: If the class is no `EventBase`, or a field has a reserved name.
    """
    kind = EventKind(check_event_type(name), check_version(name, version), sequential)

    def decorate(cls: type[E]) -> type[E]:
        return define(cls, EventBase, kind)

    return decorate


@attrs.frozen(kw_only=True, init=False, getstate_setstate=False)
class Event(EventBase):
    """
    A generic event: a type and a payload, for those that have no class of their own.

    Args:
        type: An `EventType`, or any `entity.action` name.
        payload: The data; kept as a read-only mapping.
        source: Who raised it.
        correlation_id: What it belongs to; follows from the context if not given.

    Raises:
        InvalidEventType: If the type is no `entity.action` name.
        DefinitionError: If the payload is no mapping with string keys, or an id or source is no string or empty.
    """

    __event_kind__ = EventKind("plugbus.events.Event", named=False)

    type: str
    payload: Mapping[str, Any] = attrs.field(hash=False, repr=lambda payload: repr(dict(payload)))

    def __init__(
        self,
        *,
        type: str,
        payload: Mapping[str, Any] | None = None,
        source: str | None = None,
        correlation_id: str | None = None,
    ) -> None:
        _init_event(self, check_event_type(type), payload)
        if source is not None or correlation_id is not None:
            _check_text(source=source, correlation_id=correlation_id)
            restore_record(self, source=source, correlation_id=correlation_id)

    def __init_subclass__(cls) -> None:
        raise DefinitionError(
            f"{cls.__qualname__}: Event has no subclasses; derive from EventBase and put @event on it"
        )

    @classmethod
    def from_outside(cls, type: str, payload: Mapping[str, Any] | None) -> Self:
        """Return an event whose type may be any CloudEvents string, since others chose it."""
        made = cls.__new__(cls)
        _init_event(made, type, payload)
        return made

    def __payload__(self) -> Mapping[str, Any]:
        return self.payload

    @property
    def id(self) -> str:
        """The event's id, a UUID."""
        return record_of(self).id

    @property
    def timestamp(self) -> datetime:
        """When the event was created, UTC."""
        return envelope(self).timestamp

    @property
    def source(self) -> str | None:
        """Who raised it."""
        return envelope(self).source

    @property
    def correlation_id(self) -> str:
        """What it belongs to; a root's is its own id."""
        return record_of(self).correlation_id

    def replace(self, **changes: Any) -> Self:
        """
        Return this event with `type`, `payload`, `source` or `correlation_id` changed. Its id and time are kept.

        Raises:
            TypeError: If another name is given.
            DefinitionError: If a value is one that an `Event` does not take.
        """
        unknown = changes.keys() - {"type", "payload", "source", "correlation_id"}
        if unknown:
            raise TypeError(f"an Event has type, payload, source and correlation_id to replace, not {min(unknown)!r}")
        clone = type(self).__new__(type(self))
        name = check_event_type(changes["type"]) if "type" in changes else self.type
        _init_event(clone, name, changes.get("payload", self.payload))
        own = {what: changes[what] for what in ("source", "correlation_id") if what in changes}
        _check_text(**own)
        restore_record(clone, **(_state_of(self) | own))
        return clone

    def __getstate__(self) -> dict[str, Any]:
        values = {"type": self.type, "payload": dict(self.payload)}
        return {"values": values, "extra": None, "record": _state_of(self)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        values = {**state["values"], "payload": MappingProxyType(state["values"]["payload"])}
        super().__setstate__({**state, "values": values})


def _init_event(made: Event, type: str, payload: Mapping[str, Any] | None) -> None:
    if payload is None:
        payload = {}
    elif not isinstance(payload, Mapping):
        raise DefinitionError(f"the payload of {type!r} is a mapping such as {{'user_id': 1}}, got {_kind(payload)}")
    elif not all(isinstance(key, str) for key in payload):
        raise DefinitionError(f"the payload of {type!r} has keys that are no strings")
    made.__attrs_init__(type=type, payload=MappingProxyType(dict(payload)))


def _kind(value: object) -> str:
    return type(value).__name__


def _check_text(**values: object) -> None:
    for name, value in values.items():
        if value is not None and not (isinstance(value, str) and value):
            raise DefinitionError(f"the {name} of an event is a string that is not empty, got {value!r}")


def record_of(event: EventBase) -> Record:
    """Return the record behind an event's envelope; the first who asks makes it."""
    try:
        record: Record = event._plugbus_record  # type: ignore[attr-defined]
    except AttributeError:
        with _envelope.lock.held:
            try:
                record = event._plugbus_record  # type: ignore[attr-defined]
            except AttributeError:
                record = _fresh_record(event)
                _set_record(event, record)
    return record


def _fresh_record(event: EventBase) -> Record:
    kind = kind_of(type(event))
    name = event.type if isinstance(event, Event) else kind.type
    return Record(name, kind.version, event._plugbus_time)  # type: ignore[attr-defined]


def restore_record(event: EventBase, **known: Any) -> None:
    """Give an event the envelope that it had elsewhere: what `Record` takes, None for what is not known."""
    given = {name: value for name, value in known.items() if value is not None}
    if "time" in given:
        _set_time(event, given["time"])
    fresh = _fresh_record(event)
    facts: dict[str, Any] = {"version": fresh.version, "time": fresh.time, **given}
    _set_record(event, Record(fresh.type, **facts))


def _state_of(event: EventBase) -> dict[str, Any]:
    return record_of(event).state(getattr(event, "_plugbus_source", None))


def _adopt(clone: EventBase, original: EventBase) -> None:
    record = record_of(original)
    _set_time(clone, record.time)
    _set_record(clone, record)
    source = getattr(original, "_plugbus_source", None)
    if source is not None:
        _set_source(clone, source)


def envelope(event: object) -> Envelope:
    """
    Return what is known about an event of any kind.

    An object of yours that is no `EventBase` has an envelope as long as it is being published.

    Raises:
        NoEnvelope: If such an object is not being published in this context.
    """
    if isinstance(event, EventBase):
        return record_of(event).envelope(getattr(event, "_plugbus_source", None))
    record = foreign_record(event)
    if record is None:
        raise NoEnvelope(
            f"this {type(event).__name__} is not being published here; objects that do not derive from EventBase have "
            f"an envelope only inside their handlers"
        )
    return record.envelope()


def event_type_of(cls: type) -> str:
    """Return the event type of a class of events; a foreign class without one goes by its own name."""
    return kind_of(cls).type


def foreign_record(event: object) -> Record | None:
    """Return the record of a foreign object that is being published in this context."""
    handled = current.get()
    record = _envelope.as_parent(handled) if handled is not None else None
    while record is not None:
        if isinstance(record, Scope):
            record = record.cause
        elif record.subject is event:
            return record
        else:
            record = record.cause
    return None
