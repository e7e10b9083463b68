"""`deferred()`: collect what is published inside a block, and publish it when the block has succeeded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from contextvars import Context, ContextVar, Token, copy_context
from types import TracebackType
from typing import Any, Protocol, Self

from plugbus._desk import link
from plugbus._envelope import current
from plugbus._escape import in_context
from plugbus.errors import LoopRunning, UsageError
from plugbus.events import EventBase
from plugbus.result import DEFERRED, PublishResult


__all__ = ("Deferred", "Publisher", "open_block")

_innermost: ContextVar[Deferred | None] = ContextVar("plugbus.deferred", default=None)


class Publisher(Protocol):
    """What a block needs of its bus."""

    def publish(self, event: Any) -> Coroutine[Any, Any, PublishResult]:
        """Publish from async code."""

    def publish_sync(self, event: Any) -> PublishResult:
        """Publish from sync code."""


def open_block(bus: Publisher) -> Deferred | None:
    """Return the innermost open block of a bus in this context."""
    block = _innermost.get()
    while block is not None and not (block.bus is bus and block.is_open):
        block = block.around
    return block


class Deferred:
    """
    A block whose events are published when it has succeeded, and dropped when it raised.

    Nested blocks hand their events to the outer one; the outermost decides.

    Attributes:
        bus: Whose events it collects.
        around: The block around it, of whatever bus.
        is_open: Whether it collects.
        has_failed: Whether it was left by an exception.
        results: After the outermost block, what became of its events, in order.
    """

    def __init__(self, bus: Publisher, *, correlated: bool, opened: Callable[[int], None]) -> None:
        self.bus = bus
        self.around: Deferred | None = None
        self.is_open = False
        self.has_failed = False
        self.results: tuple[PublishResult, ...] = ()
        self._outer: Deferred | None = None
        self._events: list[tuple[Any, Context]] = []
        self._correlated = correlated
        self._opened = opened
        self._token: Token[Deferred | None] | None = None

    @property
    def is_dropped(self) -> bool:
        """Whether what was published inside is not, since this block or one around it has failed."""
        return self.has_failed or (self._outer is not None and self._outer.is_dropped)

    def collect(self, event: Any) -> PublishResult:
        """Keep an event with its context: its cause is what is being handled now, not what will be then."""
        handled = current.get()
        if self._correlated and handled is not None and isinstance(event, EventBase):
            link(event, handled)
        self._events.append((event, copy_context()))
        return DEFERRED

    async def __aenter__(self) -> Self:
        self._enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        events = self._leave(kind)
        errors: list[Exception] = []
        results: list[PublishResult] = []
        for event, context in events:
            try:
                results.append(await in_context(self.bus.publish(event), context))
            except Exception as refused:  # noqa: BLE001  (the others still go out; all are raised below)
                errors.append(refused)
        self._finish(results, errors)

    def __enter__(self) -> Self:
        if asyncio._get_running_loop() is not None and open_block(self.bus) is None:
            raise LoopRunning("`with bus.deferred()` would block the running loop: write `async with bus.deferred()`")
        self._enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        events = self._leave(kind)
        errors: list[Exception] = []
        results: list[PublishResult] = []
        for event, context in events:
            try:
                results.append(context.run(self.bus.publish_sync, event))
            except Exception as refused:  # noqa: BLE001  (the others still go out; all are raised below)
                errors.append(refused)
        self._finish(results, errors)

    def _enter(self) -> None:
        if self._token is not None:
            raise UsageError("a deferred() block is entered once; call deferred() again")
        self.around, self._outer = _innermost.get(), open_block(self.bus)
        self._token = _innermost.set(self)
        self.is_open = True
        self._opened(1)

    def _leave(self, failed: type[BaseException] | None) -> Sequence[tuple[Any, Context]]:
        """Close the block; return what this block is to publish itself."""
        assert self._token is not None  # noqa: S101  (entered)
        self.is_open, self.has_failed = False, failed is not None
        with suppress(ValueError):  # a fixture or a dependency of a web framework may be left in another context
            _innermost.reset(self._token)
        self._opened(-1)
        if failed is not None:
            return ()
        if self._outer is not None and self._outer.is_open:
            self._outer._events += self._events
            return ()
        return self._events

    def _finish(self, results: list[PublishResult], errors: list[Exception]) -> None:
        self.results = tuple(results)
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise ExceptionGroup(f"{len(errors)} deferred events were not published", errors)
