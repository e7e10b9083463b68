"""Finding events among those that were published."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from plugbus._kinds import kind_of
from plugbus._names import EVERYTHING, parse_pattern
from plugbus.events import Event
from plugbus.handlers import What


__all__ = ("assert_among", "select")

_ABSENT = object()


def select(events: Iterable[Any], what: What, fields: dict[str, Any]) -> list[Any]:
    """Return the events of a class or pattern whose fields, or keys of the payload, have these values."""
    return [event for event in events if _is(event, what) and _has(event, fields)]


def assert_among(events: Iterable[Any], what: What, fields: dict[str, Any]) -> Any:
    """Return the first such event; if there is none, raise an AssertionError that lists what there is."""
    events = list(events)
    found = select(events, what, fields)
    if found:
        return found[0]
    wanted = what if isinstance(what, str) else what.__name__
    given = ", ".join(f"{name}={value!r}" for name, value in fields.items())
    published = "\n".join(f"  {event!r}" for event in events) or "  nothing"
    raise AssertionError(f"no {wanted}({given}) was published; published were:\n{published}")


def _is(event: Any, what: What) -> bool:
    if isinstance(what, type):
        return isinstance(event, what)
    pattern = parse_pattern(what)
    kind = kind_of(type(event))
    if isinstance(event, Event):
        return pattern.matches(event.type)
    return pattern.matches(kind.type) if kind.named else pattern.text == EVERYTHING


def _has(event: Any, fields: dict[str, Any]) -> bool:
    for name, value in fields.items():
        payload = event.payload if isinstance(event, Event) else {}
        found = payload[name] if name in payload else getattr(event, name, _ABSENT)
        if found is _ABSENT or found != value:
            return False
    return True
