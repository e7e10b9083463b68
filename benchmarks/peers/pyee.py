"""pyee: an event emitter after that of Node.js."""

from __future__ import annotations

from typing import Any

from pyee import EventEmitter
from pyee.asyncio import AsyncIOEventEmitter

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Desk, Peer


class Pyee(Peer):
    name = "pyee"
    distribution = "pyee"
    module = "pyee"
    keeps = frozenset({"both", "waits"})
    form = 'emitter.emit("run", event), and `await emitter.wait_for_complete()` where handlers are async'

    def called(self, kit: Kit, count: int) -> Statement:
        emitter = EventEmitter()
        for handler in kit.called(count):
            emitter.add_listener("run", handler)
        return timed("emit('run', event)", emit=emitter.emit, event=EVENT)

    def gathered(self, kit: Kit, count: int, *, suspends: bool = False) -> Statement:
        return self._emit_and_wait(kit.awaited(count, suspends=suspends))

    def mixed(self, kit: Kit, count: int) -> Statement:
        return self._emit_and_wait([*kit.called(count // 2), *kit.awaited(count // 2)])

    def soon(self, kit: Kit, count: int) -> Statement:
        emitter = self._emitter(kit.awaited(1))
        text = "for event in given: emit('run', event)\nawait wait()"
        names = {"emit": emitter.emit, "wait": emitter.wait_for_complete, "given": [EVENT] * count}
        return Statement(text, names, count)

    def growing(self, kit: Kit, types: int) -> Statement:
        emitter = EventEmitter()
        for number, handler in enumerate(kit.called(types)):
            emitter.add_listener(f"type-{number}", handler)
        return timed(f"emit('type-{types // 2}', event)", emit=emitter.emit, event=EVENT)

    def desk(self) -> Desk:
        emitter = EventEmitter()
        return Desk(
            lambda handler: emitter.add_listener("run", handler),
            lambda handler: emitter.remove_listener("run", handler),
        )

    @staticmethod
    def _emitter(handlers: list[Any]) -> AsyncIOEventEmitter:
        emitter = AsyncIOEventEmitter()
        for handler in handlers:
            emitter.add_listener("run", handler)
        return emitter

    def _emit_and_wait(self, handlers: list[Any]) -> Statement:
        emitter = self._emitter(handlers)
        text = "emit('run', event)\nawait wait()"
        return timed(text, emit=emitter.emit, wait=emitter.wait_for_complete, event=EVENT)


PEER = Pyee()
