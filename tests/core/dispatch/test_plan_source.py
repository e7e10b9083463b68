"""The generated code: what it holds, and what it does not."""

from __future__ import annotations

import ast
import gc
import linecache
import sys
import warnings

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugbus import Event, EventBase, EventBus, event
from plugbus._plan import _COMMON, _code
from plugbus._shape import UNROLL, Shape
from plugbus._source import source_of
from plugbus.dispatcher import Verb


@event("source.thing.done")
class ThingDone(EventBase):
    pass


shapes = st.builds(
    Shape,
    mode=st.sampled_from(["async", "blocking", "soon"]),
    section=st.sampled_from(["full", "admit", "deliver"]),
    middleware=st.lists(st.booleans(), max_size=3).map(tuple),
    stages=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(any), max_size=3).map(tuple),
    looped=st.just(False),
    sequential=st.booleans(),
    correlated=st.booleans(),
    resumed=st.booleans(),
    foreign=st.booleans(),
    error=st.booleans(),
    sourced=st.booleans(),
    told=st.booleans(),
    published=st.booleans(),
    watched=st.booleans(),
)


def as_batch(shape):
    """The nearest shape of a batch, which has neither middleware nor async handlers."""
    stages = tuple((called, 0) for called, _ in shape.stages[:1] if called)
    return attrs.evolve(shape, mode="batch", section="full", middleware=(), stages=stages, resumed=False)


@given(shapes | shapes.map(as_batch))
def test_every_shape_gives_code_whose_names_are_all_known(shape):
    tree = ast.parse(source_of(shape))
    _code(shape)
    bound = {*_COMMON, "block", "desk", "elsewhere", "ok", "on_publish", "source", "tell", "underway"}
    bound |= {f"h{number}" for number in range(sum(map(sum, shape.stages)))}
    bound |= {f"m{number}" for number in range(len(shape.middleware))}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Name | ast.FunctionDef | ast.AsyncFunctionDef | ast.ExceptHandler):
            name = node.id if isinstance(node, ast.Name) else node.name
            if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Store):
                bound.add(name)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert used - bound <= {"AttributeError", "Exception", "iter", "len", "type"}


@given(shapes)
def test_a_plan_mentions_only_what_its_type_needs(shape):
    body = source_of(shape)
    full_or_admit = shape.section != "deliver"
    opens = full_or_admit and not shape.resumed
    handles = shape.section != "admit"
    assert ("tell(" in body) == (shape.told and handles)
    assert ("on_publish(" in body) == (shape.published and handles)
    assert ("claim_source(" in body) == (shape.sourced and opens and not shape.foreign)
    assert ("link(" in body) == (shape.correlated and opens and not shape.foreign)
    assert ("begin_foreign(" in body) == (shape.foreign and opens)
    assert ("set_reporting(" in body) == shape.error
    assert ("m0(" in body) == (full_or_admit and bool(shape.middleware))
    assert ("before = " in body) == (handles and shape.mode == "async" and shape.waits)
    assert ("mark = " in body) == (handles and shape.waits)
    assert ("await pause" in body) <= (shape.mode == "soon")


@given(shapes)
def test_a_plan_that_runs_without_a_task_pauses_before_it_waits(shape):
    lines = source_of(attrs.evolve(shape, mode="soon")).splitlines()
    waits = [number for number, line in enumerate(lines) if "await " in line and "elsewhere" not in line]
    waits = [number for number in waits if "report_soon" not in lines[number]]
    assert not waits or lines[waits[0]].strip() == "await pause"


def test_the_straight_path_of_one_sync_handler_is_short():
    source = source_of(Shape(mode="blocking", stages=((1, 0),), correlated=False))
    assert source.splitlines()[:7] == [
        "def plan(event):",
        "    try:",
        "        r0 = h0(event)",
        "    except (Exception, CancelledError) as error:",
        "        r0 = desk.fail(0, event, error)",
        "    if r0 is None:",
        "        return ok",
    ]


def test_equal_shapes_are_compiled_once_and_each_plan_has_its_own_copy(other_bus):
    plans = []
    _code.cache_clear()
    for _ in range(2):
        bus = other_bus()
        bus.subscribe(ThingDone, lambda event: None)
        bus.publish_sync(ThingDone())
        plans.append(bus._dispatcher.table(Verb("blocking"))[ThingDone])
    assert _code.cache_info().misses == 1
    assert plans[0].__code__ is not plans[1].__code__
    assert plans[0].__code__ == plans[1].__code__


def test_a_plan_knows_the_names_that_it_uses_and_no_others(bus):
    bus.subscribe(ThingDone, lambda event: None)
    bus.publish_sync(ThingDone())
    plan = bus._dispatcher.table(Verb("blocking"))[ThingDone]
    assert set(plan.__globals__) - {"__builtins__"} <= set(plan.__code__.co_names)
    assert "h0" in plan.__globals__


def test_beyond_a_number_of_handlers_the_code_does_not_grow(bus):
    codes = set()
    for number in range(UNROLL + 60):
        bus.subscribe(ThingDone, lambda event: None, name=str(number))
        if number > UNROLL:
            bus.publish_sync(ThingDone())
            codes.add(bus._dispatcher.table(Verb("blocking"))[ThingDone].__code__)
    assert len(codes) == 1


def test_the_source_of_a_plan_is_there_for_tracebacks_and_not_twice():
    shape = Shape(mode="async", stages=((1, 1),), told=True)
    name = _code(shape).co_filename
    assert "".join(linecache.getlines(name)) == source_of(shape)
    known = len(linecache.cache)
    _code.cache_clear()
    assert _code(shape).co_filename == name
    assert len(linecache.cache) == known


def test_a_publish_that_nobody_awaits_is_told_under_its_name(bus):
    bus.publish_sync(ThingDone())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bus.publish(ThingDone())
        gc.collect()
    assert [str(warning.message) for warning in caught] == ["coroutine 'EventBus.publish' was never awaited"]


def test_it_is_told_under_its_name_on_a_bus_too_that_has_not_started():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        EventBus().publish(ThingDone())
        gc.collect()
    assert [str(warning.message) for warning in caught] == ["coroutine 'EventBus.publish' was never awaited"]


@pytest.mark.parametrize("told", [True, False])
def test_the_level_of_the_event_log_is_heeded_when_it_changes(bus, caplog, told):
    bus.subscribe(ThingDone, lambda event: None)
    bus.publish_sync(ThingDone())
    caplog.set_level("DEBUG" if told else "INFO", logger="plugbus")
    bus.publish_sync(ThingDone())
    assert [record.getMessage() for record in caplog.records] == ["published source.thing.done: 1 handlers"] * told


def test_a_plan_keeps_no_event(bus):
    class Foreign:
        pass

    bus.subscribe(Foreign, lambda event: "value")
    event = Foreign()
    bus.publish_sync(event)
    assert sys.getrefcount(event) == 2


def test_two_buses_share_no_plans():
    one, two = EventBus(), EventBus(correlation=False)
    one.subscribe("thing.done", lambda event: "one")
    two.subscribe("thing.done", lambda event: "two")
    for bus, value in ((one, "one"), (two, "two"), (one, "one")):
        assert bus.publish_sync(Event(type="thing.done")).values == (value,)
    one.stop_sync()
    two.stop_sync()
