"""The signals of Django."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Desk, Peer


ARGUMENTS = "sender, event, **keywords"


def signal_with(handlers: list[Any]) -> Signal:
    signal = Signal()
    for handler in handlers:
        signal.connect(handler, weak=False)
    return signal


class Django(Peer):
    name = "Django signals"
    distribution = "django"
    module = "django.dispatch"
    keeps = frozenset({"isolation", "result", "both", "waits"})
    form = "signal.send_robust(sender, event=event), await signal.asend_robust(...)"

    def called(self, kit: Kit, count: int) -> Statement:
        return self._send(kit.called(count, ARGUMENTS))

    def values(self, kit: Kit, count: int) -> Statement:
        return self._send(kit.called(count, ARGUMENTS, returns="1"))

    def called_from_async(self, kit: Kit, count: int) -> Statement:
        return self._asend(kit.called(count, ARGUMENTS))

    def values_from_async(self, kit: Kit, count: int) -> Statement:
        return self._asend(kit.called(count, ARGUMENTS, returns="1"))

    def gathered(self, kit: Kit, count: int, *, suspends: bool = False) -> Statement:
        return self._asend(kit.awaited(count, ARGUMENTS, suspends=suspends))

    def mixed(self, kit: Kit, count: int) -> Statement:
        return self._asend([*kit.called(count // 2, ARGUMENTS), *kit.awaited(count // 2, ARGUMENTS)])

    def desk(self) -> Desk:
        signal = Signal()

        def add(handler: Any) -> Any:
            signal.connect(handler)
            return handler

        return Desk(add, signal.disconnect, ARGUMENTS)

    @staticmethod
    def _send(handlers: list[Any]) -> Statement:
        return timed("send(None, event=event)", send=signal_with(handlers).send_robust, event=EVENT)

    @staticmethod
    def _asend(handlers: list[Any]) -> Statement:
        return timed("await asend(None, event=event)", asend=signal_with(handlers).asend_robust, event=EVENT)


PEER = Django()
