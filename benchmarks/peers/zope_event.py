"""zope.event with its handlers by class."""

from __future__ import annotations

from typing import Any

from zope.event import notify
from zope.event.classhandler import handler as register

from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Peer


class ZopeEvent(Peer):
    name = "zope.event classhandler"
    distribution = "zope-event"
    module = "zope.event.classhandler"
    keeps = frozenset({"types", "waits"})
    form = "zope.event.notify(event)"

    def called(self, kit: Kit, count: int) -> Statement:
        return self._notify(kit.called(count))

    def growing(self, kit: Kit, types: int) -> Statement:
        statements = [self._notify([handler]) for handler in kit.called(types)]
        return statements[types // 2]

    @staticmethod
    def _notify(handlers: list[Any]) -> Statement:
        # The registry is one for the process, so each statement has a class of its own.
        cls = type("Run", (), {})
        for handler in handlers:
            register(cls, handler)
        return timed("notify(event)", notify=notify, event=cls())


PEER = ZopeEvent()
