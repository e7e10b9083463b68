"""Many events at once, and events that nobody waits for."""

from __future__ import annotations

import asyncio

from cases.events import BenchmarkRun, bus_with
from harness.case import Timed, Variant, limits
from harness.handlers import Kit
from harness.statement import Statement, timed


def events(count: int) -> list[BenchmarkRun]:
    return [BenchmarkRun(number=number) for number in range(count)]


def loop(kit: Kit, count: int) -> Statement:
    (handler,) = kit.called(1)

    def raw(events):
        for event in events:
            handler(event)

    return timed("raw(given)", raw=raw, given=events(count))


def many(kit: Kit, count: int, correlation: bool) -> Statement:
    bus = bus_with(*kit.called(1), correlation=correlation)
    return timed("await publish_many(given)", publish_many=bus.publish_many, given=events(count))


def create_tasks(kit: Kit, count: int) -> Statement:
    (handler,) = kit.awaited(1)
    text = """\
tasks = [create_task(handler(event)) for event in given]
for task in tasks: await task"""
    return per_event(text, count, create_task=asyncio.create_task, handler=handler)


def per_event(text: str, count: int, **names: object) -> Statement:
    return Statement(text, {"given": events(count), **names}, count)


def soon(kit: Kit, count: int, correlation: bool) -> Statement:
    bus = bus_with(*kit.awaited(1), correlation=correlation)
    text = """\
handles = [publish_soon(event) for event in given]
for handle in handles: await handle"""
    return per_event(text, count, publish_soon=bus.publish_soon)


CASES = (
    Timed(
        name="many",
        title="`publish_many` to one sync handler",
        baseline="for event in events: handler(event)",
        variants=(Variant("100 events", 100, limits((2.3, 1.3))),),
        raw=loop,
        own=many,
    ),
    Timed(
        name="soon",
        title="`publish_soon` to one async handler, per event, until it has ended",
        baseline="asyncio.create_task(handler(event)), and later await it",
        variants=(Variant("100 events", 100, limits((1.6, 1.1))),),
        raw=create_tasks,
        own=soon,
        peer=lambda peer, kit, count: peer.soon(kit, count),
    ),
)
