"""The loop on which a bus does what its publishers' loops cannot, and hand-overs to it and to worker threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from plugbus.errors import BusClosed, HandlerTimeout
from plugbus.logger import logger


if TYPE_CHECKING:
    from plugbus._threads import WorkerThreads


__all__ = ("BusLoop", "Handover", "disown", "run_in_thread")

# How often one who waits for another loop looks whether that loop is still there.
_LOOK_SECONDS = 1.0
# What tasks on the private loop get to end, when they have been cancelled.
_GRACE_SECONDS = 5.0


class Handover:
    """
    An awaitable that runs as a task of the bus's loop.

    What ends a program (`SystemExit`, `KeyboardInterrupt`) and a cancellation there go to whoever waits: raised inside
    the other loop they would stop it.
    """

    def __init__(self, awaitable: Awaitable[Any], bus_loop: BusLoop) -> None:
        self._future: Future[Any] = Future()
        self._awaitable = awaitable
        self._bus_loop = bus_loop
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False

    def _start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._carry())
        self._task.add_done_callback(self._end)
        if self._cancelled:
            self._task.cancel()

    async def _carry(self) -> None:
        try:
            value = await self._awaitable
        except BaseException as error:  # noqa: BLE001  (it is raised where somebody waits)
            self._future.set_exception(error)
        else:
            self._future.set_result(value)

    def _end(self, _: asyncio.Task[None]) -> None:
        if not self._future.done():  # cancelled before its first step
            _close(self._awaitable)
            self._future.set_exception(asyncio.CancelledError())

    def _cancel(self) -> None:
        """Ask the task to cancel, from any thread."""
        self._cancelled = True
        if (task := self._task) is not None:
            with suppress(RuntimeError):  # its loop is closed
                task.get_loop().call_soon_threadsafe(task.cancel)

    def _check_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop.is_closed() and not self._future.done():
            if self._task is None:
                _close(self._awaitable)
            raise BusClosed("the loop on which async handlers ran was closed before they had ended")

    def wait(self) -> Any:
        """Run it and block this thread until it has ended; return or raise what it did."""
        try:
            loop = self._bus_loop.call_soon(self._start)
            while not self._future.done():
                with suppress(TimeoutError):  # ours, or the handler's own, which is raised below
                    return self._future.result(_LOOK_SECONDS)
                self._check_loop(loop)
            return self._future.result()
        except BaseException:
            if not self._future.done():  # Ctrl-C, or what a signal handler raised
                self._cancel()
            raise

    async def join(self) -> Any:
        """Run it and await its end from this loop; if we are cancelled, so is the task, and its end is awaited."""
        loop = self._bus_loop.call_soon(self._start)
        waiter = asyncio.wrap_future(self._future)
        cancelled: asyncio.CancelledError | None = None
        while not waiter.done():
            try:
                await asyncio.wait((waiter,), timeout=_LOOK_SECONDS)
            except asyncio.CancelledError as error:
                cancelled = error
                self._cancel()
            self._check_loop(loop)
        if cancelled is None:
            return waiter.result()
        waiter.exception()
        raise cancelled


async def run_in_thread(
    threads: WorkerThreads, call: Callable[[Any], Any], event: Any, timeout: float | None, name: str
) -> Any:
    """
    Run a sync call in a worker thread, with the publisher's context variables, and await its end.

    Args:
        threads: The bus's threads.
        call: The handler.
        event: What it takes.
        timeout: Seconds after which it has failed, None for as long as it takes.
        name: The handler's name.

    Raises:
        HandlerTimeout: If it did not end in time; its thread runs on.
    """
    context = copy_context()

    def work() -> Any:
        try:
            return context.run(call, event)
        except StopIteration as error:  # no future can hold one
            raise RuntimeError(f"handler {name} raised StopIteration") from error

    job = threads.submit(work)
    limit = asyncio.timeout(timeout)
    try:
        async with limit:
            value = await asyncio.wrap_future(job.future)
    except TimeoutError as error:
        if not limit.expired():
            raise
        abandoned = threads.abandon(job)
        remark = "its thread is abandoned and runs on" if abandoned else "it had not begun"
        raise HandlerTimeout(f"handler {name} did not end within {timeout:g} s; {remark}") from error
    except asyncio.CancelledError:
        if threads.abandon(job):
            logger.warning("handler %s was cancelled; its thread is abandoned and runs on", name)
        raise
    return await value if isawaitable(value) else value


class BusLoop:
    """
    The bus's own loop: the one it was started on, else a private one in a daemon thread, made when it is needed.

    Async handlers of sync publishers run here, and plugins' lifespans are entered and left here.
    """

    def __init__(self) -> None:
        self._adopted: asyncio.AbstractEventLoop | None = None
        self._private: _PrivateLoop | None = None
        self._lock = threading.Lock()

    def adopt(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Use a loop that is the application's."""
        self._adopted = loop

    def running(self) -> asyncio.AbstractEventLoop:
        """Return the loop; the private one if there is none that runs."""
        adopted = self._adopted
        if adopted is not None and adopted.is_running():
            return adopted
        with self._lock:
            return self._own().loop

    def call_soon(self, callback: Callable[..., object], *args: Any) -> asyncio.AbstractEventLoop:
        """Have a callback run on the loop, in a copy of this context; return the loop."""
        # Under the lock, so that `close` comes after it: what is handed over is run or cancelled, never forgotten.
        with self._lock:
            adopted = self._adopted
            if adopted is not None and adopted.is_running():
                with suppress(RuntimeError):  # closed at this very moment
                    adopted.call_soon_threadsafe(callback, *args)
                    return adopted
            loop = self._own().loop
            loop.call_soon_threadsafe(callback, *args)
            return loop

    def _own(self) -> _PrivateLoop:
        if self._private is None:
            self._private = _PrivateLoop()
        return self._private

    def block(self, awaitable: Awaitable[Any]) -> Any:
        """Wait for an awaitable, run on this loop, from a thread that has no running loop."""
        return Handover(awaitable, self).wait()

    def disown(self) -> None:
        """In a forked child: what runs here is the parent's."""
        if self._private is not None:
            disown(*asyncio.all_tasks(self._private.loop))

    async def close(self, timeout: float) -> None:
        """Stop the private loop: cancel what runs there and wait for its thread, at most `timeout` seconds."""
        with self._lock:
            private, self._private, self._adopted = self._private, None, None
            if private is not None:
                private.stop()
        if private is not None and not private.is_here():
            await asyncio.wait((asyncio.wrap_future(private.ended),), timeout=timeout)


