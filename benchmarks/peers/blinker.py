"""blinker: signals of Flask."""

from __future__ import annotations

from typing import Any

from blinker import Namespace, Signal

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Desk, Peer


ARGUMENTS = "sender, event"


def sync_wrapper(function: Any) -> Any:
    """Make a sync receiver awaitable, as the documentation does it."""

    async def inner(*args: Any, **keywords: Any) -> Any:
        return function(*args, **keywords)

    return inner


def signal_with(handlers: list[Any], signal: Signal | None = None) -> Signal:
    signal = signal or Signal()
    for handler in handlers:
        signal.connect(handler, weak=False)
    return signal


class Blinker(Peer):
    name = "blinker"
    distribution = "blinker"
    module = "blinker"
    keeps = frozenset({"result", "both", "waits"})
    form = "signal.send(sender, event=event), await signal.send_async(...)"

    def called(self, kit: Kit, count: int) -> Statement:
        return self._send(kit.called(count, ARGUMENTS))

    def values(self, kit: Kit, count: int) -> Statement:
        return self._send(kit.called(count, ARGUMENTS, returns="1"))

    def called_from_async(self, kit: Kit, count: int) -> Statement:
        return self._send_async(kit.called(count, ARGUMENTS))

    def values_from_async(self, kit: Kit, count: int) -> Statement:
        return self._send_async(kit.called(count, ARGUMENTS, returns="1"))

    def awaited(self, kit: Kit, count: int) -> Statement:
        return self._send_async(kit.awaited(count, ARGUMENTS))

    def mixed(self, kit: Kit, count: int) -> Statement:
        return self._send_async([*kit.called(count // 2, ARGUMENTS), *kit.awaited(count // 2, ARGUMENTS)])

    def growing(self, kit: Kit, types: int) -> Statement:
        namespace = Namespace()
        for number, handler in enumerate(kit.called(types, ARGUMENTS)):
            signal_with([handler], namespace.signal(f"type-{number}"))
        text = f"signal('type-{types // 2}').send(None, event=event)"
        return timed(text, signal=namespace.signal, event=EVENT)

    def desk(self) -> Desk:
        signal = Signal()
        return Desk(signal.connect, signal.disconnect, ARGUMENTS)

    @staticmethod
    def _send(handlers: list[Any]) -> Statement:
        return timed("send(None, event=event)", send=signal_with(handlers).send, event=EVENT)

    @staticmethod
    def _send_async(handlers: list[Any]) -> Statement:
        text = "await send_async(None, _sync_wrapper=sync_wrapper, event=event)"
        return timed(text, send_async=signal_with(handlers).send_async, sync_wrapper=sync_wrapper, event=EVENT)


PEER = Blinker()
