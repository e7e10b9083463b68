"""pymitter: an event emitter with namespaces."""

from __future__ import annotations

from typing import Any

from pymitter import EventEmitter

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Desk, Peer


def emitter_with(handlers: list[Any]) -> EventEmitter:
    emitter = EventEmitter()
    for handler in handlers:
        emitter.on("run", handler)
    return emitter


class Pymitter(Peer):
    name = "pymitter"
    distribution = "pymitter"
    module = "pymitter"
    keeps = frozenset({"both", "waits"})
    form = 'emitter.emit("run", event), await emitter.emit_async("run", event)'

    def called(self, kit: Kit, count: int) -> Statement:
        return timed("emit('run', event)", emit=emitter_with(kit.called(count)).emit, event=EVENT)

    def called_from_async(self, kit: Kit, count: int) -> Statement:
        return self._emit_async(kit.called(count))

    def gathered(self, kit: Kit, count: int, *, suspends: bool = False) -> Statement:
        return self._emit_async(kit.awaited(count, suspends=suspends))

    def mixed(self, kit: Kit, count: int) -> Statement:
        return self._emit_async([*kit.called(count // 2), *kit.awaited(count // 2)])

    def growing(self, kit: Kit, types: int) -> Statement:
        emitter = EventEmitter()
        for number, handler in enumerate(kit.called(types)):
            emitter.on(f"type-{number}", handler)
        return timed(f"emit('type-{types // 2}', event)", emit=emitter.emit, event=EVENT)

    def desk(self) -> Desk:
        emitter = EventEmitter()
        return Desk(lambda handler: emitter.on("run", handler), lambda handler: emitter.off("run", handler))

    @staticmethod
    def _emit_async(handlers: list[Any]) -> Statement:
        text = "await emit_async('run', event)"
        return timed(text, emit_async=emitter_with(handlers).emit_async, event=EVENT)


PEER = Pymitter()
