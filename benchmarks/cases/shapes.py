"""
The shapes of a publish whose instructions are counted.

A shape is a bus that is ready and the statement of one publish. Those of `ELSEWHERE` have a feature in use by another
event type, and so must cost what `PLAIN` costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from cases.events import EVENT, BenchmarkRun, bus_with
from cases.middleware import passes, passes_async
from harness.handlers import Kit
from harness.instructions import count
from plugbus import EventBase, EventBus, Retry, event
from plugbus.middleware import Monitor


@event("benchmark.other.run")
class OtherRun(EventBase):
    number: int


Shape = Callable[[], EventBus]
Verb = Callable[[EventBus], Coroutine[Any, Any, None]]

KIT = Kit()
PLAIN = "publish_sync, 1 sync"


def plain(*handlers: Any, sequential: bool = False, correlation: bool = False) -> EventBus:
    return bus_with(*handlers, sequential=sequential, correlation=correlation)


def behind(handlers: list[Any], *middleware: Any) -> EventBus:
    bus = plain(*handlers)
    for one in middleware:
        bus.add_middleware(one)
    return bus


class Hears(Monitor):
    def published(self, event: Any, result: Any) -> None:
        """Hear of it."""


def monitored() -> EventBus:
    bus = plain(*KIT.called(1))
    bus.add_monitor(Hears())
    return bus


def intercepted() -> EventBus:
    bus = plain(*KIT.called(1))
    bus.add_interceptor(lambda event, call_next: call_next(event))
    return bus


def with_options(**options: Any) -> EventBus:
    bus = plain()
    bus.subscribe(BenchmarkRun, *KIT.called(1), **options)
    return bus


def elsewhere(handler: Any, **options: Any) -> EventBus:
    bus = plain(*KIT.called(1))
    bus.subscribe(OtherRun, handler, **options)
    return bus


def middleware_elsewhere() -> EventBus:
    class OfTheOther:
        def for_type(self, event_type: str) -> Any:
            return passes() if event_type == "benchmark.other.run" else None

        def __call__(self, event: Any) -> Any:
            return event

    return behind(KIT.called(1), OfTheOther())


SYNC: dict[str, Shape] = {
    "publish_sync, 0": plain,
    PLAIN: lambda: plain(*KIT.called(1)),
    "publish_sync, 10 sync": lambda: plain(*KIT.called(10)),
    "publish_sync, 100 sync": lambda: plain(*KIT.called(100)),
    "publish_sync, 1 sync, value": lambda: plain(*KIT.called(1, returns="1")),
    "publish_sync, 10 sync, values": lambda: plain(*KIT.called(10, returns="1")),
    "publish_sync, 1 sync, correlated": lambda: plain(*KIT.called(1), correlation=True),
    "publish_sync, 10 sync, correlated": lambda: plain(*KIT.called(10), correlation=True),
    "publish_sync, 1 sync, 1 middleware": lambda: behind(KIT.called(1), passes()),
    "publish_sync, 1 sync, 3 middlewares": lambda: behind(KIT.called(1), passes(), passes(), passes()),
    "publish_sync, 1 sync, monitor": monitored,
    "publish_sync, 1 sync, when": lambda: with_options(when=bool),
    "publish_sync, 1 sync, retry": lambda: with_options(retry=Retry()),
    "publish_sync, 1 sync, interceptor": intercepted,
}
ASYNC: dict[str, Shape] = {
    "0": plain,
    "1 sync": lambda: plain(*KIT.called(1)),
    "10 sync": lambda: plain(*KIT.called(10)),
    "1 sync, correlated": lambda: plain(*KIT.called(1), correlation=True),
    "1 async": lambda: plain(*KIT.awaited(1)),
    "10 async": lambda: plain(*KIT.awaited(10)),
    "10 async, suspending": lambda: plain(*KIT.awaited(10, suspends=True)),
    "10 async, sequential": lambda: plain(*KIT.awaited(10), sequential=True),
    "5 sync + 5 async, sequential": lambda: plain(*KIT.called(5), *KIT.awaited(5), sequential=True),
    "1 async, 3 async middlewares": lambda: behind(KIT.awaited(1), passes_async(), passes_async(), passes_async()),
}
ONE_HANDLER: dict[str, Shape] = {
    "1 sync": lambda: plain(*KIT.called(1)),
    "1 async": lambda: plain(*KIT.awaited(1)),
}
ELSEWHERE: dict[str, Shape] = {
    "timeout": lambda: elsewhere(*KIT.awaited(1), timeout=5),
    "retry": lambda: elsewhere(*KIT.called(1), retry=Retry()),
    "when": lambda: elsewhere(*KIT.called(1), when=bool),
    "once": lambda: elsewhere(*KIT.called(1), once=True),
    "first": lambda: elsewhere(*KIT.called(1), first=True),
    "in_thread": lambda: elsewhere(*KIT.called(1), in_thread=True),
    "loop": lambda: elsewhere(*KIT.awaited(1), loop="bus"),
    "async handler": lambda: elsewhere(*KIT.awaited(1)),
    "middleware": middleware_elsewhere,
}


async def one(bus: EventBus) -> None:
    """Publish by `publish`."""
    await bus.publish(EVENT)


async def ten(bus: EventBus) -> None:
    """Publish by `publish_many`."""
    await bus.publish_many([EVENT] * 10)


async def soon(bus: EventBus) -> None:
    """Publish by `publish_soon`."""
    await bus.publish_soon(EVENT)


def instructions(shape: Shape, verb: Verb | None = None) -> int:
    """Count those of one publish, by `publish_sync` or by a verb that is awaited, after others compiled the plan."""
    bus = shape()
    try:
        if verb is None:
            publish = partial(bus.publish_sync, EVENT)
            for _ in range(2):
                publish()
            return count(publish)
        with asyncio.Runner() as runner:
            for _ in range(2):
                runner.run(verb(bus))
            return count(lambda: runner.run(verb(bus)))
    finally:
        bus.stop_sync()


def all_instructions() -> dict[str, int]:
    """Count all shapes but those of `ELSEWHERE`."""
    return {
        **{name: instructions(shape) for name, shape in SYNC.items()},
        **{f"publish, {name}": instructions(shape, one) for name, shape in ASYNC.items()},
        **{f"publish_many of 10, {name}": instructions(shape, ten) for name, shape in ONE_HANDLER.items()},
        **{f"publish_soon, {name}": instructions(shape, soon) for name, shape in ONE_HANDLER.items()},
    }
