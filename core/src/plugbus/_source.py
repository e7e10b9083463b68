"""
The text of a plan: generated Python, the calls written out one after the other, each in a `try` of its own.

There are three ways to wait, and so three forms of the same text: a coroutine that awaits, a function that blocks, and
a generator that yields what it waits for, for `publish_soon`, which runs until the first wait before it returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import attrs


__all__ = ("UNROLL", "Mode", "Section", "Shape", "source_of")

Mode = Literal["async", "blocking", "steps"]
Section = Literal["full", "admit", "deliver"]

# More calls than this are made in a loop: the code would grow, the gain would not.
UNROLL = 64

_WAIT = {"async": "await {}", "blocking": "block({})", "steps": "(yield {})"}
_REPORT = {
    "async": "await reports.report({})",
    "blocking": "reports.report_blocking({})",
    "steps": "yield from reports.report_steps({})",
}
_ELSEWHERE = {"async": "await {}", "blocking": "{}", "steps": "(yield from {})"}
# What `cancel_count` was when the publish began: elsewhere than in async code a task of its own waits, if any.
_BEFORE = {"async": "before", "blocking": "0", "steps": "0"}


@attrs.frozen(kw_only=True)
class Shape:
    """
    What the code of a plan depends on.

    Args:
        mode: How it waits.
        section: The whole of a publish, its middleware alone, or its handlers alone.
        middleware: For each middleware, whether it is async.
        stages: For each stage, the number of handlers that are called and of those that are awaited; if `looped`,
            whether there are any (0 or 1), and whether none, one or more are awaited (0, 1, 2).
        looped: Whether the handlers are too many for their calls to be written out.
        sequential: Whether async handlers are awaited one by one.
        correlated: Whether events inherit their correlation.
        foreign: Whether the events are no `EventBase`.
        error: Whether the event type is `error.occurred`.
        sourced: Whether the bus has a source to put on events.
        told: Whether publishes are logged.
        published: Whether a monitor wants to hear of publishes.
        watched: Whether a monitor wants to hear of what middleware blocks.
    """

    mode: Mode
    section: Section = "full"
    middleware: tuple[bool, ...] = ()
    stages: tuple[tuple[int, int], ...] = ()
    looped: bool = False
    sequential: bool = False
    correlated: bool = True
    foreign: bool = False
    error: bool = False
    sourced: bool = False
    told: bool = False
    published: bool = False
    watched: bool = False

    @property
    def scoped(self) -> bool:
        """Whether the event is what others are caused by while it is handled."""
        return self.section != "deliver" and (self.correlated or self.foreign)

    @property
    def waits(self) -> bool:
        """Whether it has async handlers."""
        return any(awaited for _, awaited in self.stages)


class _Text:
    """The lines of a shape's source, with their indentation."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.lines: list[str] = []
        self._depth = 0

    def add(self, line: str) -> None:
        self.lines.append("    " * self._depth + line)

    def open(self, line: str) -> None:
        self.add(line)
        self._depth += 1

    def close(self) -> None:
        self._depth -= 1

    def swap(self, line: str) -> None:
        self.close()
        self.open(line)


def source_of(shape: Shape) -> str:
    """Return the source of a plan's factory, for reading."""
    text = _Text(shape)
    text.open("def factory(desk, handlers, middleware, block, elsewhere, on_publish, tell, source):")
    _constants(text)
    text.open("async def plan(event):" if shape.mode == "async" else "def plan(event):")
    if shape.sourced and not shape.foreign and shape.section != "deliver":
        text.add("claim_source(event, source)")
    undo = _open_scope(text)
    if undo:
        text.open("try:")
    if shape.section != "deliver":
        _middleware(text)
    if shape.section == "admit":
        text.add("return event")
    else:
        _handlers(text)
    if undo:
        text.swap("finally:")
        for line in undo:
            text.add(line)
        text.close()
    if shape.mode == "steps":
        text.add("yield  # makes it a generator where nothing waits")
    text.close()
    text.add("return plan")
    return "\n".join(text.lines) + "\n"


def _constants(text: _Text) -> None:
    shape = text.shape
    if shape.section != "deliver" and shape.middleware:
        text.add(f"{_listed('m', range(len(shape.middleware)))} = middleware")
    if shape.foreign:
        text.add("kind = desk.kind")
    if shape.section == "admit":
        return
    count = sum(called + awaited for called, awaited in shape.stages)
    if count:
        if not shape.looped:
            text.add(f"{_listed('h', range(count))} = handlers")
        text.add("fail, cancelled, settled, reports = desk.fail, desk.cancelled, desk.settled, desk.reports")
        text.add("groups = desk.groups")
        text.add("called, awaited, settle, run_all = groups.called, groups.awaited, groups.settle, groups.run_all")
    if shape.waits:
        text.add("together, in_turn, enter, leave = groups.together, groups.in_turn, desk.enter, desk.leave")
    text.add("ok = desk.ok")


def _open_scope(text: _Text) -> list[str]:
    """Write what makes the event the one that is being handled; return the lines that undo it."""
    shape = text.shape
    undo: list[str] = []
    if shape.scoped:
        text.add("parent = get_current()")
        if shape.foreign:
            text.add(f"set_current(begin_foreign(event, kind, parent, {shape.correlated}))")
        else:
            text.open("if parent is not None:")
            text.add("link(event, parent)")
            text.close()
            text.add("set_current(event)")
        undo.append("set_current(parent)")
    if shape.error:
        text.add("above = get_reporting()")
        text.add("set_reporting(True)")
        undo.append("set_reporting(above)")
    # What is admitted goes on in the same context, and all of that is its own.
    return [] if shape.section == "admit" else undo


