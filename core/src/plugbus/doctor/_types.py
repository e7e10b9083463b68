"""Which types of events are known, and where things were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from plugbus import _kinds
from plugbus._kinds import EventKind, kind_of
from plugbus._names import EventType
from plugbus.events import Event
from plugbus.handlers import Subscription


__all__ = ("Typed", "event_classes", "kinds_of", "named_kinds", "place_of", "theirs")

# A class of events and its type; `Event` with the name of a type for generic events.
Typed = tuple[type[Any], EventKind]


def event_classes() -> list[type[Any]]:
    """Return every class that stands for an event type, sorted by type and version."""
    return [cls for _, cls in sorted(_kinds._classes.items(), key=lambda item: item[0])]


def kinds_of(subscriptions: Iterable[Subscription]) -> Iterator[Typed]:
    """Go through all types that are known: by a class, as a standard one, or by a name that somebody listens to."""
    classes = event_classes()
    for cls in classes:
        yield cls, kind_of(cls)
    listened = {str(what) for one in subscriptions for what in one.what if isinstance(what, str) and "*" not in what}
    for name in sorted({*listened, *map(str, EventType)} - {kind_of(cls).type for cls in classes}):
        yield Event, EventKind(name)


def named_kinds(name: str) -> list[Typed]:
    """Return what stands for the name of a type: each version's class, else generic events."""
    found = [(cls, kind_of(cls)) for cls in event_classes() if kind_of(cls).type == name]
    return found or [(Event, EventKind(name))]


def theirs() -> list[type[Any]]:
    """Return the classes of events that are not plugbus's own."""
    return [cls for cls in event_classes() if cls.__module__.partition(".")[0] != "plugbus"]


def place_of(value: object) -> str:
    """Return where a handler or a class was written: its module and its name."""
    named: Any = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"
