"""How many bytes events, subscriptions and event types take."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from cases.events import FIELDS, BenchmarkRun, OrderPlaced, Plain, bus_with
from cases.growth import event_types
from harness.case import Pair, Setting, limits
from harness.handlers import Kit
from harness.memory import bytes_each
from harness.outcome import OWN, Figure, Row, Table
from peers import Cannot, Peer
from plugbus import EventBus


EVENTS, SUBSCRIPTIONS, TYPES = 5_000, 2_000, 250


def per_event() -> float:
    return bytes_each(lambda _: OrderPlaced(**FIELDS), EVENTS)


def per_subscription() -> float:
    bus = bus_with(correlation=True)
    handlers = Kit().called(SUBSCRIPTIONS + 1)
    return bytes_each(lambda number: bus.subscribe(BenchmarkRun, handlers[number]), SUBSCRIPTIONS)


def per_type() -> float:
    return bytes_each(lambda number: event_types(1, f"memory_{number}"), TYPES)


def per_plan() -> float:
    classes = event_types(TYPES + 1, "plan")
    handlers = Kit().called(TYPES + 1)
    bus = EventBus()
    for cls, handler in zip(classes, handlers, strict=True):
        bus.subscribe(cls, handler)
    return bytes_each(lambda number: bus.publish_sync(classes[number](number=1)) and None, TYPES)


def event_of(peer: Peer) -> float:
    statement = peer.created()
    make = eval(f"lambda _: {statement.text}", dict(statement.names))  # noqa: S307  (written in this folder)
    return bytes_each(make, EVENTS // 5)


def subscription_of(peer: Peer) -> float:
    desk = peer.desk()
    handlers = Kit().called(SUBSCRIPTIONS + 1, desk.signature)
    return bytes_each(lambda number: desk.add(handlers[number]), SUBSCRIPTIONS)


@attrs.frozen
class Memory:
    """Measured by tracemalloc; what fields refer to is shared and does not count."""

    name: str = "memory"
    title: str = "bytes that are kept"

    def measure(self, setting: Setting) -> Table:
        """Measure it."""
        plain = bytes_each(lambda _: Plain(**FIELDS), EVENTS)
        return Table(
            self.name,
            self.title,
            f"bytes; for comparison, an object of a plain class with 5 fields takes {plain:.0f}",
            [
                self._row(setting, "an event of 5 fields", per_event, event_of, (160, 132)),
                self._row(setting, "a subscription", per_subscription, subscription_of, (400, 250)),
                self._row(setting, "an event type: its class, of one field", per_type),
                self._row(setting, "an event type: its compiled plan, one handler", per_plan),
            ],
        )

    @staticmethod
    def _row(
        setting: Setting,
        label: str,
        own: Callable[[], float],
        other: Callable[[Peer], float] | None = None,
        wanted: Pair | None = None,
    ) -> Row:
        figures, cannot = {OWN: Figure(own())}, {}
        for peer in setting.peers if other is not None else ():
            try:
                figures[peer.name] = Figure(other(peer))
            except Cannot as reason:
                cannot[peer.name] = str(reason)
        return Row(label, figures, limits=limits(wanted), cannot=cannot, unit="bytes")


CASES = (Memory(),)
