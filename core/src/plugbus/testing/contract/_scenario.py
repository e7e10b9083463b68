"""Running something on a loop of its own, and looking at what it leaves: tasks, threads, files."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

import attrs

from plugbus.testing.contract._verdict import fail


__all__ = ("Ran", "Traces", "run")

T = TypeVar("T")

# A thread that has been told to end may need a moment for it.
_GRACE_SECONDS = 2.0


@attrs.frozen
class Ran(Generic[T]):
    """
    What came of a scenario.

    Args:
        value: What it returned.
        tasks: The tasks that were still there at its end.
        complaints: What the loop was told of that nobody had caught.
    """

    value: T
    tasks: tuple[str, ...]
    complaints: tuple[str, ...]


def run(scenario: Callable[[], Coroutine[Any, Any, T]], seconds: float, *, debug: bool = False) -> Ran[T]:
    """
    Run a scenario on a new loop and close that.

    Args:
        scenario: Returns the coroutine.
        seconds: How long it may take; a plugin that hangs fails then.
        debug: Whether the loop is in debug mode.
    """
    complaints: list[str] = []
    loop = asyncio.new_event_loop()
    loop.set_debug(debug)
    loop.set_exception_handler(lambda _, context: complaints.append(_told(context)))
    try:
        main = loop.create_task(scenario())
        loop.run_until_complete(asyncio.wait({main}, timeout=seconds))
        if not main.done():
            main.cancel()
            loop.run_until_complete(asyncio.wait({main}, timeout=seconds))
            fail(
                f"Not done after {seconds:g} s: the plugin hangs. If it may take longer, raise `seconds` of the class."
            )
        loop.run_until_complete(_pass(3))
        left = asyncio.all_tasks(loop)
        tasks = tuple(sorted(f"task {task.get_name()!r} of {_where(task)}" for task in left))
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=seconds))
        return Ran(main.result(), tasks, tuple(complaints))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@attrs.frozen
class Traces:
    """What a process has in use: `Traces.now()`, and later `left()` for what has been added since."""

    threads: frozenset[threading.Thread]
    files: Mapping[str, str]
    log_handlers: frozenset[logging.Handler]

    @classmethod
    def now(cls) -> Traces:
        """Look at what is in use."""
        gc.collect()
        return cls(frozenset(threading.enumerate()), _open_files(), frozenset(_log_handlers()))

    def left(self) -> list[str]:
        """Return what is in use now and was not then, in words."""
        for thread in set(threading.enumerate()) - self.threads - {threading.current_thread()}:
            thread.join(_GRACE_SECONDS)
        now = Traces.now()
        found = [f"thread {thread.name!r}" for thread in now.threads - self.threads]
        found += [f"open file {name}" for number, name in now.files.items() if self.files.get(number) != name]
        found += [f"logging handler {handler!r}" for handler in now.log_handlers - self.log_handlers]
        return sorted(found)


async def _pass(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


def _told(context: Mapping[str, Any]) -> str:
    error = context.get("exception")
    return f"{context.get('message')}: {error!r}" if error is not None else str(context.get("message"))


def _where(task: asyncio.Task[Any]) -> str:
    coroutine: Any = task.get_coro()
    return getattr(coroutine, "__qualname__", repr(coroutine))


def _open_files() -> dict[str, str]:
    """Return the open files by number; none on systems that do not tell."""
    folders = (folder for folder in (Path("/proc/self/fd"), Path("/dev/fd")) if folder.is_dir())
    found = {}
    for entry in next((folder.iterdir() for folder in folders), ()):
        with suppress(OSError):  # the one through which the folder was read
            found[entry.name] = str(entry.readlink())
    return found


def _log_handlers() -> list[logging.Handler]:
    loggers = [logging.getLogger(), *logging.getLogger().manager.loggerDict.values()]
    return [handler for logger in loggers if isinstance(logger, logging.Logger) for handler in logger.handlers]
