"""
Where a stage's handlers run that a plan does not call itself: side by side in tasks, one by one, or in a loop.

A job is the number of a handler in its plan, and what is called with the event.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from contextvars import Context
from inspect import CO_ITERABLE_COROUTINE, iscoroutine
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Protocol

import attrs


if sys.version_info >= (3, 12):
    from asyncio import current_task
else:
    from asyncio.tasks import _current_tasks  # type: ignore[attr-defined]  # private, and there on 3.11

    def current_task() -> asyncio.Task[Any] | None:
        """Return the running task. Asking which loop runs costs a system call, so this asks which tasks do."""
        try:
            (task,) = _current_tasks.values()
        except ValueError:  # those of several loops, or none
            return asyncio.current_task()
        running: asyncio.Task[Any] = task
        return running


if TYPE_CHECKING:
    from plugbus._underway import Underway
    from plugbus.handlers import Subscription

__all__ = (
    "Groups",
    "Job",
    "Stage",
    "Step",
    "Supervisor",
    "cancel_count",
    "current_task",
    "is_awaitable",
    "new_task",
    "reap",
)

# A handler as a plan calls it, and a stage's handlers: those that are called, then those that are awaited.
Step = tuple["Subscription", Callable[[Any], Any]]
Stage = tuple[Sequence[Step], Sequence[Step]]
Job = tuple[int, Callable[[Any], Any]]


class Supervisor(Protocol):
    """Who decides what becomes of a handler that raised."""

    def fail(self, index: int, event: Any, error: Exception | asyncio.CancelledError) -> Any:
        """Return what stands for the failure among the values."""

    def cancelled(self, index: int, event: Any, error: asyncio.CancelledError, before: int | None) -> Any:
        """Raise the error if it is the publisher's, else return what stands for the failure."""


@attrs.frozen
class _Escaped:
    """Carries out of a task what ends a program; raised inside, it would stop the loop before anybody is told."""

    error: BaseException


def is_awaitable(value: object) -> bool:
    """Tell whether a value can be awaited; as `inspect` does, but without comparing it or its class."""
    if hasattr(type(value), "__await__"):
        return True
    return isinstance(value, GeneratorType) and bool(value.gi_code.co_flags & CO_ITERABLE_COROUTINE)


def cancel_count() -> int:
    """Return how often the current task has been cancelled, without a request that it has not received yet."""
    task = asyncio.current_task()
    count = task.cancelling() if task is not None else 0
    # A task may cancel itself, and goes on to its next wait.
    return count and count - bool(getattr(task, "_must_cancel", False))


def new_task(
    coroutine: Coroutine[Any, Any, Any], loop: asyncio.AbstractEventLoop, context: Context | None = None
) -> asyncio.Task[Any]:
    """Return a task of the running loop; past `create_task`, which does the same more slowly, where nobody minds."""
    if loop.get_task_factory() is None:
        return asyncio.Task(coroutine, loop=loop, context=context)
    return loop.create_task(coroutine, context=context)


