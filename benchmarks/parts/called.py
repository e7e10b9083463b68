"""Sync handlers: called, with values, behind middleware, correlated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from cases.events import EVENT
from harness.handlers import Kit
from harness.statement import Statement, timed
from parts.build import PUBLISH, built, fail, unrolled


COLLECT = "    values = ({listed},)"


LOOK = f"{COLLECT}\n    told = plain.get(({{types}},))"


RESULT = f"""{LOOK}
    made = Values()
    made.handlers = OK
    made.values = told(values)
    made.failures = ()
    made.blocked_by = None
    made.deferred = False
    return made"""


def sync_parts(count: int) -> Iterator[tuple[str, Statement]]:
    handlers = Kit().called(count)
    yield "raw", timed("for handler in handlers: handler(event)", handlers=handlers, event=EVENT)
    for label, test, isolate in [
        ("the calls written out", False, False),
        ("+ whether all returned None", True, False),
        ("+ each in a try of its own", True, True),
    ]:
        plan = built(unrolled(count, test=test, isolate=isolate), Kit().called(count))
        yield label, timed("plan(event)", plan=plan, event=EVENT)
    source = PUBLISH + unrolled(count, test=True, isolate=True)
    bus = built(source + "bus = Bus(plan)", Kit().called(count), "bus")
    yield "+ found by the class of the event", timed("publish(event)", publish=bus.publish, event=EVENT)
    source = PUBLISH + unrolled(count, kind="async def", test=True, isolate=True)
    bus = built(source + "bus = Bus(plan)", Kit().called(count), "bus")
    yield "+ awaited", timed("await publish(event)", publish=bus.publish, event=EVENT)


def value_parts(count: int) -> Iterator[tuple[str, Statement]]:
    handlers = Kit().called(count, returns="1")
    yield "raw", timed("for handler in handlers: handler(event)", handlers=handlers, event=EVENT)
    for label, values in [
        ("isolated calls, values collected", COLLECT),
        ("+ whether one is to be awaited", LOOK),
        ("+ an object that holds them", RESULT),
    ]:
        plan = built(unrolled(count, test=True, isolate=True, values=values), Kit().called(count, returns="1"))
        yield label, timed("plan(event)", plan=plan, event=EVENT)


def middleware_parts(count: int) -> Iterator[tuple[str, Statement]]:
    """Middleware that lets pass, and one handler."""

    def wrap(call_next: Any) -> Any:
        def closure(event: Any) -> Any:
            return call_next(event)

        return closure

    (nested,) = Kit().called(1)
    for _ in range(count):
        nested = wrap(nested)
    yield "raw", timed("nested(event)", nested=nested, event=EVENT)

    def passes() -> Callable[[Any], Any]:
        def middleware(event: Any) -> Any:
            return event

        return middleware

    looks = "".join(
        f"    given = m{number}(event)\n    if given is not event: return None\n" for number in range(count)
    )
    end = "    r0 = h0(event)\n    if r0 is None: return OK\n"
    safe = (
        "    try:\n        r0 = h0(event)\n    except (Exception, CancelledError) as error:\n"
        "        r0 = fail(0, event, error)\n    if r0 is None: return OK\n"
    )
    for label, body in [
        ("the calls, and what each gave", looks + end),
        ("+ the handler in a try of its own", looks + safe),
    ]:
        plan = built_with(f"def plan(event):\n{body}", passes, count)
        yield label, timed("plan(event)", plan=plan, event=EVENT)
    bus = built_with(f"{PUBLISH}def plan(event):\n{looks}{safe}bus = Bus(plan)", passes, count, "bus")
    yield "+ found by the class of the event", timed("publish(event)", publish=bus.publish, event=EVENT)


def built_with(source: str, passes: Callable[[], Any], count: int, name: str = "plan") -> Any:
    named = {f"m{number}": passes() for number in range(count)}
    scope: dict[str, Any] = {"h0": Kit().called(1)[0], "EVENT": EVENT, "OK": object(), "fail": fail, **named}
    scope["CancelledError"] = asyncio.CancelledError
    exec(source, scope)  # noqa: S102  (written in this file)
    return scope[name]


def correlated_parts(count: int) -> Iterator[tuple[str, Statement]]:
    """What the chain of causes takes: a context variable is read, set, and set back."""
    handlers = Kit().called(count)
    yield "raw", timed("for handler in handlers: handler(event)", handlers=handlers, event=EVENT)
    bare = unrolled(count, test=True, isolate=True)
    yield "isolated calls", timed("plan(event)", plan=built(bare, Kit().called(count)), event=EVENT)
    body = "".join(f"    {line}\n" for line in bare.splitlines()[1:])
    current: ContextVar[Any] = ContextVar("current", default=None)
    around = (
        "def plan(event):\n    parent = get()\n    try:\n"
        "        if parent is not None:\n            link(event, parent)\n"
        f"        put(event)\n{body}    finally:\n        put(parent)\n"
    )
    scope = {"get": current.get, "put": current.set, "link": None}
    plan = built_in(around, Kit().called(count), scope)
    yield "+ the context read, set, and set back", timed("plan(event)", plan=plan, event=EVENT)


def built_in(source: str, handlers: list[Callable[..., Any]], more: dict[str, Any]) -> Any:
    named = {f"h{number}": handler for number, handler in enumerate(handlers)}
    scope = {**named, **more, "CancelledError": asyncio.CancelledError, "fail": fail, "OK": object()}
    exec(source, scope)  # noqa: S102  (written in this file)
    return scope["plan"]
