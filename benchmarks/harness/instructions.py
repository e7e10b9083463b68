"""
Counts the bytecode instructions that plugbus executes, which no load of the machine changes.

Counted is the code of plugbus and of its compiled plans: not that of handlers, and not that of asyncio, which differs
from one release of Python to the next.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import attrs

import plugbus
from harness.rounds import collector_off


PACKAGE = str(Path(plugbus.__file__).parent)
PLAN = "<plugbus plan"
# One of the numbers that tools of `sys.monitoring` may have; coverage, profilers and debuggers have others.
TOOL = 4


@attrs.define
class Counter:
    """The instructions that were counted."""

    instructions: int = 0

    def see(self, code: CodeType) -> None:
        self.instructions += code.co_filename.startswith((PACKAGE, PLAN))


def count(run: Callable[[], object]) -> int:
    """Return how many instructions of plugbus a call executes in this thread."""
    counter = Counter()
    with collector_off(), _monitored(counter) if sys.version_info >= (3, 12) else _traced(counter):
        run()
    return counter.instructions


@contextmanager
def _monitored(counter: Counter) -> Iterator[None]:
    monitoring: Any = sys.monitoring
    event = monitoring.events.INSTRUCTION
    monitoring.use_tool_id(TOOL, "plugbus benchmarks")
    monitoring.register_callback(TOOL, event, lambda code, offset: counter.see(code))
    monitoring.set_events(TOOL, event)
    try:
        yield
    finally:
        monitoring.set_events(TOOL, 0)
        monitoring.register_callback(TOOL, event, None)
        monitoring.free_tool_id(TOOL)


@contextmanager
def _traced(counter: Counter) -> Iterator[None]:
    def trace(frame: FrameType, event: str, argument: object) -> Any:
        frame.f_trace_opcodes = True
        if event == "opcode":
            counter.see(frame.f_code)
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