def _middleware(text: _Text) -> None:
    shape = text.shape
    if not shape.middleware:
        return
    text.add("given = event")
    for index, is_async in enumerate(shape.middleware):
        call = f"m{index}(event)"
        call = _WAIT[shape.mode].format(call) if is_async else call
        if shape.watched:
            text.open("try:")
            text.add(f"event = {call}")
            text.swap("except Exception:")
            text.add(f"desk.refuse(given, {index})")
            text.add("raise")
            text.close()
        else:
            text.add(f"event = {call}")
        text.open("if event is None:")
        text.add(f"return desk.block(given, {index})")
        text.close()
    text.open("if event is not given:")
    if not shape.scoped:
        text.add("parent = get_current()")
    source = "source" if shape.sourced else None
    text.open(f"if desk.renew(event, parent, {shape.correlated}, {source}):")
    if shape.section == "admit":
        text.add("return event")
    elif shape.scoped:
        text.add("return " + _ELSEWHERE[shape.mode].format("elsewhere(event)"))
    else:  # the other type may be a foreign one, which makes itself known all the same
        text.open("try:")
        text.add("return " + _ELSEWHERE[shape.mode].format("elsewhere(event)"))
        text.swap("finally:")
        text.add("set_current(parent)")
        text.close()
    text.close()
    text.close()


def _handlers(text: _Text) -> None:
    shape = text.shape
    values: list[str] = []
    index = 0
    if shape.waits and shape.mode == "async":
        text.add("before = cancel_count()")
    for number, (called, awaited) in enumerate(shape.stages):
        own = _called(text, number, called, index)
        values += own
        index += called
        values += _awaited(text, number, own, awaited, index)
        index += awaited
    if shape.told:
        text.add("tell(event)")
    if values:
        text.open(f"if {_all_none(values)}:")
    if shape.published:
        text.add("on_publish(event, ok)")
    text.add("return ok")
    if values:
        text.close()
        text.add(f"result = desk.conclude(({', '.join(values)},))")
        if not shape.error:
            text.open("if result.failures:")
            text.add(_REPORT[shape.mode].format("result.failures"))
            text.close()
        if shape.published:
            text.add("on_publish(event, result)")
        text.add("return result")


def _called(text: _Text, stage: int, count: int, index: int) -> list[str]:
    """Write the calls of a stage's sync handlers; return the expressions of their values."""
    shape = text.shape
    if not count:
        return []
    if shape.looped:
        text.add(f"s{stage} = run_all(called[{stage}], event)")
        return [f"*s{stage}"]
    for number in range(index, index + count):
        text.open("try:")
        text.add(f"r{number} = h{number}(event)")
        text.swap("except (Exception, CancelledError) as error:")
        text.add(f"r{number} = fail({number}, event, error)")
        text.close()
    return [f"r{number}" for number in range(index, index + count)]


def _awaited(text: _Text, stage: int, own: list[str], count: int, index: int) -> list[str]:
    """Write the stage's async part: its handlers, and what its sync ones may have returned to be awaited."""
    shape = text.shape
    wait = _WAIT[shape.mode]
    before = _BEFORE[shape.mode]
    in_place = not shape.looped and (count == 1 or shape.sequential)
    made = [f"r{number}" for number in range(index, index + count)] if in_place else [f"*a{stage}"] * (count > 0)
    if own:
        began = before if shape.waits else before.replace("before", "cancel_count()")
        call = f"settle({stage}, event, {began}, ({', '.join(own)},), {shape.sequential})"
        text.open(f"if not ({_all_none(own)}) and not settled(({', '.join(own)},)):")
        text.add(f"{_target(own)}, {_target(made)} = " + wait.format(call))
        if count:
            text.swap("else:")
        else:
            text.close()
    if not count:
        return []
    if in_place:
        text.add("enter()")
        text.open("try:")
        for number in range(index, index + count):
            _await_in_place(text, number)
        text.swap("finally:")
        text.add("leave()")
        text.close()
    else:
        group = "in_turn" if shape.sequential or (shape.looped and count == 1) else "together"
        text.add(f"a{stage} = " + wait.format(f"{group}(awaited[{stage}], event, {before})"))
    if own:
        text.close()
    return made


def _await_in_place(text: _Text, number: int) -> None:
    shape = text.shape
    before = "None" if shape.mode == "blocking" else _BEFORE[shape.mode]
    text.open("try:")
    text.add(f"r{number} = " + _WAIT[shape.mode].format(f"h{number}(event)"))
    text.swap("except Exception as error:")
    text.add(f"r{number} = fail({number}, event, error)")
    text.swap("except CancelledError as error:")
    text.add(f"r{number} = cancelled({number}, event, error, {before})")
    text.close()


def _listed(letter: str, numbers: Sequence[int]) -> str:
    return "".join(f"{letter}{number}, " for number in numbers).rstrip()


def _target(values: list[str]) -> str:
    """Return what a list of values is assigned to."""
    if not values:
        return "_"
    return values[0][1:] if values[0].startswith("*") else f"({', '.join(values)},)"


def _all_none(values: Sequence[str]) -> str:
    single = [value for value in values if not value.startswith("*")]
    parts = [f"{' is '.join(single)} is None"] if single else []
    parts += [f"not {value[1:]}" for value in values if value.startswith("*")]
    return " and ".join(parts)
