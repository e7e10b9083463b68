"""
What limits a publish: its parts one upon the other, beside the raw code, as bare as they can be written.

    python benchmarks/limits.py [--rounds N]

Each line adds one thing that a publish promises to the line above it. Where the sum of the parts is more than what a
publish shall cost at most, the bus cannot reach that without giving up one of them.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from cases.events import EVENT
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


def show(title: str, samples: dict[str, Sample]) -> None:
    base = samples["raw"].timing.least
    print(f"\n{title}")
    for label, sample in samples.items():
        print(f"  {label:48} {sample.timing.least:8.0f} ns  {sample.timing.least / base:5.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="What limits a publish: its parts, beside the raw code.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is timed; default {ROUNDS}")
    rounds = parser.parse_args().rounds
    loop = asyncio.new_event_loop()
    parts = {f"{count} sync handlers": sync_parts(count) for count in (1, 10, 100)}
    parts["10 sync handlers that return values"] = value_parts(10)
    parts["one async handler that does not suspend"] = awaited_parts()
    groups = {title: {label: Sample(statement, loop) for label, statement in found} for title, found in parts.items()}
    take_turns([tuple(group.values()) for group in groups.values()], rounds)
    for title, samples in groups.items():
        show(title, samples)
    loop.close()


if __name__ == "__main__":
    main()
