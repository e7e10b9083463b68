"""
The hot path: the handlers of one event type, compiled into one function.

A plan holds its calls and nothing else that could have been decided before. Its source depends on a `Shape` alone,
numbers and switches of our own making; what a user brings (handlers, types, names) is bound as values. Equal shapes
share their code.
"""

from __future__ import annotations

import asyncio
import linecache
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from zlib import crc32

import attrs

from plugbus._desk import Desk, begin_foreign, link
from plugbus._envelope import current
from plugbus._groups import Stage, cancel_count
from plugbus._reports import ERROR, reporting
from plugbus._source import UNROLL, Mode, Section, Shape, source_of
from plugbus.events import claim_source


__all__ = ("Mode", "Section", "Shape", "build", "source_of")


@lru_cache(maxsize=512)
def _factory(shape: Shape) -> Callable[..., Callable[[Any], Any]]:
    source = source_of(shape)
    name = f"<plugbus plan {crc32(source.encode()):08x}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    names: dict[str, Any] = {
        "CancelledError": asyncio.CancelledError,
        "begin_foreign": begin_foreign,
        "cancel_count": cancel_count,
        "get_current": current.get,
        "get_reporting": reporting.get,
        "link": link,
        "set_current": current.set,
        "set_reporting": reporting.set,
        "claim_source": claim_source,
    }
    exec(compile(source, name, "exec"), names)  # noqa: S102  (our own constants only, see the module's first lines)
    factory: Callable[..., Callable[[Any], Any]] = names["factory"]
    return factory


def build(
    shape: Shape,
    desk: Desk,
    stages: Sequence[Stage],
    middleware: Sequence[Callable[[Any], Any]],
    *,
    block: Callable[[Any], Any],
    elsewhere: Callable[[Any], Any],
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
        elsewhere: Dispatches an event that middleware has turned into one of another type.
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
    plan = _factory(shape)(desk, handlers, middleware, block, elsewhere, on_publish, tell, source)
    plan.__qualname__ = "EventBus.publish"  # what Python says of a publish that nobody has awaited
    return plan
