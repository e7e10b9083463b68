"""aiosignal: the signals of aiohttp."""

from __future__ import annotations

from aiosignal import Signal

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Desk, Peer


class Aiosignal(Peer):
    name = "aiosignal"
    distribution = "aiosignal"
    module = "aiosignal"
    keeps = frozenset({"waits"})
    form = "await signal.send(event)"

    def awaited(self, kit: Kit, count: int) -> Statement:
        signal = Signal(self)
        signal.extend(kit.awaited(count))
        signal.freeze()
        return timed("await send(event)", send=signal.send, event=EVENT)

    def desk(self) -> Desk:
        signal = Signal(self)

        def add(handler: object) -> object:
            signal.append(handler)
            return handler

        return Desk(add, signal.remove)


PEER = Aiosignal()
