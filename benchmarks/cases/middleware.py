"""One handler behind three middlewares that let everything pass."""

from __future__ import annotations

from typing import Any

from cases.events import EVENT, bus_with
from harness.case import Timed, Variant, limits
from harness.handlers import Kit
from harness.statement import Statement, timed


LAYERS = 3


def closures(kit: Kit, count: int) -> Statement:
    def wrap(call_next: Any) -> Any:
        def closure(event: Any) -> Any:
            return call_next(event)

        return closure

    (nested,) = kit.called(1)
    for _ in range(count):
        nested = wrap(nested)
    return timed("nested(event)", nested=nested, event=EVENT)


def async_closures(kit: Kit, count: int) -> Statement:
    def wrap(call_next: Any) -> Any:
        async def closure(event: Any) -> Any:
            return await call_next(event)

        return closure

    (nested,) = kit.awaited(1)
    for _ in range(count):
        nested = wrap(nested)
    return timed("await nested(event)", nested=nested, event=EVENT)


def passes() -> Any:
    def middleware(event):
        return event

    return middleware


def passes_async() -> Any:
    async def middleware(event):
        return event

    return middleware


def blocking(kit: Kit, count: int, correlation: bool) -> Statement:
    bus = bus_with(*kit.called(1), correlation=correlation)
    for _ in range(count):
        bus.add_middleware(passes())
    return timed("publish_sync(event)", publish_sync=bus.publish_sync, event=EVENT)


def awaited(kit: Kit, count: int, correlation: bool) -> Statement:
    bus = bus_with(*kit.awaited(1), correlation=correlation)
    for _ in range(count):
        bus.add_middleware(passes_async())
    return timed("await publish(event)", publish=bus.publish, event=EVENT)


VARIANTS = (Variant("3 middlewares, 1 handler", LAYERS, limits((2.2, 1.4))),)

CASES = (
    Timed(
        name="middleware",
        title="sync middleware, through `publish_sync`",
        baseline="three nested closures",
        variants=VARIANTS,
        raw=closures,
        own=blocking,
        peer=lambda peer, kit, count: peer.wrapped(kit, count),
    ),
    Timed(
        name="async-middleware",
        title="async middleware, through `await publish`",
        baseline="three nested async closures",
        variants=VARIANTS,
        raw=async_closures,
        own=awaited,
        peer=lambda peer, kit, count: peer.wrapped_async(kit, count),
    ),
)
