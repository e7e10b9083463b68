"""`publish_many`: all middleware first, then all handlers, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextvars import Context, copy_context
from typing import TYPE_CHECKING, Any

from plugbus._escape import Escaped, held
from plugbus._groups import reap
from plugbus.dispatcher import Verb
from plugbus.events import Event
from plugbus.result import PublishResult


if TYPE_CHECKING:
    from plugbus.dispatcher import Dispatcher, Plan

__all__ = ("publish_many",)

_ADMIT, _DELIVER = Verb("soon", "admit"), Verb("soon", "deliver")

# What became of an event, or the task that finds out.
Outcome = PublishResult | asyncio.Task[PublishResult]


async def publish_many(dispatcher: Dispatcher, events: Sequence[Any]) -> tuple[PublishResult, ...]:
    """Publish events; see `EventBus.publish_many`."""
    outcomes: list[Outcome] = []
    try:
        plan = _batch_plan(dispatcher, events)
        if plan is None:
            await _publish_each(dispatcher, events, outcomes)
        elif not plan(events, outcomes):
            return tuple(outcomes)  # type: ignore[arg-type]  # no task is among them
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


def _batch_plan(dispatcher: Dispatcher, events: Sequence[Any]) -> Plan | None:
    """Return the plan that takes all events at once: they are of one type, which has none but sync handlers."""
    if not events:
        return None
    first = events[0]
    cls = type(first)
    for event in events:
        if type(event) is not cls:
            return None
    if not isinstance(first, Event):
        return dispatcher.batch(cls, None)
    is_one = all(event.type == first.type for event in events)
    return dispatcher.batch(cls, first.type) if is_one else None


async def _publish_each(dispatcher: Dispatcher, events: Sequence[Any], outcomes: list[Outcome]) -> None:
    """Publish each event in a context of its own: what its middleware set there, its handlers find."""
    admit, deliver = dispatcher.table(_ADMIT), dispatcher.table(_DELIVER)
    admitted: list[tuple[Any, Context]] = []
    for event in events:
        context = copy_context()
        begun = _begin(admit[event.__class__](event), context)
        admitted.append((await begun if isinstance(begun, asyncio.Task) else begun, context))
    # All plans are looked up before the first is run: what is wrong with one keeps all back.
    plans = [
        (event if isinstance(event, PublishResult) else deliver[event.__class__](event), context)
        for event, context in admitted
    ]
    for plan, context in plans:
        outcomes.append(plan if isinstance(plan, PublishResult) else _begin(plan, context))


def _begin(plan: Coroutine[Any, Any, Any], context: Context) -> Any:
    """Run a plan up to its first wait; return what it gave, or a task that does the rest."""
    running = held(plan)
    try:
        context.run(running.send, None)
    except StopIteration as stop:
        return stop.value
    return asyncio.get_running_loop().create_task(running, context=context)


async def _all(outcomes: Sequence[Outcome]) -> tuple[PublishResult, ...]:
    if tasks := _tasks(outcomes):
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    return tuple([outcome.result() if isinstance(outcome, asyncio.Task) else outcome for outcome in outcomes])


def _tasks(outcomes: Sequence[Outcome]) -> list[asyncio.Task[PublishResult]]:
    return [outcome for outcome in outcomes if isinstance(outcome, asyncio.Task)]
