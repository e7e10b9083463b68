"""`publish_many`: all middleware first, then all handlers, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from plugbus._desk import reap
from plugbus._tasks import Escaped, carry_on
from plugbus.result import PublishResult


if TYPE_CHECKING:
    from plugbus._tasks import Steps
    from plugbus.dispatcher import Dispatcher

__all__ = ("publish_many",)


async def publish_many(dispatcher: Dispatcher, events: Iterable[Any]) -> tuple[PublishResult, ...]:
    """
    Publish events; see `EventBus.publish_many`.

    Each event has a context of its own: what its middleware set there, its handlers find.
    """
    admit, deliver = dispatcher.table(("steps", "admit", False)), dispatcher.table(("steps", "deliver", False))
    admitted: list[tuple[Any, Context]] = []
    for event in list(events):
        context = copy_context()
        admitted.append((await _admit(admit[event.__class__](event), context), context))
    # All plans are looked up before the first is run: what is wrong with one keeps all back.
    plans = [
        (event if isinstance(event, PublishResult) else deliver[event.__class__](event), context)
        for event, context in admitted
    ]
    outcomes: list[PublishResult | asyncio.Task[PublishResult]] = []
    try:
        for plan, context in plans:
            outcomes.append(plan if isinstance(plan, PublishResult) else _begin(plan, context))
        return await _all(outcomes)
    except GeneratorExit:
        for task in _tasks(outcomes):
            task.cancel()
        raise
    except BaseException as error:
        tasks = _tasks(outcomes)
        await reap(tasks)
        for task in tasks:
            if not task.cancelled():
                task.exception()
        if isinstance(error, Escaped):
            raise error.error from None
        raise


def _begin(steps: Steps, context: Context) -> Any:
    """Run a plan up to its first wait; return what it gave, or a task that does the rest."""
    try:
        waiting = context.run(next, steps)
    except StopIteration as stop:
        return stop.value
    return carry_on(steps, waiting, context)


async def _admit(steps: Steps, context: Context) -> Any:
    outcome = _begin(steps, context)
    try:
        return await outcome if isinstance(outcome, asyncio.Task) else outcome
    except Escaped as escaped:
        raise escaped.error from None


async def _all(outcomes: Sequence[PublishResult | asyncio.Task[PublishResult]]) -> tuple[PublishResult, ...]:
    if tasks := _tasks(outcomes):
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    return tuple([outcome.result() if isinstance(outcome, asyncio.Task) else outcome for outcome in outcomes])


def _tasks(outcomes: Iterable[Any]) -> list[asyncio.Task[Any]]:
    return [outcome for outcome in outcomes if isinstance(outcome, asyncio.Task)]
