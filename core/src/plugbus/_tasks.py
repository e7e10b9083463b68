"""What `publish_soon` left to do, and the tasks that do the rest of a publish."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, ContextVar
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from plugbus._loops import disown
from plugbus.errors import BusClosed, BusOverloaded, LoopRunning
from plugbus.logger import logger
from plugbus.result import PublishResult


if TYPE_CHECKING:
    from plugbus._loops import BusLoop

__all__ = ("Escaped", "Pending", "PublishHandle", "Steps", "carry_on", "in_context")

_POLL_SECONDS = 0.005

Steps = Generator[Awaitable[Any], Any, Any]


class _Place:
    """Stands in a context for the publish whose rest is done there, so that nobody waits for himself."""

    __slots__ = ("draining", "outer")

    def __init__(self, outer: _Place | None) -> None:
        self.outer = outer
        self.draining = 0


_here: ContextVar[_Place | None] = ContextVar("plugbus.place", default=None)


class PublishHandle:
    """
    What `publish_soon` returns: await it, or `wait` for it from a thread, if the result matters.

    A failure of the publish itself (of a middleware, say) that nobody has asked for is logged when the handle goes.
    """

    __slots__ = (
        "__weakref__",
        "_error",
        "_future",
        "_is_cut_off",
        "_lock",
        "_place",
        "_result",
        "_retrieved",
        "_task",
        "event_type",
    )

    def __init__(self, event_type: str, result: PublishResult | None = None) -> None:
        self.event_type = event_type
        self._place = _Place(_here.get())
        self._result = result
        self._error: BaseException | None = None
        self._future: Future[None] | None = None
        self._retrieved = False
        self._is_cut_off = False
        self._task: asyncio.Task[None] | None = None
        self._lock = threading.Lock()

    def done(self) -> bool:
        """Tell whether the publish has ended."""
        return self._result is not None or self._error is not None

    def wait(self, timeout: float | None = None) -> PublishResult:
        """
        Block this thread until the publish has ended.

        Args:
            timeout: Seconds to wait at most; None for as long as it takes.

        Raises:
            TimeoutError: If it has not ended by then.
            LoopRunning: If it has not ended, and a loop is running in this thread: await the handle instead.
        """
        if not self.done():
            if asyncio._get_running_loop() is not None:
                raise LoopRunning("wait() would block the running loop: await the handle instead")
            try:
                self._waiter().result(timeout)
            except TimeoutError:
                if not self.done():
                    raise TimeoutError(f"publish_soon of {self.event_type} has not ended after {timeout:g} s") from None
        return self._take()

    def __await__(self) -> Generator[Any, None, PublishResult]:
        if not self.done():
            yield from self._settled().__await__()
        return self._take()

    async def _settled(self) -> None:
        """Wait for the end without asking for the result."""
        if not self.done():
            await asyncio.wait((asyncio.wrap_future(self._waiter()),))

    def _finish(self, result: PublishResult | None, error: BaseException | None = None) -> None:
        """Set what became of the publish."""
        if self._is_cut_off and isinstance(error, asyncio.CancelledError):
            error = BusClosed(f"the bus was stopped before the handlers of {self.event_type} had ended")
            self._retrieved = True  # stop() has reported it
        with self._lock:
            self._result, self._error = result, error
            future = self._future
        self._task = self._place.outer = None
        if future is not None:
            future.set_result(None)

    def _run(self, rest: Coroutine[Any, Any, None], context: Context, ended: Callable[[object], None]) -> None:
        """Start what is left to do; on the loop that is to do it."""
        task = self._task = asyncio.get_running_loop().create_task(rest, context=context)
        task.add_done_callback(ended)
        if self._is_cut_off:
            task.cancel()

    def _cut_off(self) -> None:
        """Cancel the publish, since the bus stops; from any thread."""
        self._is_cut_off = True
        if (task := self._task) is not None:
            with suppress(RuntimeError):  # its loop is closed
                task.get_loop().call_soon_threadsafe(task.cancel)

    def _can_end(self) -> bool:
        """Tell whether the loop that does the rest is running."""
        return (task := self._task) is None or task.get_loop().is_running()

    def _waiter(self) -> Future[None]:
        with self._lock:
            if self._future is None:
                self._future = Future()
                self._future.set_running_or_notify_cancel()
                if self.done():
                    self._future.set_result(None)
            return self._future

    def _take(self) -> PublishResult:
        self._retrieved = True
        if self._error is not None:
            raise self._error
        assert self._result is not None  # noqa: S101  (done, and without error)
        return self._result

    def __del__(self) -> None:
        if self._error is not None and not self._retrieved:
            logger.error("publish_soon of %s failed", self.event_type, exc_info=self._error)


async def finish_steps(steps: Steps, waiting: Awaitable[Any]) -> Any:
    """Do the rest of a plan that runs as steps, from its first wait on."""
    try:
        while True:
            try:
                value = await waiting
            except BaseException as error:  # noqa: BLE001  (the plan decides what it means)
                waiting = steps.throw(error)
            else:
                waiting = steps.send(value)
    except StopIteration as stop:
        return stop.value


class Escaped(Exception):
    """Carries `SystemExit` or `KeyboardInterrupt` out of a task, where it would stop the loop."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


