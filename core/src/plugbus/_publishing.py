"""The verbs that publish events, the ways to read them, and the way that an event takes through its bus."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from plugbus._engine import Engine, State
from plugbus.dispatcher import Dispatcher, Verb, check_event
from plugbus.errors import LoopRunning
from plugbus.events import Event
from plugbus.handlers import What
from plugbus.result import DEFERRED, PublishResult


if TYPE_CHECKING:
    from plugbus._deferred import Deferred
    from plugbus._streams import Overflow, Stream
    from plugbus._tasks import PublishHandle
    from plugbus.bus import EventBus

__all__ = ("Publishing",)

T = TypeVar("T")

_ASYNC, _BLOCKING, _SOON = Verb("async"), Verb("blocking"), Verb("soon")
_REPLAY = Verb("async", replay=True)


class _Gate(dict[type, Callable[[Any], Any]]):
    """Stands in for the plans where an event has to pass a check first: every class leads to the same door."""

    def __init__(self, door: Callable[[Any], Any]) -> None:
        super().__init__()
        self._door = door

    def __missing__(self, cls: type) -> Callable[[Any], Any]:
        return self._door


class Publishing:
    """The half of a bus through which events are published and read."""

    _dispatcher: Dispatcher
    _engine: Engine
    _async: dict[type, Callable[[Any], Coroutine[Any, Any, PublishResult]]]
    _blocking: dict[type, Callable[[Any], PublishResult]]
    _soon: dict[type, Callable[[Any], Coroutine[Any, Any, PublishResult]]] | None
    _blocks: int
    # Imported when several events are published for the first time.
    _many: Callable[[Dispatcher, Sequence[Any]], Coroutine[Any, Any, tuple[PublishResult, ...]]] | None = None

    def publish(self, event: Any) -> Coroutine[Any, Any, PublishResult]:
        """
        Publish from async code: await it, or give it to `create_task`.

        Args:
            event: An event of any kind.

        Returns:
            A coroutine that gives the result when all handlers have ended.

        Raises:
            NotAnEvent: If it is no event.
            BusClosed: If the bus has been stopped.
            OrderError: If handlers are ordered by names that nobody has.
            Exception: What a middleware raised.
        """
        return self._async[event.__class__](event)

    def publish_sync(self, event: Any) -> PublishResult:
        """
        Publish from sync code and wait until all handlers have ended.

        Sync handlers run in this thread, async ones on the bus's own loop.

        Args:
            event: An event of any kind.

        Raises:
            LoopRunning: If a loop is running in this thread.
            Exception: As `publish`.
        """
        if asyncio._get_running_loop() is not None:
            raise LoopRunning(
                "publish_sync() would block the running loop: use `await bus.publish(event)`, "
                "or bus.publish_soon(event) from a function that is not async"
            )
        return self._blocking[event.__class__](event)

    def publish_soon(self, event: Any) -> PublishHandle:
        """
        Publish from anywhere without waiting for async handlers.

        What is sync (middleware and handlers, up to the first that is async) runs before this returns; the rest is done
        on the running loop, without one on the bus's own. `drain` and `stop` wait for it.

        Args:
            event: An event of any kind.

        Returns:
            A handle: `await` it, or `wait(timeout)` for it in a thread, if the result matters.

        Raises:
            BusOverloaded: If `max_pending` publishes have not ended yet.
            Exception: As `publish`, as far as it happens before this returns; a `Refusal` goes into the handle.
        """
        cls = event.__class__
        what = event.type if cls is Event else cls
        plans = self._soon
        if plans is None:
            self._engine.ready_blocking()
            if (deferred := self._deferred(event)) is not None:
                from plugbus._tasks import PublishHandle

                return PublishHandle(what, deferred)
            plans = self._dispatcher.table(_SOON)
        return self._engine.pending.begin(what, plans[cls], event)

    def publish_many(self, events: Iterable[Any]) -> Coroutine[Any, Any, tuple[PublishResult, ...]]:
        """
        Publish several events: the middleware sees all of them before any is dispatched, then all are, side by side.

        Args:
            events: Events of any kind.

        Returns:
            A coroutine that gives the results in the order of the events.

        Raises:
            Exception: As `publish`; then none has been dispatched.
        """
        return self._publish_many_in(events, self._block() if self._blocks else None)

    async def _publish_many_in(self, events: Iterable[Any], block: Deferred | None) -> tuple[PublishResult, ...]:
        if self._engine.state is not State.RUNNING:
            await self._engine.ready()
        events = list(events)
        here = self._block() if self._blocks else None
        if block is not None or here is not None:
            for event in events:  # what is wrong with one keeps all back
                check_event(event.__class__)
        if block is not None and block.is_dropped:
            return (DEFERRED,) * len(events)
        if here is not None:
            return tuple([here.collect(event) for event in events])
        many = self._many
        if many is None:
            from plugbus._many import publish_many

            many = self._many = publish_many
        return await many(self._dispatcher, events)

    async def replay(self, event: Any) -> PublishResult:
        """
        Publish an event of the past again: it reaches only handlers that are subscribed with `replay=True`.

        Raises:
            Exception: As `publish`.
        """
        await self._engine.ready()
        result: PublishResult = await self._dispatcher.table(_REPLAY)[event.__class__](event)
        return result

    def _publish_here(self, event: Any) -> PublishResult | PublishHandle:
        """Publish by `publish_sync` without a running loop in this thread, by `publish_soon` inside one."""
        if asyncio._get_running_loop() is None:
            return self.publish_sync(event)
        return self.publish_soon(event)

    def deferred(self) -> Deferred:
        """
        Return a block, `with` or `async with`, whose events are published at its end, if it does not raise.

        Publishes inside return at once, with a result marked `deferred`. Of nested blocks the outermost decides.
        """
        from plugbus._deferred import Deferred

        return Deferred(self, correlated=self._engine.correlated, opened=self._block_opened)

    def _deferred(self, event: Any) -> PublishResult | None:
        """Leave an event to the `deferred()` block that it is published in, if it is in one."""
        block = self._block()
        if block is None:
            return None
        check_event(event.__class__)
        return block.collect(event)

    def _block(self) -> Deferred | None:
        """Return the `deferred()` block that is open here, if one is."""
        if not self._blocks:
            return None
        from plugbus._deferred import open_block

        return open_block(self)

    def _block_opened(self, change: int) -> None:
        with self._dispatcher.lock:
            self._blocks += change
        self._route()

    # --- reading

    @overload
    def wait_for(
        self, what: type[T], /, *, where: Callable[[T], bool] | None = None, timeout: float | None = None
    ) -> Coroutine[Any, Any, T]: ...

    @overload
    def wait_for(
        self, *what: What, where: Callable[[Any], bool] | None = None, timeout: float | None = None
    ) -> Coroutine[Any, Any, Any]: ...

    def wait_for(
        self, *what: What, where: Callable[[Any], bool] | None = None, timeout: float | None = None
    ) -> Coroutine[Any, Any, Any]:
        """
        Wait for the next event that fits; it is listened for from this call on, not from the `await`.

        Args:
            what: Classes of events and patterns of event types.
            where: Tells whether an event is the one.
            timeout: Seconds to wait at most, from the `await` on; None for as long as it takes.

        Raises:
            TimeoutError: If none came in time.
            BusClosed: If the bus is stopped before.
            UsageError: If no loop is running in this thread.
        """
        from plugbus._streams import wait_for

        return wait_for(cast("EventBus", self), what, where, timeout)

    def stream(self, *what: What, maxsize: int = 1000, overflow: Overflow = "raise") -> Stream:
        """
        Return an asynchronous iterator over events that are published from now on.

        Args:
            what: Classes of events and patterns of event types.
            maxsize: The most events that wait to be read.
            overflow: What happens to one more: "raise" (a failure in its result), "drop_oldest", "drop_newest".
        """
        from plugbus._streams import Stream

        return Stream(cast("EventBus", self), what, maxsize, overflow)

    # --- the way of an event

    def _route(self) -> None:
        """Lead publishes to the plans where nothing stands in the way, else through a gate."""
        with self._dispatcher.lock:  # blocks are opened and closed in several threads
            if self._engine.state is State.RUNNING and not self._blocks:
                self._async = self._dispatcher.table(_ASYNC)
                self._blocking = self._dispatcher.table(_BLOCKING)
                self._soon = self._dispatcher.table(_SOON)
            else:
                self._async = _Gate(self._publish_checked)
                self._blocking = _Gate(self._publish_sync_checked)
                self._soon = None

    def _publish_checked(self, event: Any) -> Coroutine[Any, Any, PublishResult]:
        # The call decides which block it belongs to: a task may get to run it when that block has failed.
        return self._publish_in(event, self._block())

    async def _publish_in(self, event: Any, block: Deferred | None) -> PublishResult:
        await self._engine.ready()
        if block is not None and block.is_dropped:
            return DEFERRED
        if (deferred := self._deferred(event)) is not None:
            return deferred
        result: PublishResult = await self._dispatcher.publish_inside(event)
        return result

    # What Python says of a publish that nobody has awaited.
    _publish_in.__qualname__ = "EventBus.publish"
    _publish_many_in.__qualname__ = "EventBus.publish_many"

    def _publish_sync_checked(self, event: Any) -> PublishResult:
        self._engine.ready_blocking()
        if (deferred := self._deferred(event)) is not None:
            return deferred
        result: PublishResult = self._dispatcher.publish_sync_inside(event)
        return result
