"""Async handlers: one, in sequence, side by side, and mixed with sync ones."""

from __future__ import annotations

import asyncio
import sys

from cases.events import EVENT, bus_with
from harness.case import Timed, by_count
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers import Cannot, Peer


# With eager tasks, side by side costs a fraction of what it does without.
EAGER = sys.version_info >= (3, 12)


def alone(kit: Kit, count: int) -> Statement:
    (handler,) = kit.awaited(count)
    return timed("await handler(event)", handler=handler, event=EVENT)


def in_turn(kit: Kit, count: int) -> Statement:
    handlers = tuple(kit.awaited(count))

    async def raw(event):
        for handler in handlers:
            await handler(event)

    return timed("await raw(event)", raw=raw, event=EVENT)


def mixed_in_turn(kit: Kit, count: int) -> Statement:
    called, handlers = tuple(kit.called(count // 2)), tuple(kit.awaited(count // 2))

    async def raw(event):
        for handler in called:
            handler(event)
        for handler in handlers:
            await handler(event)

    return timed("await raw(event)", raw=raw, event=EVENT)


def gathered(kit: Kit, count: int, *, suspends: bool = False) -> Statement:
    handlers = tuple(kit.awaited(count, suspends=suspends))
    gather = asyncio.gather

    async def raw(event):
        await gather(*[handler(event) for handler in handlers])

    return timed("await raw(event)", raw=raw, event=EVENT)


def suspending(kit: Kit, count: int) -> Statement:
    return gathered(kit, count, suspends=True)


def side_by_side(kit: Kit, count: int, correlation: bool, *, suspends: bool = False) -> Statement:
    bus = bus_with(*kit.awaited(count, suspends=suspends), correlation=correlation)
    return timed("await publish(event)", publish=bus.publish, event=EVENT)


def side_by_side_suspending(kit: Kit, count: int, correlation: bool) -> Statement:
    return side_by_side(kit, count, correlation, suspends=True)


def sequential(kit: Kit, count: int, correlation: bool) -> Statement:
    bus = bus_with(*kit.awaited(count), correlation=correlation, sequential=True)
    return timed("await publish(event)", publish=bus.publish, event=EVENT)


def mixed(kit: Kit, count: int, correlation: bool) -> Statement:
    handlers = (*kit.called(count // 2), *kit.awaited(count // 2))
    bus = bus_with(*handlers, correlation=correlation, sequential=True)
    return timed("await publish(event)", publish=bus.publish, event=EVENT)


def either(peer: Peer, kit: Kit, count: int) -> Statement:
    """One handler is awaited in either way."""
    try:
        return peer.awaited(kit, count)
    except Cannot:
        return peer.gathered(kit, count)


GATHER = "await asyncio.gather(*[handler(event) for handler in handlers])"
SEQUENCE = "for handler in handlers: await handler(event)"

CASES = (
    Timed(
        name="one-async",
        title="one async handler that does not suspend",
        baseline="await handler(event)",
        variants=by_count({1: (2.6, 1.9)}),
        raw=alone,
        own=side_by_side,
        peer=either,
    ),
    Timed(
        name="sequential",
        title="async handlers that do not suspend, in sequence",
        baseline=SEQUENCE,
        variants=by_count({10: (1.1, 0.95), 100: (1.0, 0.85)}),
        raw=in_turn,
        own=sequential,
        peer=lambda peer, kit, count: peer.awaited(kit, count),
    ),
    Timed(
        name="concurrent",
        title="async handlers that do not suspend, side by side",
        baseline=GATHER,
        variants=by_count({10: (0.22, 0.12) if EAGER else (0.60, 0.50), 100: None}),
        raw=gathered,
        own=side_by_side,
        peer=lambda peer, kit, count: peer.gathered(kit, count),
    ),
    Timed(
        name="suspending",
        title="async handlers that suspend once, side by side",
        baseline=GATHER,
        variants=by_count({10: (0.70, 0.45), 100: (0.70, 0.45)}),
        raw=suspending,
        own=side_by_side_suspending,
        peer=lambda peer, kit, count: peer.gathered(kit, count, suspends=True),
    ),
    Timed(
        name="mixed",
        title="half sync, half async handlers, in sequence",
        baseline="a loop of calls, then " + SEQUENCE,
        variants=by_count({10: (1.2, 0.9)}),
        raw=mixed_in_turn,
        own=mixed,
        peer=lambda peer, kit, count: peer.mixed(kit, count),
    ),
)
