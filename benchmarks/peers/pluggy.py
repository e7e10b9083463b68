"""pluggy: the hooks of pytest."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pluggy import HookimplMarker, HookspecMarker, PluginManager

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from peers._peer import Desk, Peer


hookspec, hookimpl = HookspecMarker("benchmark"), HookimplMarker("benchmark")


class Specification:
    @hookspec
    def on_run(self, event):
        """Something ran."""


def manager_with(handlers: list[Any]) -> PluginManager:
    manager = PluginManager("benchmark")
    manager.add_hookspecs(Specification)
    for handler in handlers:
        manager.register(SimpleNamespace(on_run=hookimpl(handler)))
    return manager


class Pluggy(Peer):
    name = "pluggy"
    distribution = "pluggy"
    module = "pluggy"
    keeps = frozenset({"result", "waits", "middleware"})
    form = "manager.hook.on_run(event=event)"

    def called(self, kit: Kit, count: int) -> Statement:
        return self._call(manager_with(kit.called(count)))

    def values(self, kit: Kit, count: int) -> Statement:
        return self._call(manager_with(kit.called(count, returns="1")))

    def wrapped(self, kit: Kit, count: int) -> Statement:
        manager = manager_with(kit.called(1))
        for _ in range(count):

            @hookimpl(wrapper=True)
            def wrapper(event):
                return (yield)

            manager.register(SimpleNamespace(on_run=wrapper))
        return self._call(manager)

    def desk(self) -> Desk:
        manager = manager_with([])

        def add(handler: Any) -> Any:
            plugin = SimpleNamespace(on_run=hookimpl(handler))
            manager.register(plugin)
            return plugin

        return Desk(add, manager.unregister)

    @staticmethod
    def _call(manager: PluginManager) -> Statement:
        return timed("on_run(event=event)", on_run=manager.hook.on_run, event=EVENT)


PEER = Pluggy()