async def _held(coroutine: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await coroutine
    except (SystemExit, KeyboardInterrupt) as error:
        raise Escaped(error) from None


def carry_on(steps: Steps, waiting: Awaitable[Any], context: Context) -> asyncio.Task[Any]:
    """Do the rest of a plan that runs as steps in a task of this loop; what ends a program is `Escaped` there."""
    rest = finish_steps(steps, waiting)
    task = asyncio.get_running_loop().create_task(_held(rest), context=context)
    task.add_done_callback(lambda _: _abandon(steps, waiting, rest))
    return task


async def in_context(coroutine: Coroutine[Any, Any, Any], context: Context) -> Any:
    """Await a coroutine in another context."""
    task = asyncio.get_running_loop().create_task(_held(coroutine), context=context)
    task.add_done_callback(lambda _: coroutine.close())
    try:
        return await task
    except Escaped as escaped:
        raise escaped.error from None


def _abandon(steps: Steps, *awaitables: Awaitable[Any]) -> None:
    """Close what a task was to do that was cancelled before its first step; after it nothing is left to close."""
    for awaitable in awaitables:
        if asyncio.iscoroutine(awaitable):
            awaitable.close()
    steps.close()


class Pending:
    """
    The publishes that `publish_soon` has not ended yet.

    Args:
        limit: The most there may be.
        loop: Runs those whose publisher has no loop.
    """

    def __init__(self, limit: int, loop: BusLoop) -> None:
        self._limit = limit
        self._loop = loop
        self._handles: set[PublishHandle] = set()

    def check(self) -> None:
        """
        Make sure that there is room for one more.

        Raises:
            BusOverloaded: If there is none.
        """
        if len(self._handles) >= self._limit:
            raise BusOverloaded(
                f"{self._limit} publishes are pending already (max_pending): await publish() where events are raised, "
                f"or try again later"
            )

    def finish_later(self, steps: Steps, first: Awaitable[Any], event_type: str, context: Context) -> PublishHandle:
        """Do the rest of a publish, from its first wait on, as a task."""
        handle = PublishHandle(event_type)
        self._handles.add(handle)
        context.run(_here.set, handle._place)
        here = asyncio._get_running_loop() is not None
        rest = self._rest(handle, steps, first, here=here)
        ended = partial(self._ended, handle, steps, first)
        if here:
            handle._run(rest, context, ended)
        else:
            self._loop.call_soon(handle._run, rest, context, ended)
        return handle

    async def _rest(self, handle: PublishHandle, steps: Steps, waiting: Awaitable[Any], *, here: bool) -> None:
        try:
            result = await finish_steps(steps, waiting)
        except BaseException as error:
            self._finish(handle, None, error)
            # What ends a program goes through the publisher's own loop; the bus's is for others too.
            if here and not isinstance(error, Exception):
                raise
        else:
            self._finish(handle, result)
        finally:
            del handle  # the traceback of its failure would keep it, and nobody would hear of that

    def _finish(self, handle: PublishHandle, result: PublishResult | None, error: BaseException | None = None) -> None:
        handle._finish(result, error)
        self._handles.discard(handle)

    def _ended(self, handle: PublishHandle, steps: Steps, first: Awaitable[Any], _: object) -> None:
        if not handle.done():  # cancelled before its first step
            _abandon(steps, first)
            self._finish(handle, None, asyncio.CancelledError())

    def others(self) -> list[PublishHandle]:
        """Return what is pending, apart from the publishes in whose handlers this is asked."""
        own = set()
        place = _here.get()
        while place is not None:
            own.add(place)
            place = place.outer
        return [handle for handle in list(self._handles) if handle._place not in own and not handle.done()]

    async def settle(self) -> None:
        """Wait until nothing is pending; a handler waits neither for its own publish nor for others that drain."""
        here = _here.get()
        if here is not None:
            here.draining += 1
        try:
            while others := [one for one in self.others() if here is None or not one._place.draining]:
                for handle in others:
                    await handle._settled()
        finally:
            if here is not None:
                here.draining -= 1

    def cut_off(self) -> list[PublishHandle]:
        """Cancel what is pending; return it."""
        others = self.others()
        for handle in others:
            handle._cut_off()
        return others

    def disown(self) -> None:
        """In a forked child: what is pending is the parent's."""
        disown(*(handle._task for handle in list(self._handles) if handle._task is not None))

    def wait(self, seconds: float) -> None:
        """Wait for what is pending, at interpreter exit; not for what is pending on a loop that was left."""
        deadline = monotonic() + seconds
        while any(handle._can_end() for handle in list(self._handles)) and monotonic() < deadline:
            sleep(_POLL_SECONDS)
        if others := self.others():
            logger.error("the program ended before %d publish_soon had", len(others))
