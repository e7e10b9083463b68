"""What a dispatcher needs of the bus around it; for type checkers alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from plugbus._underway import Underway


__all__ = ("Runner",)


class Runner(Protocol):
    """Runs what a plan cannot run where it is."""

    source: str | None
    correlated: bool
    sequential: bool

    def block(self, awaitable: Any) -> Any:
        """Wait for an awaitable from a thread without a loop; it runs on the bus's loop."""

    async def run_in_thread(self, call: Callable[[Any], Any], event: Any, timeout: float | None, name: str) -> Any:
        """Run a sync call in a worker thread."""

    async def run_on_bus_loop(self, call: Callable[[Any], Any], event: Any) -> Any:
        """Run an async call on the bus's own loop."""

    @property
    def underway(self) -> Underway:
        """Counts the publishes that wait."""
