"""abxbus: the successor of bubus. An event can be emitted once, so creating it is part of each figure."""

from __future__ import annotations

from typing import Any

from abxbus import BaseEvent, EventBus
from abxbus.middlewares import EventBusMiddleware

from cases.events import ARGUMENTS
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Cannot, Desk, Peer


class Run(BaseEvent):
    number: int


class Placed(BaseEvent):
    order_id: int
    customer: str
    amount: float
    currency: str
    items: tuple[str, ...]


def bus_with(handlers: list[Any], **settings: Any) -> EventBus:
    bus = EventBus(warn_on_duplicate_handler_names=False, max_history_drop=True, **settings)
    for handler in handlers:
        bus.on(Run, handler)
    return bus


class Abxbus(Peer):
    name = "abxbus"
    distribution = "abxbus"
    module = "abxbus"
    keeps = frozenset({"isolation", "result", "types", "both", "waits"})
    form = "await bus.emit(Run(number=1)).now()"

    def called_from_async(self, kit: Kit, count: int) -> Statement:
        return self._emit(bus_with(kit.called(count)))

    def values(self, kit: Kit, count: int) -> Statement:
        raise Cannot("no publish from sync code")

    def values_from_async(self, kit: Kit, count: int) -> Statement:
        return self._emit(bus_with(kit.called(count, returns="1")))

    def awaited(self, kit: Kit, count: int) -> Statement:
        return self._emit(bus_with(kit.awaited(count)))

    def gathered(self, kit: Kit, count: int, *, suspends: bool = False) -> Statement:
        return self._emit(bus_with(kit.awaited(count, suspends=suspends), event_handler_concurrency="parallel"))

    def mixed(self, kit: Kit, count: int) -> Statement:
        return self._emit(bus_with([*kit.called(count // 2), *kit.awaited(count // 2)]))

    def wrapped_async(self, kit: Kit, count: int) -> Statement:
        middlewares = [type(f"Passes{number}", (EventBusMiddleware,), {})() for number in range(count)]
        return self._emit(bus_with(kit.awaited(1), middlewares=middlewares))

    def growing(self, kit: Kit, types: int) -> Statement:
        bus = bus_with([])
        classes = [type(f"Run{number}", (BaseEvent,), {"__module__": __name__}) for number in range(types)]
        for cls, handler in zip(classes, kit.called(types), strict=True):
            bus.on(cls, handler)
        return timed("await emit(Run()).now()", emit=bus.emit, Run=classes[types // 2])

    def created(self) -> Statement:
        return timed(f"Placed({ARGUMENTS})", Placed=Placed)

    def desk(self) -> Desk:
        bus = bus_with([])
        return Desk(lambda handler: bus.on(Run, handler), lambda entry: bus.off(Run, entry))

    @staticmethod
    def _emit(bus: EventBus) -> Statement:
        return timed("await emit(Run(number=1)).now()", emit=bus.emit, Run=Run)


PEER = Abxbus()
