"""
What limits a publish: its parts one upon the other, beside the raw code, as bare as they can be written.

    python benchmarks/limits.py [--rounds N]

Each line adds one thing that a publish promises to the line above it. Where the sum of the parts is more than what a
publish shall cost at most, the bus cannot reach that without giving up one of them.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from typing import Any

from cases.events import EVENT, BenchmarkRun
from harness.handlers import Kit
from harness.rounds import Sample, take_turns
from harness.statement import Statement, timed
from plugbus._groups import current_task


ROUNDS = 60

# What a publish does before it reaches its plan: a method that looks it up by the class of the event.
PUBLISH = """
class Bus:
    def __init__(self, plan):
        self.plans = {type(EVENT): plan}
    def publish(self, event):
        return self.plans[event.__class__](event)
"""
ISOLATED = """\
        try:
            r0 = await h0(event)
        except Exception as error:
            r0 = fail(0, event, error)
        except CancelledError as error:
            r0 = fail(0, event, error)
"""


class Values:
    """What stands for a result with values: an object with five slots."""

    __slots__ = ("blocked_by", "deferred", "failures", "handlers", "values")


def fail(index: int, event: object, error: BaseException) -> None:
    raise error


def built(source: str, handlers: list[Callable[..., Any]], name: str = "plan") -> Callable[..., Any]:
    scope: dict[str, Any] = {f"h{number}": handler for number, handler in enumerate(handlers)}
    scope |= {"EVENT": EVENT, "CancelledError": asyncio.CancelledError, "fail": fail, "OK": object(), "Values": Values}
    scope |= {"current_task": current_task, "plain": {(int,) * len(handlers): tuple}}
    exec(source, scope)  # noqa: S102  (written in this file)
    return scope[name]


def unrolled(count: int, *, kind: str = "def", test: bool, isolate: bool, values: str = "") -> str:
    """Return a plan that calls its handlers one after the other."""
    lines = [f"{kind} plan(event):"]
    for number in range(count):
        if isolate:
            lines += ["    try:", f"        r{number} = h{number}(event)"]
            lines += [
                "    except (Exception, CancelledError) as error:",
                f"        r{number} = fail({number}, event, error)",
            ]
        else:
            lines.append(f"    r{number} = h{number}(event)" if test or values else f"    h{number}(event)")
    if test:
        lines.append(f"    if {' and '.join(f'r{number} is None' for number in range(count))}:")
        lines.append("        return OK")
    if values:
        listed = ", ".join(f"r{number}" for number in range(count))
        types = ", ".join(f"type(r{number})" for number in range(count))
        lines += [line.format(listed=listed, types=types) for line in values.splitlines()]
    return "\n".join(lines) + "\n"


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

    loop = "async def plan(event):\n    for handler in first: handler(event)\n    for handler in then: await handler(event)\n"
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
    scope: dict[str, Any] = {"gather": asyncio.gather, "handlers": handlers, "copy_context": copy_context}
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
        exec(  # noqa: S102
            "async def steps(event):\n"
            "    for handler in handlers:\n"
            "        try:\n"
            "            copy_context().run(handler(event).send, None)\n"
            "        except StopIteration:\n"
            "            pass\n",
            scope,
        )
        yield "one step of each in a context of its own", timed("await steps(event)", steps=scope["steps"], event=EVENT)


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
        "def plan(event):\n    parent = get()\n    try:\n        if parent is not None:\n            link(event, parent)\n"
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
    names |= {"copy_context": copy_context, "pending": set(), "around": around, "loop": asyncio.get_running_loop}
    yield "raw", Statement(f"tasks = [create_task(handler(event)) for event in given]{wait}", names, count)
    yield (
        "a coroutine around it, with a handle that knows the result",
        Statement(f"tasks = [create_task(around(Handle(), handler, event)) for event in given]{wait}", names, count),
    )
    yield (
        "+ in a context of its own, one of those that stop waits for",
        Statement(
            "handles = [Handle() for event in given]\n"
            "tasks = [create_task(around(handle, handler, event), context=copy_context()) "
            "for handle, event in zip(handles, given)]\n"
            f"pending.update(handles){wait}\npending.difference_update(handles)",
            names,
            count,
        ),
    )


class Handle:
    """What stands for a handle: an object with a result."""

    result = None


async def around(handle: Handle, handler: Callable[..., Any], event: object) -> None:
    try:
        handle.result = await handler(event)
    except Exception as error:
        handle.result = error


def show(title: str, samples: dict[str, Sample]) -> None:
    base = samples["raw"].timing.least
    print(f"\n{title}")
    for label, sample in samples.items():
        print(f"  {label:60} {sample.timing.least:8.0f} ns  {sample.timing.least / base:5.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="What limits a publish: its parts, beside the raw code.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is timed; default {ROUNDS}")
    rounds = parser.parse_args().rounds
    loop = asyncio.new_event_loop()
    parts = {f"{count} sync handlers": sync_parts(count) for count in (1, 10, 100)}
    parts["10 sync handlers that return values"] = value_parts(10)
    parts["one async handler that does not suspend"] = awaited_parts()
    parts |= {f"{count} async handlers in sequence": in_turn_parts(0, count) for count in (10, 100)}
    parts["5 sync and 5 async handlers in sequence"] = in_turn_parts(5, 5)
    parts["10 async handlers side by side that do not suspend"] = together_parts(10)
    parts["3 middlewares, 1 handler"] = middleware_parts(3)
    parts["10 sync handlers, correlated"] = correlated_parts(10)
    parts["100 events at once to one sync handler"] = batch_parts(100)
    parts["publish_soon of 100 events to one async handler, per event"] = soon_parts(100)
    parts |= {f"{count} async handlers in sequence": in_turn_parts(0, count) for count in (10, 100)}
    parts["5 sync and 5 async handlers in sequence"] = in_turn_parts(5, 5)
    parts["10 async handlers side by side that do not suspend"] = together_parts(10)
    parts["3 middlewares, 1 handler"] = middleware_parts(3)
    parts["10 sync handlers, correlated"] = correlated_parts(10)
    parts["100 events at once to one sync handler"] = batch_parts(100)
    parts["publish_soon of 100 events to one async handler, per event"] = soon_parts(100)
    groups = {title: {label: Sample(statement, loop) for label, statement in found} for title, found in parts.items()}
    take_turns([tuple(group.values()) for group in groups.values()], rounds)
    for title, samples in groups.items():
        show(title, samples)
    loop.close()


if __name__ == "__main__":
    main()
