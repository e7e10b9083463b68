"""Many events at once, and events that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from types import coroutine
from typing import Any

from cases.events import BenchmarkRun
from harness.handlers import Kit
from harness.statement import Statement, timed
from parts.build import fail


def batch_parts(count: int) -> Iterator[tuple[str, Statement]]:
    """Many events of one type to one handler."""
    events = [BenchmarkRun(number=number) for number in range(count)]
    (handler,) = Kit().called(1)
    scope = {"handler": handler, "cls": BenchmarkRun, "ok": object(), "fail": fail}

    def part(head: str, lines: str, tail: str) -> Callable[..., Any]:
        own: dict[str, Any] = {}
        exec(f"{head}\n{lines}{tail}", scope, own)  # noqa: S102  (written in this file)
        made: Callable[..., Any] = own["plan"]
        return made

    calls = (
        "    for event in events:\n        try:\n            r0 = handler(event)\n"
        "        except Exception as error:\n            r0 = fail(0, event, error)\n        if r0 is None: continue\n"
    )
    types = "    for event in events:\n        if type(event) is not cls: return None\n"
    given = "    events = list(events)\n"
    results = "    return tuple([ok] * len(events))\n"
    yield (
        "raw",
        timed(
            "plan(given)", plan=part("def plan(events):", "    for event in events: handler(event)\n", ""), given=events
        ),
    )
    head = "def plan(events):"
    yield "isolated calls, whether each returned None", timed("plan(given)", plan=part(head, calls, ""), given=events)
    yield "+ whether all are of one type, first", timed("plan(given)", plan=part(head, types + calls, ""), given=events)
    whole = given + types + calls
    yield "+ a list of them, a tuple of results", timed("plan(given)", plan=part(head, whole, results), given=events)
    plan = part("async def plan(events):", whole, results)
    yield "+ awaited", timed("await plan(given)", plan=plan, given=events)


def soon_parts(count: int) -> Iterator[tuple[str, Statement]]:
    """Events to one async handler, nobody waits for the end of each."""
    (handler,) = Kit().awaited(1)
    events = [BenchmarkRun(number=number) for number in range(count)]
    names = {"given": events, "handler": handler, "create_task": asyncio.create_task, "Handle": Handle}
    wait = "\nfor task in tasks: await task"
    names |= {"around": around, "begin": begin, "Handle": Handle, "planned": planned}
    yield "raw", Statement(f"tasks = [create_task(handler(event)) for event in given]{wait}", names, count)
    yield (
        "a coroutine around it, with a handle that knows the result",
        Statement(f"tasks = [create_task(around(Handle(), handler, event)) for event in given]{wait}", names, count),
    )
    yield (
        "+ a first step before it returns, in a context of its own",
        Statement(f"tasks = [begin(Handle(), handler, event) for event in given]{wait}", names, count),
    )
    yield (
        "+ inside of it a plan, a coroutine too, that isolates the handler",
        Statement(f"tasks = [begin(Handle(), planned(handler), event) for event in given]{wait}", names, count),
    )
    yield (
        "+ one of those that stop waits for, found by the class",
        Statement(
            "handles = [Handle() for event in given]\n"
            "tasks = [track(plans[event.__class__], handle, event) for handle, event in zip(handles, given)]\n"
            f"{wait}",
            names | {"plans": {BenchmarkRun: planned(handler)}, "track": track},
            count,
        ),
    )


def planned(handler: Callable[..., Any]) -> Callable[..., Any]:
    async def plan(event: object) -> Any:
        try:
            return await handler(event)
        except Exception as error:  # noqa: BLE001  (as a plan does)
            return error

    return plan


here: ContextVar[Any] = ContextVar("here")
pending: set[Any] = set()


def track(plan: Callable[..., Any], handle: Handle, event: object) -> asyncio.Task[None]:
    """Count a publish as pending until it has ended; its handlers find it in their context."""
    context = copy_context()
    rest = tracked(handle, plan, event)
    context.run(rest.send, None)
    pending.add(handle)
    return asyncio.Task(rest, loop=asyncio.get_running_loop(), context=context)


async def tracked(handle: Handle, plan: Callable[..., Any], event: object) -> None:
    here.set(handle)
    await around(handle, plan, event, paused=True)
    pending.discard(handle)


@coroutine
def pause() -> Iterator[None]:
    yield


def begin(handle: Handle, handler: Callable[..., Any], event: object) -> asyncio.Task[None]:
    """Run what is sync (here nothing) before a task does the rest."""
    context = copy_context()
    rest = around(handle, handler, event, paused=True)
    context.run(rest.send, None)
    return asyncio.Task(rest, loop=asyncio.get_running_loop(), context=context)


class Handle:
    """What stands for a handle: an object with a result."""

    result = None


async def around(handle: Handle, handler: Callable[..., Any], event: object, *, paused: bool = False) -> None:
    try:
        if paused:
            await pause()
        handle.result = await handler(event)
    except Exception as error:  # noqa: BLE001  (it is what the handle is for)
        handle.result = error
