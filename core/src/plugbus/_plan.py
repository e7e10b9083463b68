"""
The hot path: the handlers of one event type, compiled into one function.

A plan holds its calls and nothing else that could have been decided before. Its source depends on a `Shape` alone,
numbers and switches of our own making; what a user brings (handlers, middleware) is bound as values, to the names that
the code uses. They are global names of the plan's own: the interpreter reaches those faster than a closure's.
"""

from __future__ import annotations

import asyncio
import linecache
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any
from zlib import crc32

import attrs

from plugbus._desk import Desk, begin_foreign, link, without_none
from plugbus._envelope import current
from plugbus._groups import Stage, cancel_count, current_task
from plugbus._reports import ERROR, reporting
from plugbus._shape import UNROLL, Shape
from plugbus._source import source_of
from plugbus.events import claim_source
from plugbus.result import result_of


__all__ = ("build", "is_plan")


class _Pause:
    """Awaited, it yields once, to whoever runs the plan; a task that is already there takes it for `sleep(0)`."""

    def __await__(self) -> Iterator[None]:
        return iter((None,))


_FILE = "<plugbus plan "


def is_plan(code: CodeType) -> bool:
    """Tell whether a code object is that of a plan."""
    return code.co_filename.startswith(_FILE)


# What plans use that is the same for all of them.
_COMMON: dict[str, Any] = {
    "CancelledError": asyncio.CancelledError,
    "begin_foreign": begin_foreign,
    "cancel_count": cancel_count,
    "claim_source": claim_source,
    "current_task": current_task,
    "get_current": current.get,
    "get_reporting": reporting.get,
    "link": link,
    "pause": _Pause(),
    "result_of": result_of,
    "set_current": current.set,
    "set_reporting": reporting.set,
    "without_none": without_none,
}


@lru_cache(maxsize=512)
def _code(shape: Shape) -> CodeType:
    """Compile the plans of a shape."""
    source = source_of(shape)
    name = f"{_FILE}{crc32(source.encode()):08x}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    (code,) = (one for one in compile(source, name, "exec").co_consts if isinstance(one, CodeType))
    return code


def build(
    shape: Shape,
    desk: Desk,
    stages: Sequence[Stage],
    middleware: Sequence[Callable[[Any], Any]],
    *,
    block: Callable[[Any], Any],
    elsewhere: Callable[[Any, int], Any],
    on_publish: Callable[[Any, Any], None],
    tell: Callable[[Any], None],
    source: str | None,
) -> Callable[[Any], Any]:
    """
    Return the compiled plan.

    Args:
        shape: What the code depends on.
        desk: What the plan calls when something out of the ordinary happens.
        stages: The handlers.
        middleware: The middleware's functions.
        block: Waits for a coroutine from a thread without a loop.
        elsewhere: Goes on with an event that the middleware of this number has turned into one of another type.
        on_publish: Tells the monitors of a publish.
        tell: Tells the log of a publish.
        source: The bus's source.
    """
    handlers = tuple(run for called, awaited in stages for _, run in (*called, *awaited))
    if len(handlers) > UNROLL:
        numbers = tuple((min(called, 1), min(awaited, 2)) for called, awaited in shape.stages)
        shape = attrs.evolve(shape, looped=True, stages=numbers)
    if desk.kind.type == ERROR:
        shape = attrs.evolve(shape, error=True)
    names = {
        **_COMMON,
        **{f"h{number}": handler for number, handler in enumerate(handlers)},
        **{f"m{number}": function for number, function in enumerate(middleware)},
        "block": block,
        "desk": desk,
        "elsewhere": elsewhere,
        "ok": desk.ok,
        "on_publish": on_publish,
        "source": source,
        "tell": tell,
        "underway": desk.groups.underway,
    }
    # A copy, since the interpreter adapts code to the names that it runs with.
    code = _code(shape).replace()
    plan = FunctionType(code, {name: names[name] for name in code.co_names if name in names})
    plan.__qualname__ = "EventBus.publish"  # what Python says of a publish that nobody has awaited
    return plan