class _PrivateLoop:
    """An event loop in a daemon thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.ended: Future[None] = Future()
        self.ended.set_running_or_notify_cancel()
        self._stopped_inside = False
        self._thread = threading.Thread(target=self._run, name="plugbus-loop", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:  # at the end of the interpreter
            self.loop.close()
            raise

    def is_here(self) -> bool:
        """Tell whether this is the loop's own thread."""
        return threading.current_thread() is self._thread

    def stop(self) -> None:
        """Let the loop and its thread end, when what runs there has been cancelled."""
        self._stopped_inside = self.is_here()
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        while True:
            try:
                self.loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                # A task that a handler left behind; the loop is for others too.
                logger.exception("a task on the bus's loop tried to end the program")
            else:
                break
        if self._stopped_inside:  # by a handler: its publish is still to come to its end
            self._wait_for_tasks()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self._wait_for_tasks()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        self.ended.set_result(None)

    def _wait_for_tasks(self) -> None:
        tasks = asyncio.all_tasks(self.loop)
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks, timeout=_GRACE_SECONDS))


def disown(*tasks: asyncio.Task[Any]) -> None:
    """Say nothing of the end of tasks that are those of a forked child's parent."""
    for task in tasks:
        task._log_destroy_pending = False  # type: ignore[attr-defined]


def _close(awaitable: Awaitable[Any]) -> None:
    if asyncio.iscoroutine(awaitable):
        awaitable.close()
