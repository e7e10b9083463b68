"""bubus: the event bus of browser-use. An event can be dispatched once, so creating it is part of each figure."""

from __future__ import annotations

import os


# Read when it is imported: what it logs would be measured too.
os.environ.setdefault("BUBUS_LOGGING_LEVEL", "CRITICAL")

import warnings
from typing import Any

from bubus import BaseEvent, EventBus

from cases.events import ARGUMENTS
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Cannot, Peer


class Run(BaseEvent):
    number: int


class Placed(BaseEvent):
    order_id: int
    customer: str
    amount: float
    currency: str
    items: tuple[str, ...]


def bus_with(handlers: list[Any], cls: type[BaseEvent] = Run, *, parallel: bool = False) -> EventBus:
    bus = EventBus(parallel_handlers=parallel)
    with warnings.catch_warnings(action="ignore"):
        for handler in handlers:
            bus.on(cls, handler)
    return bus


class Bubus(Peer):
    name = "bubus"
    distribution = "bubus"
    module = "bubus"
    keeps = frozenset({"isolation", "result", "types", "both", "waits"})
    form = "await bus.dispatch(Run(number=1))"

    def called_from_async(self, kit: Kit, count: int) -> Statement:
        return self._dispatch(bus_with(kit.called(count)))

    def values(self, kit: Kit, count: int) -> Statement:
        raise Cannot("no publish from sync code")

    def values_from_async(self, kit: Kit, count: int) -> Statement:
        return self._dispatch(bus_with(kit.called(count, returns="1")))

    def awaited(self, kit: Kit, count: int) -> Statement:
        return self._dispatch(bus_with(kit.awaited(count)))

    def gathered(self, kit: Kit, count: int, *, suspends: bool = False) -> Statement:
        return self._dispatch(bus_with(kit.awaited(count, suspends=suspends), parallel=True))

    def mixed(self, kit: Kit, count: int) -> Statement:
        return self._dispatch(bus_with([*kit.called(count // 2), *kit.awaited(count // 2)]))

    def growing(self, kit: Kit, types: int) -> Statement:
        bus = EventBus()
        classes = [type(f"Run{number}", (BaseEvent,), {"__module__": __name__}) for number in range(types)]
        for cls, handler in zip(classes, kit.called(types), strict=True):
            bus.on(cls, handler)
        return timed("await dispatch(Run())", dispatch=bus.dispatch, Run=classes[types // 2])

    def created(self) -> Statement:
        return timed(f"Placed({ARGUMENTS})", Placed=Placed)

    @staticmethod
    def _dispatch(bus: EventBus) -> Statement:
        return timed("await dispatch(Run(number=1))", dispatch=bus.dispatch, Run=Run)

    def soon(self, kit: Kit, count: int) -> Statement:
        raise Cannot("refuses more than 100 events that wait")


PEER = Bubus()
