"""Sync handlers, published from sync and from async code."""

from __future__ import annotations

from cases.events import EVENT, bus_with
from harness.case import Timed, by_count
from harness.handlers import Kit
from harness.statement import Statement, timed


def loop(kit: Kit, count: int) -> Statement:
    handlers = tuple(kit.called(count))

    def raw(event):
        for handler in handlers:
            handler(event)

    return timed("raw(event)", raw=raw, event=EVENT)


def collecting(kit: Kit, count: int) -> Statement:
    handlers = tuple(kit.called(count, returns="1"))

    def raw(event):
        for handler in handlers:
            handler(event)

    return timed("raw(event)", raw=raw, event=EVENT)


def blocking(kit: Kit, count: int, correlation: bool) -> Statement:
    bus = bus_with(*kit.called(count), correlation=correlation)
    return timed("publish_sync(event)", publish_sync=bus.publish_sync, event=EVENT)


def awaited(kit: Kit, count: int, correlation: bool) -> Statement:
    bus = bus_with(*kit.called(count), correlation=correlation)
    return timed("await publish(event)", publish=bus.publish, event=EVENT)


def blocking_values(kit: Kit, count: int, correlation: bool) -> Statement:
    bus = bus_with(*kit.called(count, returns="1"), correlation=correlation)
    return timed("publish_sync(event)", publish_sync=bus.publish_sync, event=EVENT)


def awaited_values(kit: Kit, count: int, correlation: bool) -> Statement:
    bus = bus_with(*kit.called(count, returns="1"), correlation=correlation)
    return timed("await publish(event)", publish=bus.publish, event=EVENT)


RAW = "for handler in handlers: handler(event)"

CASES = (
    Timed(
        name="called-from-async",
        title="sync handlers through `await publish`",
        baseline=RAW,
        variants=by_count(
            {0: (3.6, 2.5), 1: (2.5, 1.8), 10: (1.25, 1.0), 100: (1.0, 0.72)}, correlated={10: (2.1, 1.3)}
        ),
        raw=loop,
        own=awaited,
        peer=lambda peer, kit, count: peer.called_from_async(kit, count),
    ),
    Timed(
        name="called",
        title="sync handlers through `publish_sync`",
        baseline=RAW,
        variants=by_count(
            {0: (2.5, 1.8), 1: (1.9, 1.5), 10: (1.15, 0.9), 100: (1.0, 0.72)}, correlated={10: (2.1, 1.3)}
        ),
        raw=loop,
        own=blocking,
        peer=lambda peer, kit, count: peer.called(kit, count),
    ),
    Timed(
        name="values-from-async",
        title="sync handlers that return values, through `await publish`",
        baseline=RAW,
        variants=by_count({10: (1.7, 1.3)}),
        raw=collecting,
        own=awaited_values,
        peer=lambda peer, kit, count: peer.values_from_async(kit, count),
    ),
    Timed(
        name="values",
        title="sync handlers that return values, through `publish_sync`",
        baseline=RAW,
        variants=by_count({10: (1.7, 1.3)}),
        raw=collecting,
        own=blocking_values,
        peer=lambda peer, kit, count: peer.values(kit, count),
    ),
)
