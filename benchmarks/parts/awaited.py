"""Async handlers: one, in sequence, side by side."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from typing import Any

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from parts.build import ISOLATED, PUBLISH, built


def awaited_parts() -> Iterator[tuple[str, Statement]]:
    (handler,) = Kit().awaited(1)
    yield "raw", timed("await handler(event)", handler=handler, event=EVENT)
    end = "        if r0 is None:\n            return OK\n"
    asked = "        before = current_task().cancelling()\n"
    for label, body in [
        ("a coroutine around it", "        await h0(event)\n"),
        ("+ isolated, whether it returned None", ISOLATED + end),
        ("+ how often the publisher was cancelled before", asked + ISOLATED + end),
    ]:
        plan = built(f"async def plan(event):\n    if True:\n{body}", Kit().awaited(1))
        yield label, timed("await plan(event)", plan=plan, event=EVENT)
    source = f"{PUBLISH}async def plan(event):\n    if True:\n{asked}{ISOLATED}{end}bus = Bus(plan)"
    bus = built(source, Kit().awaited(1), "bus")
    yield "+ found by the class of the event", timed("await publish(event)", publish=bus.publish, event=EVENT)


def in_turn_parts(called: int, awaited: int) -> Iterator[tuple[str, Statement]]:
    """Handlers that are awaited one by one, after those that are called."""
    count = called + awaited
    numbers = range(count)

    def handlers() -> list[Callable[..., Any]]:
        kit = Kit()
        return [*kit.called(called), *kit.awaited(awaited)]

    loop = (
        "async def plan(event):\n"
        "    for handler in first: handler(event)\n"
        "    for handler in then: await handler(event)\n"
    )
    scope: dict[str, Any] = {"first": tuple(handlers()[:called]), "then": tuple(handlers()[called:])}
    exec(loop, scope)  # noqa: S102  (written in this file)
    yield "raw", timed("await plan(event)", plan=scope["plan"], event=EVENT)

    def call(number: int) -> str:
        return f"h{number}(event)" if number < called else f"await h{number}(event)"

    plain = "".join(f"    r{number} = {call(number)}\n" for number in numbers)
    isolated = "".join(
        f"    try:\n        r{number} = {call(number)}\n"
        f"    except Exception as error:\n        r{number} = fail({number}, event, error)\n"
        f"    except CancelledError as error:\n        r{number} = fail({number}, event, error)\n"
        for number in numbers
    )
    test = f"    if {' and '.join(f'r{number} is None' for number in numbers)}:\n        return OK\n"
    asked = "    before = current_task().cancelling()\n"
    for label, body in [
        ("the awaits written out", plain),
        ("+ whether all returned None", plain + test),
        ("+ each in a try of its own", isolated + test),
        ("+ how often the publisher was cancelled before", asked + isolated + test),
    ]:
        plan = built(f"async def plan(event):\n{body}", handlers())
        yield label, timed("await plan(event)", plan=plan, event=EVENT)
    bus = built(f"{PUBLISH}async def plan(event):\n{asked}{isolated}{test}bus = Bus(plan)", handlers(), "bus")
    yield "+ found by the class of the event", timed("await publish(event)", publish=bus.publish, event=EVENT)


def together_parts(count: int) -> Iterator[tuple[str, Statement]]:
    """Handlers side by side, each with a context, and from Python 3.12 on a task, of its own."""
    handlers = Kit().awaited(count)
    scope: dict[str, Any] = {"gather": asyncio.gather, "handlers": handlers}
    exec("async def raw(event):\n    await gather(*[handler(event) for handler in handlers])\n", scope)  # noqa: S102
    yield "raw", timed("await raw(event)", raw=scope["raw"], event=EVENT)
    if sys.version_info >= (3, 12):
        scope["Task"] = asyncio.Task
        exec(  # noqa: S102
            "async def steps(event):\n"
            "    loop = get_running_loop()\n"
            "    return [Task(handler(event), loop=loop, eager_start=True) for handler in handlers]\n",
            scope | {"get_running_loop": asyncio.get_running_loop},
            own := {},
        )
        yield "an eager task for each", timed("await steps(event)", steps=own["steps"], event=EVENT)
    else:
        scope |= {"Task": asyncio.Task, "get_running_loop": asyncio.get_running_loop}
        exec(  # noqa: S102
            "async def steps(event):\n"
            "    loop = get_running_loop()\n"
            "    for task in [Task(handler(event), loop=loop) for handler in handlers]:\n"
            "        await task\n",
            scope,
        )
        yield "a task for each", timed("await steps(event)", steps=scope["steps"], event=EVENT)
