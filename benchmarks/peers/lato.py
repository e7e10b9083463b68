"""lato: an application kit with commands, queries and events."""

from __future__ import annotations

from typing import Any

from lato import Application, Event

from cases.events import ARGUMENTS, FIELDS
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Peer


class Run(Event):
    number: int


class Placed(Event):
    order_id: int
    customer: str
    amount: float
    currency: str
    items: tuple[str, ...]


def application(handlers: list[Any]) -> Application:
    made = Application("benchmark")
    for handler in handlers:
        made.handler(Run)(handler)
    return made


class Lato(Peer):
    name = "lato"
    distribution = "lato"
    module = "lato"
    keeps = frozenset({"result", "types", "both", "waits", "middleware"})
    form = "application.publish(event), await application.publish_async(event)"

    def called(self, kit: Kit, count: int) -> Statement:
        return self._publish(application(kit.called(count)))

    def values(self, kit: Kit, count: int) -> Statement:
        return self._publish(application(kit.called(count, returns="1")))

    def called_from_async(self, kit: Kit, count: int) -> Statement:
        return self._publish_async(application(kit.called(count)))

    def values_from_async(self, kit: Kit, count: int) -> Statement:
        return self._publish_async(application(kit.called(count, returns="1")))

    def awaited(self, kit: Kit, count: int) -> Statement:
        return self._publish_async(application(kit.awaited(count)))

    def mixed(self, kit: Kit, count: int) -> Statement:
        return self._publish_async(application([*kit.called(count // 2), *kit.awaited(count // 2)]))

    def wrapped(self, kit: Kit, count: int) -> Statement:
        made = application(kit.called(1))
        for _ in range(count):

            @made.transaction_middleware
            def middleware(context, call_next):
                return call_next()

        return self._publish(made)

    def wrapped_async(self, kit: Kit, count: int) -> Statement:
        made = application(kit.awaited(1))
        for _ in range(count):

            @made.transaction_middleware
            async def middleware(context, call_next):
                return await call_next()

        return self._publish_async(made)

    def growing(self, kit: Kit, types: int) -> Statement:
        made = Application("benchmark")
        classes = [type(f"Run{number}", (Event,), {}) for number in range(types)]
        for cls, handler in zip(classes, kit.called(types), strict=True):
            made.handler(cls)(handler)
        return timed("publish(event)", publish=made.publish, event=classes[types // 2]())

    def created(self) -> Statement:
        Placed(**FIELDS)
        return timed(f"Placed({ARGUMENTS})", Placed=Placed)

    @staticmethod
    def _publish(made: Application) -> Statement:
        return timed("publish(event)", publish=made.publish, event=Run(number=1))

    @staticmethod
    def _publish_async(made: Application) -> Statement:
        return timed("await publish_async(event)", publish_async=made.publish_async, event=Run(number=1))


PEER = Lato()
