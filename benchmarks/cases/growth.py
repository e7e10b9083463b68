"""What a publish costs when many event types are registered."""

from __future__ import annotations

from types import new_class
from typing import Any

import attrs

from harness.case import Setting, limits
from harness.handlers import Kit
from harness.outcome import OWN, Figure, Row, Table
from harness.rounds import Sample, take_turns
from harness.statement import Statement, timed
from peers import Cannot
from plugbus import EventBase, EventBus, event


FEW, MANY = 10, 10_000
# Making classes takes its time, and some peers need milliseconds for each.
MANY_QUICK = 1_000


def event_types(count: int, name: str = "type") -> list[type[EventBase]]:
    def fill(body: dict[str, Any]) -> None:
        body["__annotations__"] = {"number": int}

    return [
        event(f"benchmark.{name}_{number}.seen")(new_class(f"Seen{number}", (EventBase,), exec_body=fill))
        for number in range(count)
    ]


def own(kit: Kit, classes: list[type[EventBase]]) -> Statement:
    bus = EventBus(correlation=False)
    for cls, handler in zip(classes, kit.called(len(classes)), strict=True):
        bus.subscribe(cls, handler)
    given = classes[len(classes) // 2](number=1)
    return timed("publish_sync(event)", publish_sync=bus.publish_sync, event=given)


@attrs.frozen
class Growth:
    """The ratio of a publish among many types to one among few, each type with a handler of its own."""

    name: str = "growth"
    title: str = "growth from 10 event types to many, one handler each"

    def measure(self, setting: Setting) -> Table:
        """Time both, next to each other."""
        many = MANY_QUICK if setting.quick else MANY
        classes = event_types(many)
        groups = {OWN: [Sample(own(Kit(), classes[:count]), setting.loop) for count in (FEW, many)]}
        cannot: dict[str, str] = {}
        for peer in setting.peers:
            try:
                groups[peer.name] = [Sample(peer.growing(Kit(), count), setting.loop) for count in (FEW, many)]
            except Cannot as reason:
                cannot[peer.name] = str(reason)
        take_turns(groups.values(), setting.rounds, setting.sample)
        figures = {
            name: Figure(
                crowded.timing.least / alone.timing.least,
                crowded.timing.least / 1000,
                crowded.timing.median / 1000,
            )
            for name, (alone, crowded) in groups.items()
        }
        row = Row(f"{many:,} types", figures, limits=limits((1.05, 1.0)), cannot=cannot)
        return Table(self.name, self.title, "the same contender with 10 types", [row])


CASES = (Growth(),)
