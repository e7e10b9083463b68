"""Events to try a plugin with: one of each kind, those of its author, and made-up ones for what it listens to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from plugbus._kinds import EventKind, kind_of
from plugbus._names import EVERYTHING
from plugbus.bus import EventBus
from plugbus.errors import InvalidEventType, Refusal
from plugbus.events import Event, EventBase, event
from plugbus.handlers import Subscription
from plugbus.result import PublishResult
from plugbus.testing._building import Built


__all__ = ("every_kind", "made_up", "publish_all", "reaches", "samples_of", "unreached")


@event("contract.sampled")
class ContractSampled(EventBase):
    """A typed event that no plugin knows."""

    number: int = 1


@dataclass(frozen=True)
class Sampled:
    """A foreign event: an object of a class that has nothing to do with plugbus."""

    number: int = 1


def every_kind() -> list[object]:
    """Make one event of each of the three kinds."""
    return [Event(type="contract.probed", payload={"number": 1}), ContractSampled(), Sampled()]


def samples_of(built: Built, given: Sequence[object]) -> list[object]:
    """Return events of every kind, those that are given, and made-up ones for handlers that none of these reaches."""
    events = [*every_kind(), *given]
    return [*events, *made_up(unreached(built, events))]


def unreached(built: Built, events: Iterable[object]) -> list[Subscription]:
    """Return the plugin's subscriptions that none of the events reaches."""
    events = list(events)
    return [
        subscription
        for subscription in built.bus.subscriptions()
        if subscription.plugin == built.name and not any(reaches(one, subscription) for one in events)
    ]


def reaches(one: object, subscription: Subscription) -> bool:
    """Tell whether a handler listens to an event, whatever its `when` says."""
    kind = EventKind(one.type) if isinstance(one, Event) else kind_of(type(one))
    return subscription.matches(type(one), kind)


def made_up(subscriptions: Iterable[Subscription]) -> list[object]:
    """Make generic events, without data, of types that these subscriptions listen to."""
    patterns = {what for subscription in subscriptions for what in subscription.what if isinstance(what, str)}
    made: list[object] = []
    for pattern in sorted(patterns - {EVERYTHING}):
        name = ".".join("probed" if segment == EVERYTHING else segment for segment in pattern.split("."))
        with suppress(InvalidEventType):  # a type that only events from outside have
            made.append(Event(type=name))
    return made


async def publish_all(bus: EventBus, events: Iterable[object]) -> list[tuple[object, PublishResult | None]]:
    """Publish events; return each with its result, None for one that was refused."""
    return [(one, await _publish(bus, one)) for one in events]


async def _publish(bus: EventBus, one: object) -> PublishResult | None:
    try:
        return await bus.publish(one)
    except Refusal:
        return None
