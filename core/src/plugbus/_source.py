"""
The text of a plan: generated Python, the calls written out one after the other, each in a `try` of its own.

There are four modes. `async` is a coroutine that awaits, `blocking` a function that blocks. `soon` is a coroutine that
runs without a task up to its first wait; there it yields once, and goes on as a task. `batch` is a function that takes
several events, for types without middleware and async handlers, and tells whether it may have left some to tasks.
"""

from __future__ import annotations

from collections.abc import Sequence

from plugbus._shape import Shape


__all__ = ("source_of",)

_REPORT = {
    "async": "await desk.reports.report(result.failures)",
    "blocking": "desk.reports.report_blocking(result.failures)",
    "soon": "await desk.reports.report_soon(result.failures)",
}


class _Text:
    """The lines of a shape's source, with their indentation."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.lines: list[str] = []
        self._depth = 0
        self._paused = False

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

    def wait(self, target: str, call: str) -> None:
        """Write what waits for a call; see `pause` for what has to stand before it."""
        self.add(f"{target} = " + (f"block({call})" if self.shape.mode == "blocking" else f"await {call}"))

    def pause(self, *, always: bool) -> None:
        """
        Let a plan that runs without a task become one, since it is about to wait.

        Args:
            always: Whether every event comes this way, so that no later wait needs it.
        """
        if self.shape.mode == "soon" and not self._paused:
            self.add("await pause")
            self._paused = always


def source_of(shape: Shape) -> str:
    """Return the source of a plan; handlers are `h0`, `h1`, ... in it, and middleware `m0`, `m1`, ..."""
    text = _Text(shape)
    if shape.mode == "batch":
        text.open("def plan(events, outcomes):")
    else:
        text.open("def plan(event):" if shape.mode == "blocking" else "async def plan(event):")
    undo = _remember(text)
    if undo:
        text.open("try:")
    if shape.mode == "batch":
        # All went well until it turns out otherwise; which event it was tell those that are left.
        text.add("outcomes += [ok] * len(events)")
        text.add("rest = iter(events)")
        text.add("unsure = False")
        text.open("for event in rest:")
    _begin(text)
    if shape.section != "deliver":
        _middleware(text)
    if shape.section == "admit":
        text.add("return event")
    else:
        _handlers(text)
    if shape.mode == "batch":
        text.close()
        text.add("return unsure")
    if undo:
        text.swap("finally:")
        for line in undo:
            text.add(line)
        text.close()
    text.close()
    return "\n".join(text.lines) + "\n"


def _remember(text: _Text) -> list[str]:
    """Write what keeps the context as it is; return the lines that put it back."""
    shape = text.shape
    undo: list[str] = []
    if shape.scoped:
        text.add("parent = get_current()")
        undo.append("set_current(parent)")
    if shape.error:
        text.add("above = get_reporting()")
        undo.append("set_reporting(above)")
    if shape.waits and shape.section != "admit":
        text.add("mark = underway.mark")
        undo.append("mark = None")
    # What is admitted goes on in the same context, and all of that is its own.
    return [] if shape.section == "admit" else undo


def _begin(text: _Text) -> None:
    """Write what makes the event the one that is being handled."""
    shape = text.shape
    if shape.sourced and shape.opens and not shape.foreign:
        text.add("claim_source(event, source)")
    if shape.scoped and shape.foreign:
        text.add(f"set_current(begin_foreign(event, desk.kind, parent, {shape.correlated}))")
    elif shape.scoped:
        text.open("if parent is not None:")
        text.add("link(event, parent)")
        text.close()
        text.add("set_current(event)")
    if shape.error:
        text.add("set_reporting(True)")


def _middleware(text: _Text) -> None:
    shape = text.shape
    for index, is_async in enumerate(shape.middleware):
        if is_async:
            text.pause(always=True)
        if shape.watched:
            text.open("try:")
        if is_async:
            text.wait("given", f"m{index}(event)")
        else:
            text.add(f"given = m{index}(event)")
        if shape.watched:
            text.swap("except Exception as error:")
            text.add(f"desk.refuse(event, {index}, error)")
            text.add("raise")
            text.close()
        text.open("if given is not event:")
        _replaced(text, index)
        text.close()


def _replaced(text: _Text, index: int) -> None:
    """Write what happens when a middleware gives something else than the event that it got."""
    shape = text.shape
    text.open("if given is None:")
    text.add(f"return desk.block(event, {index})")
    text.close()
    text.add("event = given")
    if not shape.scoped:
        text.add("parent = get_current()")
    text.open(f"if desk.renew(event, parent, {shape.correlated}, {'source' if shape.sourced else None}):")
    going = f"elsewhere(event, {index})" if shape.mode == "blocking" else f"await elsewhere(event, {index})"
    if shape.scoped or shape.section == "admit":
        text.add(f"return {going}")
    else:  # the other type may be a foreign one, which makes itself known all the same
        text.open("try:")
        text.add(f"return {going}")
        text.swap("finally:")
        text.add("set_current(parent)")
        text.close()
    text.close()


def _handlers(text: _Text) -> None:
    shape = text.shape
    values: list[str] = []
    index = 0
    if shape.waits and shape.mode == "async":
        # Written out, since every event asks it: `cancel_count` looks closer where there is something to see.
        text.open("try:")
        text.add("before = current_task().cancelling()")
        text.swap("except AttributeError:  # not in a task")
        text.add("before = 0")
        text.close()
        text.open("if before:")
        text.add("before = cancel_count()")
        text.close()
    for number, (called, awaited) in enumerate(shape.stages):
        own = _called(text, number, called, index)
        index += called
        if awaited or number < len(shape.stages) - 1:
            own += _awaited(text, number, own, awaited, index)
            index += awaited
        values += own
    if shape.told:
        text.add("tell(event)")
    _conclude(text, values)


def _called(text: _Text, stage: int, count: int, index: int) -> list[str]:
    """Write the calls of a stage's sync handlers; return the expressions of their values."""
    shape = text.shape
    if not count:
        return []
    if shape.looped:
        text.add(f"s{stage} = desk.groups.run_all(desk.groups.called[{stage}], event)")
        return [f"*s{stage}"]
    for number in range(index, index + count):
        text.open("try:")
        text.add(f"r{number} = h{number}(event)")
        text.swap("except (Exception, CancelledError) as error:")
        text.add(f"r{number} = desk.fail({number}, event, error)")
        text.close()
    return [f"r{number}" for number in range(index, index + count)]


