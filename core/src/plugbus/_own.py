"""Events that the bus and its plugins publish themselves, told apart from an application's of the same type."""

from __future__ import annotations

from typing import TypeVar

from plugbus.events import EventBase, record_of


__all__ = ("BUS", "own_event", "publisher_of")

# What `publisher_of` says of events that the bus raises.
BUS = "plugbus"

E = TypeVar("E", bound=EventBase)


def own_event(event: E, publisher: str) -> E:
    """
    Mark an event as published by a plugin, so that a plugin can tell it from an application's event of the same type.

    The mark stays in this process: copies that were encoded or pickled do not have it.

    Args:
        event: A typed or a generic event that has not been published yet.
        publisher: The plugin's name.

    Returns:
        The event.
    """
    record_of(event).publisher = publisher
    return event


def publisher_of(event: object) -> str | None:
    """Return the plugin that has marked an event as its own, `"plugbus"` for the bus, None for an application's."""
    record = getattr(event, "_plugbus_record", None) if isinstance(event, EventBase) else None
    publisher: str | None = getattr(record, "publisher", None)
    return publisher