class Groups:
    """
    The groups of one plan.

    Args:
        stages: The plan's handlers.
        supervisor: Decides what becomes of those that raise.
        underway: Counts the publishes that wait.
    """

    def __init__(self, stages: Sequence[Stage], supervisor: Supervisor, underway: Underway) -> None:
        self.called: list[Sequence[Job]] = []
        self.awaited: list[Sequence[Job]] = []
        start = 0
        for called, awaited in stages:
            self.called.append(tuple(enumerate((run for _, run in called), start)))
            self.awaited.append(tuple(enumerate((run for _, run in awaited), start + len(called))))
            start += len(called) + len(awaited)
        self.underway = underway
        self._fail, self._cancelled = supervisor.fail, supervisor.cancelled

    def run_all(self, jobs: Sequence[Job], event: Any) -> Sequence[Any]:
        """
        Call sync handlers one after the other.

        Returns:
            Their values; nothing if all of them are None.
        """
        values: list[Any] = []
        for index, run in jobs:
            try:
                values.append(run(event))
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  (isolation: it goes into the result)
                values.append(self._fail(index, event, error))
        return _unless_none(values)

    async def together(self, jobs: Sequence[Job], event: Any, before: int) -> Sequence[Any]:
        """
        Run async handlers side by side.

        Whatever ends this early, be it the publisher's cancellation or what ends a program, they are all cancelled, and
        awaited.

        Args:
            jobs: The handlers.
            event: The event.
            before: `cancel_count` when the publish began.

        Returns:
            Their values; nothing if all of them are None.
        """
        values: list[Any] = []
        tasks: list[asyncio.Task[Any]] = []
        try:
            self._start(jobs, event, tasks)
            for (index, _), task in zip(jobs, tasks, strict=True):
                try:
                    if task.done():
                        value = task.result()
                    else:
                        value = await task
                        if cancel_count() > before:  # a handler has swallowed the publisher's cancellation
                            raise asyncio.CancelledError  # noqa: TRY301  (handled as if it had not been)
                except asyncio.CancelledError as error:
                    if cancel_count() > before:
                        raise
                    _raise_escaped(tasks)
                    value = self._fail(index, event, error)
                if type(value) is _Escaped:
                    raise value.error  # noqa: TRY301  (the reaping below is for it too)
                values.append(value)
        except GeneratorExit:
            for task in tasks:
                task.cancel()
            raise
        except BaseException:
            await reap(tasks)
            raise
        return _unless_none(values)

    async def in_turn(self, jobs: Sequence[Job], event: Any, before: int) -> Sequence[Any]:
        """Run async handlers one by one, in place; otherwise as `together`."""
        values: list[Any] = []
        for index, run in jobs:
            try:
                values.append(await run(event))
            except Exception as error:  # noqa: BLE001  (isolation: it goes into the result)
                values.append(self._fail(index, event, error))
            except asyncio.CancelledError as error:
                values.append(self._cancelled(index, event, error, before))
        return _unless_none(values)

    async def settle(
        self, stage: int, event: Any, before: int, values: Sequence[Any], in_turn: bool
    ) -> tuple[Sequence[Any], Sequence[Any]]:
        """
        Run a stage's async handlers, and with them what its sync ones have returned to be awaited.

        Args:
            stage: The number of the stage.
            event: The event.
            before: `cancel_count` when the publish began.
            values: What the sync handlers returned.
            in_turn: Whether to await them one by one.

        Returns:
            The values of the sync handlers, those that had to be awaited among them, and of the async ones.
        """
        jobs = [
            (index, _giving(value))
            for (index, _), value in zip(self.called[stage], values, strict=True)
            if is_awaitable(value)
        ]
        jobs += self.awaited[stage]
        run = self.in_turn if in_turn or len(jobs) == 1 else self.together
        mark: object = self.underway.mark
        try:
            made = iter(await run(jobs, event, before) or [None] * len(jobs))
        except BaseException:
            _close(values)
            raise
        finally:
            del mark  # a traceback may keep this frame
        return [next(made) if is_awaitable(value) else value for value in values], list(made)

    def _start(self, jobs: Sequence[Job], event: Any, tasks: list[asyncio.Task[Any]]) -> None:
        loop = asyncio.get_running_loop()
        if sys.version_info >= (3, 12) and loop.get_task_factory() is None:
            for index, run in jobs:
                tasks.append(asyncio.Task(self._guarded(index, run, event, tasks), loop=loop, eager_start=True))
        else:
            for index, run in jobs:
                tasks.append(new_task(self._guarded(index, run, event, tasks), loop))

    async def _guarded(
        self, index: int, run: Callable[[Any], Awaitable[Any]], event: Any, group: Sequence[asyncio.Task[Any]]
    ) -> Any:
        try:
            return await run(event)
        except Exception as error:  # noqa: BLE001  (isolation: it goes into the result)
            return self._fail(index, event, error)
        except (asyncio.CancelledError, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001  (`together` raises it)
            own = asyncio.current_task()
            for task in group:
                if task is not own:
                    task.cancel()
            return _Escaped(error)


def _raise_escaped(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Raise what made a handler cancel its siblings, if that is why one of them was."""
    for task in tasks:
        if task.done() and not task.cancelled() and task.exception() is None and type(task.result()) is _Escaped:
            raise task.result().error


async def reap(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel tasks and await their end, however often we are cancelled meanwhile."""
    for task in tasks:
        task.cancel()
    while pending := [task for task in tasks if not task.done()]:
        try:
            await asyncio.wait(pending)
        except asyncio.CancelledError:
            for task in pending:
                task.cancel()


def _giving(value: Awaitable[Any]) -> Callable[[Any], Awaitable[Any]]:
    return lambda _: value


def _close(values: Iterable[Any]) -> None:
    for value in values:
        if iscoroutine(value):
            value.close()


def _unless_none(values: Sequence[Any]) -> Sequence[Any]:
    """Return the values, or nothing if all of them are None."""
    for value in values:
        if value is not None:
            return values
    return ()
