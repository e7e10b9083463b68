"""psygnal: signals after those of Qt, compiled."""

from __future__ import annotations

from typing import Any

from psygnal import Signal, SignalInstance

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Desk, Peer


class Emitter:
    happened = Signal(object)


def signal_with(handlers: list[Any]) -> SignalInstance:
    signal = Emitter().happened
    for handler in handlers:
        signal.connect(handler)
    return signal


class Psygnal(Peer):
    name = "psygnal"
    distribution = "psygnal"
    module = "psygnal"
    keeps = frozenset({"waits"})
    form = "signal.emit_fast(event)"

    def called(self, kit: Kit, count: int) -> Statement:
        return timed("emit_fast(event)", emit_fast=signal_with(kit.called(count)).emit_fast, event=EVENT)

    def desk(self) -> Desk:
        signal = signal_with([])
        return Desk(signal.connect, signal.disconnect)


PEER = Psygnal()
