"""The plugins' lifespans: entered and left by one task, on the bus's loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from contextvars import Context
from typing import Protocol

import attrs

from plugbus._loops import disown
from plugbus.errors import BusClosed, PluginHookError
from plugbus.logger import logger


__all__ = ("Lifespan", "Lifespans", "Marks")

# What a plugin that does not stop in time gets to clean up, when it has been cut off.
_GRACE_SECONDS = 1.0


class Marks(Protocol):
    """Where the state of each plugin is kept."""

    def is_required(self, name: str) -> bool:
        """Tell whether the bus refuses to start without this plugin."""

    def mark(self, name: str, state: str, error: PluginHookError | None = None) -> None:
        """Set a plugin's state, and what keeps it from going further."""


@attrs.frozen
class Lifespan:
    """
    What one plugin has open while the bus runs.

    Args:
        plugin: The plugin's name.
        manager: Its context manager.
    """

    plugin: str
    manager: AbstractAsyncContextManager[object]


class Lifespans:
    """
    Enters what plugins have open, in order, and leaves it in reverse.

    One task does both, since cancel scopes and task groups may not be left by another task than entered them.

    Args:
        lifespans: What to enter.
        host: The plugins; told of each one's state.
    """

    def __init__(self, lifespans: Sequence[Lifespan], host: Marks) -> None:
        self._lifespans = lifespans
        self._host = host
        self._entered: list[Lifespan] = []
        self._doing = self._busy = ""
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._left: Future[list[Exception]] = Future()

    def is_here(self) -> bool:
        """Tell whether the loop that runs in this thread is the one on which they are entered and left."""
        return self._loop is not None and asyncio._get_running_loop() is self._loop

    def enter(
        self,
        loop: asyncio.AbstractEventLoop,
        context: Context,
        entered: Callable[[BaseException | None], None],
        gone: Callable[[], None],
    ) -> None:
        """
        Start the task.

        Args:
            loop: The bus's loop.
            context: The context of the task.
            entered: Called when all have been entered, or with the error that kept one from it.
            gone: Called when all have been left though nobody asked.
        """
        self._loop = loop

        def start() -> None:
            self._task = loop.create_task(self._own(entered, gone), name="plugbus-lifespans", context=context)

        if self.is_here():
            start()
        else:
            loop.call_soon_threadsafe(start)

    async def leave(self, timeout: float) -> list[Exception]:
        """Leave everything, at most `timeout` seconds for it; return what failed."""
        if self._loop is None or self._stop is None:
            return []
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)
        if not self._loop.is_running():
            still = ", ".join(lifespan.plugin for lifespan in self._entered)
            logger.error(
                "the loop that the bus was started on does not run, so these plugins were not stopped: %s; "
                "use `await bus.stop()` there",
                still,
            )
            return []
        left = asyncio.wrap_future(self._left)
        await asyncio.wait((left,), timeout=timeout)
        # Cancelled, a plugin that hangs ends, and those before it get their turn.
        for _ in self._lifespans:
            if left.done() or self._task is None or self._loop.is_closed():
                break
            logger.error("plugin %s did not %s in time and is cut off", self._busy, self._doing)
            self._loop.call_soon_threadsafe(self._task.cancel)
            await asyncio.wait((left,), timeout=_GRACE_SECONDS)
        return left.result() if left.done() else []

    def disown(self) -> None:
        """In a forked child: the task is the parent's."""
        if self._task is not None:
            disown(self._task)

    async def _own(self, entered: Callable[[BaseException | None], None], gone: Callable[[], None]) -> None:
        self._stop = asyncio.Event()
        try:
            for lifespan in self._lifespans:
                await self._enter(lifespan)
        except asyncio.CancelledError:
            _log(await self._leave_all())
            entered(BusClosed("the bus or its loop ended while its plugins were being started"))
            self._left.set_result([])
            raise
        except PluginHookError as error:
            _log(await self._leave_all())
            entered(error)
            self._left.set_result([])
            return
        entered(None)
        try:
            await self._stop.wait()
        except asyncio.CancelledError:
            _log(await self._leave_all())
            self._left.set_result([])
            gone()
            raise
        self._left.set_result(await self._leave_all())

    async def _enter(self, lifespan: Lifespan) -> None:
        self._doing, self._busy = "start", lifespan.plugin
        try:
            await lifespan.manager.__aenter__()
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and _is_being_cancelled():
                raise
            wrapped = _wrapped(lifespan, "could not be started", error)
            if self._host.is_required(lifespan.plugin):
                self._host.mark(lifespan.plugin, "broken", wrapped)
                raise wrapped from wrapped.__cause__
            logger.warning("plugin %s is left out, it could not be started: %s", lifespan.plugin, error)
            self._host.mark(lifespan.plugin, "degraded", wrapped)
        else:
            self._entered.append(lifespan)
            self._host.mark(lifespan.plugin, "started")

    async def _leave_all(self) -> list[Exception]:
        errors: list[Exception] = []
        while self._entered:
            lifespan = self._entered[-1]
            failure: PluginHookError | None = None
            self._doing, self._busy = "stop", lifespan.plugin
            try:
                await lifespan.manager.__aexit__(None, None, None)
            except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001  (the others come first)
                # One that was cut off has been reported as such.
                if not (isinstance(error, asyncio.CancelledError) and _is_being_cancelled()):
                    failure = _wrapped(lifespan, "failed to stop", error)
                    errors.append(failure)
            self._entered.pop()
            self._host.mark(lifespan.plugin, "stopped", failure)
        return errors


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _wrapped(lifespan: Lifespan, what: str, error: BaseException) -> PluginHookError:
    reason = str(error) or type(error).__name__
    wrapped = PluginHookError(
        f"plugin {lifespan.plugin} {what}: {reason}",
        plugin=lifespan.plugin,
        distribution=error.distribution if isinstance(error, PluginHookError) else None,
        hook="lifespan",
    )
    # A hook's error names the plugin; what it was raised from it has kept, unless that would show a secret.
    wrapped.__cause__ = error.__cause__ if isinstance(error, PluginHookError) else error
    return wrapped


def _log(errors: Sequence[Exception]) -> None:
    """Log what nobody will raise."""
    for error in errors:
        logger.error("%s", error, exc_info=error)