def _awaited(text: _Text, stage: int, own: list[str], count: int, index: int) -> list[str]:
    """Write the stage's async part: its handlers, and what its sync ones may have returned to be awaited."""
    shape = text.shape
    in_place = not shape.looped and (count == 1 or shape.sequential)
    made = [f"r{number}" for number in range(index, index + count)] if in_place else [f"*a{stage}"] * (count > 0)
    if own:
        text.open(f"if not ({_all_none(own)}) and not desk.settled(({', '.join(own)},)):")
        _settle(text, stage, own, made)
        if count:
            text.swap("else:")
        else:
            text.close()
    if not count:
        return []
    text.pause(always=True)
    if in_place:
        for number in range(index, index + count):
            _await_in_place(text, number)
    else:
        group = "in_turn" if shape.sequential or (shape.looped and count == 1) else "together"
        text.wait(f"a{stage}", f"desk.groups.{group}(desk.groups.awaited[{stage}], event, {_count_before(shape)})")
    if own:
        text.close()
    return made


def _settle(text: _Text, stage: int, own: Sequence[str], made: Sequence[str]) -> None:
    shape = text.shape
    text.pause(always=False)
    call = f"desk.groups.settle({stage}, event, {_count_before(shape)}, ({', '.join(own)},), {shape.sequential})"
    text.wait(f"{_target(own)}, {_target(made)}", call)


def _await_in_place(text: _Text, number: int) -> None:
    shape = text.shape
    before = "None" if shape.mode == "blocking" else _count_before(shape)
    text.open("try:")
    text.wait(f"r{number}", f"h{number}(event)")
    text.swap("except Exception as error:")
    text.add(f"r{number} = desk.fail({number}, event, error)")
    text.swap("except CancelledError as error:")
    text.add(f"r{number} = desk.cancelled({number}, event, error, {before})")
    text.close()


def _count_before(shape: Shape) -> str:
    """Return what `cancel_count` was when the publish began: 0 where a task of its own waits, or none."""
    if shape.mode != "async":
        return "0"
    return "before" if shape.waits else "cancel_count()"


def _conclude(text: _Text, values: Sequence[str]) -> None:
    """Write what is made of the values: where there are none, where they are of types seen before, and else."""
    shape = text.shape
    if values:
        text.open(f"if {_all_none(values)}:")
    if shape.published:
        text.add("on_publish(event, ok)")
    text.add("continue" if shape.mode == "batch" else "return ok")
    if not values:
        return
    text.close()
    text.add(f"values = ({', '.join(values)},)")
    if any(value.startswith("*") for value in values):
        _look_closer(text, values)
    else:
        text.open("try:")
        text.add(f"is_whole = desk.plain.get(({', '.join(f'type({value})' for value in values)},))")
        text.swap("except Exception:  # a metaclass may make its classes unhashable")
        text.add("is_whole = None")
        text.close()
        text.open("if is_whole is not None:")
        text.add("result = result_of(desk.names, values if is_whole else without_none(values))")
        if shape.mode == "batch" and shape.published:
            text.add("on_publish(event, result)")
        text.swap("else:")
        _look_closer(text, values)
        text.close()
    if shape.mode == "batch":
        text.add("outcomes[~rest.__length_hint__()] = result")
        return
    if shape.published:
        text.add("on_publish(event, result)")
    text.add("return result")


def _look_closer(text: _Text, values: Sequence[str]) -> None:
    shape = text.shape
    if shape.mode == "batch":
        text.add(f"result = desk.later(event, values, {shape.sequential}, {'on_publish' if shape.published else None})")
        text.add("unsure = True")
        return
    called, awaited = shape.stages[-1]
    if not awaited:
        own = values[-1:] if shape.looped else values[len(values) - called :]
        text.open(f"if not desk.settled(({', '.join(own)},)):")
        _settle(text, len(shape.stages) - 1, own, [])
        text.add(f"values = ({', '.join(values)},)")
        text.close()
    text.add("result = desk.conclude(values)")
    if not shape.error:
        text.open("if result.failures:")
        text.add(_REPORT[shape.mode])
        text.close()


def _target(values: Sequence[str]) -> str:
    """Return what a list of values is assigned to."""
    if not values:
        return "_"
    return values[0][1:] if values[0].startswith("*") else f"({', '.join(values)},)"


def _all_none(values: Sequence[str]) -> str:
    return " and ".join(f"not {value[1:]}" if value.startswith("*") else f"{value} is None" for value in values)
