"""The life of a bus: started, draining, closed; its loop, its threads, its plugins' lifespans."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import Context, ContextVar
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from plugbus._envelope import Scope, current
from plugbus.errors import BusClosed, LoopRunning
from plugbus.logger import logger


if TYPE_CHECKING:
    from plugbus._lifespans import Lifespans
    from plugbus._loops import BusLoop
    from plugbus._streams import Reader
    from plugbus._tasks import Pending
    from plugbus._threads import WorkerThreads

__all__ = ("Engine", "State")

# The engine whose plugins are started and stopped in this context: what they publish meanwhile is taken.
_tended: ContextVar[Engine | None] = ContextVar("plugbus.tended", default=None)

# What forked children have of their parents' buses. It is kept, since its end would reach into loops of the parent.
_of_parent: list[object] = []

_CLOSED = "the bus has been stopped and takes no more events; start() opens it again"
_WORKERS = 32


class State(Enum):
    """Where a bus is in its life."""

    NEW = auto()
    STARTING = auto()
    RUNNING = auto()
    DRAINING = auto()
    CLOSED = auto()


class Engine:
    """
    What runs a bus.

    Args:
        source: The source of the bus's events.
        correlated: Whether events inherit their correlation.
        sequential: Whether async handlers are awaited one by one.
        max_pending: The most publishes that `publish_soon` may have left to do.
        state_changed: Called whenever the way of an event through the bus changes.
        lifespans: Makes what is entered at start and left at stop.
        check: Called before a start; raises if something is wrong with the registry.
    """

    def __init__(
        self,
        *,
        source: str | None,
        correlated: bool,
        sequential: bool,
        max_pending: int,
        state_changed: Callable[[], None],
        lifespans: Callable[[], Lifespans | None],
        check: Callable[[], None],
    ) -> None:
        self.source = source
        self.correlated = correlated
        self.sequential = sequential
        self._max_pending = max_pending
        self._state_changed = state_changed
        self._make_lifespans = lifespans
        self._check = check
        self.state = State.NEW
        self._begin_anew()

    def renew(self) -> None:
        """Begin anew in a forked child: no threads, no loop, not started."""
        for left in (self._loop, self._pending, self.lifespans):
            if left is not None:
                left.disown()
                _of_parent.append(left)
        self._begin_anew()

    def _begin_anew(self) -> None:
        from plugbus._underway import Underway

        if self.state is not State.CLOSED:
            self.state = State.NEW
        self._lock = threading.Lock()
        self._starting: Future[None] | None = None
        self._stopping: Future[None] | None = None
        self.lifespans: Lifespans | None = None
        self._loop: BusLoop | None = None
        self._pending: Pending | None = None
        self._threads: WorkerThreads | None = None
        self._readers: WeakSet[Reader] = WeakSet()
        self.underway = Underway()

    # --- what is made when it is needed

    @property
    def loop(self) -> BusLoop:
        """The bus's own loop."""
        with self._lock:
            if self._loop is None:
                from plugbus._loops import BusLoop

                self._loop = BusLoop()
            return self._loop

    @property
    def pending(self) -> Pending:
        """What `publish_soon` has left to do."""
        if self._pending is None:
            from plugbus._tasks import Pending

            loop = self.loop
            with self._lock:
                if self._pending is None:
                    self._pending = Pending(self._max_pending, loop)
                return self._pending
        return self._pending

    @property
    def threads(self) -> WorkerThreads:
        """The threads of handlers that are subscribed with `in_thread`."""
        with self._lock:
            if self._threads is None:
                from plugbus._threads import WorkerThreads

                self._threads = WorkerThreads(_WORKERS)
            return self._threads

    # --- what plans call

    def block(self, awaitable: Awaitable[Any]) -> Any:
        """Wait for an awaitable from a thread without a loop; it runs on the bus's loop."""
        return self.loop.block(awaitable)

    async def run_on_bus_loop(self, call: Callable[[Any], Awaitable[Any]], event: Any) -> Any:
        """Run an async call on the bus's own loop."""
        if self.loop.running() is asyncio.get_running_loop():
            return await call(event)
        from plugbus._loops import Handover

        return await Handover(call(event), self.loop).join()

    async def run_in_thread(self, call: Callable[[Any], Any], event: Any, timeout: float | None, name: str) -> Any:
        """Run a sync call in a worker thread, with the publisher's context variables."""
        from plugbus._loops import run_in_thread

        return await run_in_thread(self.threads, call, event, timeout, name)

    # --- starting

    async def ready(self) -> None:
        """
        Make sure that events are taken, from async code; an unstarted bus is started.

        Raises:
            BusClosed: If the bus has been stopped.
        """
        if self.state is State.RUNNING:
            return
        starting = self._admitted()
        if starting is not None:
            starting.result() if starting.done() else await asyncio.wrap_future(starting)

    def ready_blocking(self) -> None:
        """
        Make sure that events are taken, from sync code; see `ready`.

        Raises:
            BusClosed: If the bus has been stopped.
            LoopRunning: If it is being started on the loop that runs in this thread, so that waiting would be forever.
        """
        if self.state is State.RUNNING:
            return
        starting = self._admitted()
        if starting is None:
            return
        if not starting.done() and (lifespans := self.lifespans) is not None and lifespans.is_here():
            raise LoopRunning(
                "the bus is being started on this loop: use `await bus.publish(event)`, which waits for it"
            )
        starting.result()

    def _admitted(self) -> Future[None] | None:
        """Return what to wait for before an event is dispatched, None if nothing."""
        if self.state in (State.NEW, State.STARTING):
            return None if _tended.get() is self else self.begin(None)
        if self.state is State.DRAINING:
            if _tended.get() is self or self.in_handler() or (not self.correlated and self.underway.count()):
                return None
            raise BusClosed("the bus is stopping and takes no more events from outside of its handlers")
        if self.state is State.CLOSED:
            raise BusClosed(_CLOSED)
        return None

    def begin(self, loop: asyncio.AbstractEventLoop | None) -> Future[None]:
        """
        Start, unless that has been done.

        Args:
            loop: The application's loop, to be the bus's own; None for a private one, if one is needed.

        Returns:
            Done when everything has been started, or with the error that kept it from that.

        Raises:
            BusClosed: If the bus is being stopped.
        """
        started = uncancellable()
        if (present := self._claim_start(started, by_publish=loop is None)) is not None:
            if loop is not None and present.done() and self.lifespans is None:
                self.loop.adopt(loop)  # nothing is bound to the one that it has
            return present
        with self.tending():
            try:
                self._check()
                lifespans = self.lifespans = self._make_lifespans()
                if loop is not None:
                    self.loop.adopt(loop)
                if lifespans is None:
                    self._start_ended(started, None)
                else:
                    # A context of its own: plugins do not belong to whoever publishes first.
                    context = Context()
                    context.run(_tended.set, self)
                    gone = partial(self._lifespans_gone, lifespans)
                    lifespans.enter(self.loop.running(), context, partial(self._start_ended, started), gone)
            except BaseException as error:
                self._start_ended(started, error)
                raise
        return started

    @contextmanager
    def tending(self) -> Iterator[None]:
        """Take what is published inside, as that of plugins that are started or stopped."""
        token = _tended.set(self)
        try:
            yield
        finally:
            _tended.reset(token)

    def _claim_start(self, own: Future[None], *, by_publish: bool) -> Future[None] | None:
        """Return the start that has been made or is under way; without one, `own` is it from now on."""
        with self._lock:
            if self.state is State.DRAINING:
                raise BusClosed("the bus is being stopped; start() opens it again when stop() has ended")
            if self.state is State.CLOSED and by_publish:
                raise BusClosed(_CLOSED)
            if self._starting is not None and self.state in (State.STARTING, State.RUNNING):
                return self._starting
            self.state, self._starting = State.STARTING, own
            return None

    def _start_ended(self, started: Future[None], error: BaseException | None) -> None:
        with self._lock:
            if self.state is not State.STARTING:  # a stop did not wait for it
                error = error or BusClosed(_CLOSED)
            elif error is None:
                self.state = State.RUNNING
            else:
                self.state = State.NEW
                self._starting = self.lifespans = None
        if error is not None:
            started.set_exception(error)
            return
        self._state_changed()
        started.set_result(None)
        logger.debug("started")

    def _lifespans_gone(self, lifespans: Lifespans) -> None:
        """Take note that the loop ended under the plugins, without a stop: the next publish starts them again."""
        with self._lock:
            if self.state is not State.RUNNING or self.lifespans is not lifespans:
                return
            self.state = State.NEW
            self._starting = self.lifespans = None
        self._state_changed()

    # --- stopping

    @staticmethod
    def in_handler() -> bool:
        """Tell whether an event is being handled in this context."""
        handled = current.get()
        return handled is not None and (not isinstance(handled, Scope) or handled.cause is not None)

    @property
    def is_starting(self) -> bool:
        """Whether plugins are being started."""
        return self.state is State.STARTING

    @property
    def is_open(self) -> bool:
        """Whether there is something to stop."""
        return self.state not in (State.NEW, State.CLOSED)

    def attend(self, reader: Reader) -> None:
        """Have a reader of events closed when the bus has stopped."""
        with self._lock:
            self._readers.add(reader)

    async def stop(
        self, timeout: float, announce: Callable[[], Awaitable[Any]], flush: Callable[[float], list[Exception]]
    ) -> None:
        """
        Drain, then flush the plugins and leave their lifespans.

        Args:
            timeout: Seconds for all of it.
            announce: Publishes that the service shuts down.
            flush: Has the plugins write what they hold, within so many seconds; returns what failed.

        Raises:
            ExceptionGroup: Of what plugins raised while they were left.
        """
        own = uncancellable()
        while (stopping := self._claim_stop(own)) is not None:
            if self.in_handler():
                return  # a handler cannot wait for a stop that waits for it
            await asyncio.wrap_future(stopping)
        from plugbus._stop import Stop

        try:
            await Stop(self, timeout, announce, flush).run()
        finally:
            self._stopping = None
            own.set_result(None)

    def _claim_stop(self, own: Future[None]) -> Future[None] | None:
        """Return the stop that is under way; without one, `own` is it from now on."""
        with self._lock:
            stopping, self._stopping = self._stopping, self._stopping or own
            return stopping

    def close_doors(self) -> bool:
        """Take no more events but those of handlers and stopping plugins; False if the bus does not run."""
        with self._lock:
            if self.state is not State.RUNNING:
                return False
            self.state = State.DRAINING
        self._state_changed()
        return True

    def detach(self) -> tuple[WorkerThreads | None, BusLoop | None, list[Reader]]:
        """Close the bus; return what it had made, to be ended."""
        with self._lock:
            had = self._threads, self._loop, list(self._readers)
            self._threads = self._loop = self._pending = self.lifespans = self._starting = None
            self.state = State.CLOSED
        self._state_changed()
        return had

    # --- the end of the program

    def finish(self, seconds: float) -> None:
        """Wait for what is pending, from the main thread at interpreter exit."""
        if self._pending is not None:
            self._pending.wait(seconds)


def uncancellable() -> Future[None]:
    """Return a future that several wait for: none of them, being cancelled, cancels it for the others."""
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()
    return future
