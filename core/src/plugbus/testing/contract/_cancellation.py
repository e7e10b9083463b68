"""Checks that the plugin can be cancelled while it starts and while it stops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from functools import partial

from plugbus.testing._building import Built
from plugbus.testing.contract._scenario import Traces, run
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail, listed


__all__ = ("start_cancelled", "stop_cancelled")

# When the cancellation comes: after so many turns of the loop; 0 is one turn while no thread is free for to_thread.
_MOMENTS = (1, 2, 3, 0)


def start_cancelled(subject: Subject) -> None:
    """Check a start that is cancelled in its middle: it ends with that, and what it had opened is closed."""
    for moment in _MOMENTS if subject.implements("lifespan") else ():
        before, built = Traces.now(), subject.build()
        ran = run(partial(_cancel_start, built, moment, subject.seconds), subject.seconds * 3)
        if ran.value != _CANCELLED:
            fail(
                f"`lifespan`, when it is cancelled while it starts, {ran.value}. Let asyncio.CancelledError pass: "
                f"where `except` catches it, clean up and `raise`."
            )
        if left := [*ran.tasks, *before.left()]:
            fail(
                f"A start that is cancelled in its middle leaves:{listed(left)}\nThe end of `lifespan` is not reached "
                f"then: close what is open already in a `finally`, or enter it into an AsyncExitStack. A thread that "
                f"asyncio.to_thread has started goes on; wait for it, and close what it has opened."
            )


def stop_cancelled(subject: Subject) -> None:
    """Check a stop that is cancelled in its middle, as when its time is up: it ends, and everything is closed."""
    for moment in _MOMENTS if subject.implements("lifespan") else ():
        before, built = Traces.now(), subject.build()
        ran = run(partial(_cancel_stop, built, moment, subject.seconds), subject.seconds * 3)
        if ran.value not in (_CANCELLED, _DONE):
            fail(f"`lifespan`, when it is cancelled while it stops, {ran.value}. Let it end: the time is up by then.")
        if left := [*ran.tasks, *before.left()]:
            fail(
                f"A stop that is cancelled in its middle leaves:{listed(left)}\nClose in a `finally` what must be "
                f"closed, without an await between that may be cancelled."
            )


_CANCELLED = "is cancelled"
_DONE = "goes on as if nothing had been said"


class _Owner:
    """Enters and leaves a lifespan in one task, as a bus does."""

    def __init__(self, built: Built) -> None:
        found = built.host.lifespans(built.bus)
        lifespan = found[0][1] if found else nullcontext()  # the hook may return None
        self._leave = asyncio.Event()
        self.entered = asyncio.Event()
        self.task = asyncio.create_task(self._own(lifespan), name="contract: owner of the lifespan")

    async def _own(self, lifespan: AbstractAsyncContextManager[object]) -> None:
        async with lifespan:
            self.entered.set()
            await self._leave.wait()

    async def started(self) -> None:
        """Wait until the lifespan has been entered, or has failed."""
        waiting = asyncio.create_task(self.entered.wait())
        await asyncio.wait({self.task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()

    async def leave(self) -> None:
        """Let the task leave the lifespan."""
        self._leave.set()
        await asyncio.sleep(0)

    async def cancel(self, seconds: float, release: Callable[[], None]) -> str:
        """Cancel the task, give the threads free, and say how it ends."""
        self._leave.set()
        self.task.cancel()
        await _turn(2)
        release()
        done, _ = await asyncio.wait({self.task}, timeout=seconds)
        if not done:
            return f"goes on for more than {seconds:g} s"
        if self.task.cancelled():
            return _CANCELLED
        error = self.task.exception()
        if error is None:
            return _DONE
        raised = error.__cause__ or error  # below what the host makes of it
        return f"raises {type(raised).__name__}: {raised}"


async def _cancel_start(built: Built, moment: int, seconds: float) -> str:
    with _threads(busy=moment == 0) as release:
        owner = _Owner(built)
        await _turn(moment or 1)
        if not owner.entered.is_set() and not owner.task.done():
            return await owner.cancel(seconds, release)
    await owner.leave()  # it was too quick to be cancelled
    await owner.task
    return _CANCELLED


async def _cancel_stop(built: Built, moment: int, seconds: float) -> str:
    owner = _Owner(built)
    await owner.started()
    with _threads(busy=moment == 0) as release:
        await owner.leave()
        await _turn(moment or 1)
        if not owner.task.done():
            return await owner.cancel(seconds, release)
    await owner.task
    return _DONE


@contextmanager
def _threads(*, busy: bool) -> Iterator[Callable[[], None]]:
    """Perhaps have no thread free for to_thread, until the function is called that this gives."""
    free = threading.Event()
    if busy:
        executor = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(executor)
        executor.submit(free.wait)
    try:
        yield free.set
    finally:
        free.set()


async def _turn(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)
