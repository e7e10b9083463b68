"""The one global: the slot through which `event.publish()` and `on_event` reach the default bus."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs


if TYPE_CHECKING:
    from plugbus.bus import EventBus

__all__ = ("Declaration", "Slot", "slot")


@attrs.frozen
class Declaration:
    """What `on_event` was told, kept until a bus takes it."""

    module: str
    what: tuple[Any, ...]
    handler: Callable[..., Any]
    options: dict[str, Any]

    def subscribe(self, bus: EventBus) -> None:
        """Subscribe the handler on a bus."""
        bus.subscribe(self.what, self.handler, **self.options)


class Slot:
    """
    Holds the default bus, what builds it, and the handlers that wait for it.

    Attributes:
        bus: The default bus, None until it is needed.
        queue: What `on_event` was told before there was one.
        declared: All that modules declared, by module.
        lock: Held while the default bus is built, and while something is declared.
    """

    def __init__(self) -> None:
        self.bus: EventBus | None = None
        self.queue: list[Declaration] = []
        self.lock = threading.RLock()
        self._build: Callable[[], EventBus] | None = None
        self._importing: tuple[int, EventBus] | None = None
        self.declared: dict[str, dict[object, Declaration]] = {}
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def fill(self, build: Callable[[], EventBus]) -> None:
        """Set what builds the default bus; `plugbus.bus` does."""
        self._build = build

    def present(self) -> EventBus | None:
        """Return the default bus if there is one; inside the imports of a bus that is being built, that bus."""
        if self._importing is not None and self._importing[0] == threading.get_ident():
            return self._importing[1]
        return self.bus

    def default_bus(self) -> EventBus:
        """Return the default bus; the first call builds it."""
        bus = self.present()
        if bus is not None:
            return bus
        assert self._build is not None  # noqa: S101  (`import plugbus` fills it)
        return self._build()

    def declare(self, declaration: Declaration) -> None:
        """Subscribe a handler on the default bus, now or when it is built."""
        with self.lock:
            self.declared.setdefault(declaration.module, {})[_key(declaration)] = declaration
            bus = self.present()
            if bus is None:
                self.queue.append(declaration)
        if bus is not None:
            declaration.subscribe(bus)

    def declared_by(self, module: str) -> list[Declaration]:
        """Return what a module declared: it is imported once, a bus whose `imports` name it may be built more often."""
        return list(self.declared.get(module, {}).values())

    @contextmanager
    def importing_for(self, bus: EventBus) -> Iterator[None]:
        """Let what this thread imports declare its handlers on a bus that is being built."""
        before, self._importing = self._importing, (threading.get_ident(), bus)
        try:
            yield
        finally:
            self._importing = before

    def _renew(self) -> None:
        self.lock = threading.RLock()
        self._importing = None


def _key(declaration: Declaration) -> object:
    """Return what a reload of the module declares again: a function of the module itself goes by its name."""
    name = getattr(declaration.handler, "__qualname__", "<")
    return (declaration.what, id(declaration.handler) if "<" in name else name)


slot = Slot()
