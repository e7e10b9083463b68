"""A line of Python that is timed as it stands, as `timeit` does it, so that no wrapper is measured with it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from itertools import repeat
from time import perf_counter_ns
from typing import Any

import attrs


LOOP = """\
{kind} loop(number, *, {names}):
    start = clock()
    for _ in repeat(None, number):
{text}
    return clock() - start
"""


@attrs.frozen(eq=False)
class Statement:
    """
    What is timed.

    Args:
        text: Python code; may await.
        names: What the code refers to; they are local variables while the clock runs.
        events: How many events one execution stands for; its time is divided by that.
    """

    text: str
    names: dict[str, Any]
    events: int = 1

    @property
    def awaits(self) -> bool:
        return "await " in self.text

    def compile(self) -> Callable[[int], Any]:
        """Return a function that executes the statement so many times and returns, or awaited gives, nanoseconds."""
        source = LOOP.format(
            kind="async def" if self.awaits else "def",
            names=", ".join(["clock", "repeat", *self.names]),
            text=textwrap.indent(self.text, " " * 8),
        )
        scope: dict[str, Any] = {}
        exec(compile(source, "<timed>", "exec"), scope)  # noqa: S102  (written in this folder)
        scope["loop"].__kwdefaults__ = {"clock": perf_counter_ns, "repeat": repeat, **self.names}
        return scope["loop"]


def timed(text: str, *, events: int = 1, **names: Any) -> Statement:
    """Return a statement; the names that it uses are keywords."""
    return Statement(text, names, events)
