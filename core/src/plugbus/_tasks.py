"""What `publish_soon` left to do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from contextvars import Context, ContextVar, copy_context
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from plugbus._groups import new_task
from plugbus._kinds import kind_of
from plugbus._loops import disown
from plugbus.errors import BusClosed, BusOverloaded, LoopRunning, Refusal
from plugbus.logger import logger
from plugbus.result import PublishResult


if TYPE_CHECKING:
    from plugbus._loops import BusLoop
    from plugbus.dispatcher import Plan

__all__ = ("Pending", "PublishHandle")

_POLL_SECONDS = 0.005


class PublishHandle:
    """
    What `publish_soon` returns: await it, or `wait` for it from a thread, if the result matters.

    A failure of the publish itself (of a middleware, say) that nobody has asked for is logged when the handle goes.
    """

    _result: PublishResult | None = None
    _error: BaseException | None = None
    _retrieved = False
    _waiters: deque[Future[None]] | None = None
    # Whether the rest is done on the publisher's own loop; None as long as nothing is left to a task.
    _is_here: bool | None = None
    _is_cut_off = False
    _task: asyncio.Task[None] | None = None
    _outer: PublishHandle | None = None
    _draining = 0

    def __init__(self, what: str | type, result: PublishResult | None = None) -> None:
        self._what = what
        if result is not None:
            self._result = result

    @property
    def event_type(self) -> str:
        """The type of the event."""
        return self._what if isinstance(self._what, str) else kind_of(self._what).type

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
        if self._result is None and self._error is None:
            yield from self._settled().__await__()
        self._retrieved = True
        if self._result is None:
            return self._take()
        return self._result

    async def _settled(self) -> None:
        """Wait for the end without asking for the result."""
        if not self.done():
            await asyncio.wait((asyncio.wrap_future(self._waiter()),))

    def _finish(self, result: PublishResult | None, error: BaseException | None = None) -> None:
        """Set what became of the publish."""
        if self._is_cut_off and isinstance(error, asyncio.CancelledError):
            error = BusClosed(f"the bus was stopped before the handlers of {self.event_type} had ended")
            self._retrieved = True  # stop() has reported it
        self._result, self._error = result, error
        self._task = self._outer = None
        if self._waiters is not None:
            self._wake()

    def _run(self, rest: Coroutine[Any, Any, None], context: Context) -> None:
        """Start what is left to do; on the loop that is to do it."""
        self._task = new_task(rest, asyncio.get_running_loop(), context)
        if self._is_cut_off:
            self._task.cancel()

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
        waiter: Future[None] = Future()
        waiter.set_running_or_notify_cancel()
        if self._waiters is None:
            self._waiters = deque()
        self._waiters.append(waiter)
        # Looked at after the waiter can be seen, as the end looks for waiters after it can be: one sees the other.
        if self.done():
            self._wake()
        return waiter

    def _wake(self) -> None:
        while self._waiters:
            with suppress(IndexError):  # another thread is at it, too
                self._waiters.popleft().set_result(None)

    def _take(self) -> PublishResult:
        self._retrieved = True
        if self._error is not None:
            raise self._error
        assert self._result is not None  # noqa: S101  (done, and without error)
        return self._result

    def __del__(self) -> None:
        if self._error is not None and not self._retrieved:
            if isinstance(self._error, Refusal):
                logger.warning("publish_soon of %s was refused: %s", self.event_type, self._error)
            else:
                logger.error("publish_soon of %s failed", self.event_type, exc_info=self._error)


# The publish whose rest is done in this context, so that nobody waits for himself.
_here: ContextVar[PublishHandle | None] = ContextVar("plugbus.handle", default=None)


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

    def begin(self, what: str | type, plan: Plan, event: Any) -> PublishHandle:
        """
        Publish an event by a plan, up to its first wait, and leave the rest to a task.

        Args:
            what: The type of the event, or its class.
            plan: The plan.
            event: The event.

        Raises:
            BusOverloaded: If there is no room for one more.
            Exception: What comes out of the plan before it waits, but for a `Refusal`.
        """
        if len(self._handles) >= self._limit:
            raise BusOverloaded(
                f"{self._limit} publishes are pending already (max_pending): await publish() where events are raised, "
                f"or try again later"
            )
        handle, context = PublishHandle(what), copy_context()
        carrying = self._carry(handle, plan(event))
        try:
            context.run(carrying.send, None)
        except StopIteration:
            return handle
        except Refusal as error:  # to whoever asks the handle, in time or later
            trace = error.__traceback__
            # Without this frame, which would keep the handle, and nobody would hear of it.
            handle._finish(None, error.with_traceback(trace.tb_next if trace is not None else None))
            return handle
        if (outer := _here.get()) is not None:
            handle._outer = outer
        self._handles.add(handle)
        loop = asyncio._get_running_loop()
        if loop is None:
            handle._is_here = False
            self._loop.call_soon(handle._run, carrying, context)
        else:
            handle._is_here = True
            if loop.get_task_factory() is None:  # as `new_task`, without a call
                handle._task = asyncio.Task(carrying, loop=loop, context=context)
            else:
                handle._task = loop.create_task(carrying, context=context)
        return handle

    async def _carry(self, handle: PublishHandle, plan: Coroutine[Any, Any, PublishResult]) -> None:
        _here.set(handle)  # in a context of its own
        try:
            result = await plan
        except BaseException as error:
            if handle._is_here is None:
                raise
            self._finish(handle, None, asyncio.CancelledError() if isinstance(error, GeneratorExit) else error)
            # What ends a program goes through the publisher's own loop; the bus's is for others too.
            if isinstance(error, GeneratorExit) or (handle._is_here and not isinstance(error, Exception)):
                raise
        else:
            # What `_finish` does, for the one case that is counted in nanoseconds.
            handle._result = result
            handle._task = None
            if handle._outer is not None:
                handle._outer = None
            if handle._waiters is not None:
                handle._wake()
            self._handles.discard(handle)
        finally:
            del handle  # the traceback of its failure would keep it, and nobody would hear of that

    def _finish(self, handle: PublishHandle, result: PublishResult | None, error: BaseException | None = None) -> None:
        handle._finish(result, error)
        self._handles.discard(handle)

    def others(self) -> list[PublishHandle]:
        """Return what is pending, apart from the publishes in whose handlers this is asked."""
        own = set()
        handle = _here.get()
        while handle is not None:
            own.add(handle)
            handle = handle._outer
        return [handle for handle in list(self._handles) if handle not in own and not handle.done()]

    async def settle(self) -> None:
        """Wait until nothing is pending; a handler waits neither for its own publish nor for others that drain."""
        here = _here.get()
        if here is not None:
            here._draining += 1
        try:
            while others := [one for one in self.others() if here is None or not one._draining]:
                for handle in others:
                    await handle._settled()
        finally:
            if here is not None:
                here._draining -= 1

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
