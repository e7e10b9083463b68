"""The generated code: what it holds, and what it does not."""

from __future__ import annotations

import ast
import gc
import linecache
import sys
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugbus import Event, EventBase, EventBus, event
from plugbus._plan import UNROLL, Shape, _factory, source_of


@event("source.thing.done")
class ThingDone(EventBase):
    pass


shapes = st.builds(
    Shape,
    mode=st.sampled_from(["async", "blocking", "steps"]),
    section=st.sampled_from(["full", "admit", "deliver"]),
    middleware=st.lists(st.booleans(), max_size=3).map(tuple),
    stages=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(any), max_size=3).map(tuple),
    looped=st.just(False),
    sequential=st.booleans(),
    correlated=st.booleans(),
    foreign=st.booleans(),
    error=st.booleans(),
    sourced=st.booleans(),
    told=st.booleans(),
    published=st.booleans(),
    watched=st.booleans(),
)


@given(shapes)
def test_every_shape_gives_code_whose_names_are_all_known(shape):
    tree = ast.parse(source_of(shape))
    bound = set(_factory(shape).__globals__)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Name | ast.FunctionDef | ast.AsyncFunctionDef | ast.ExceptHandler):
            name = node.id if isinstance(node, ast.Name) else node.name
            if not isinstance(node, ast.Name) or isinstance(node.ctx, ast.Store):
                bound.add(name)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    assert used - bound <= {"Exception"}


@given(shapes)
def test_a_plan_mentions_only_what_its_type_needs(shape):
    body = source_of(shape)[
        len("def factory(desk, handlers, middleware, block, elsewhere, on_publish, tell, source):") :
    ]
    full_or_admit = shape.section != "deliver"
    handles = shape.section != "admit"
    assert ("tell(" in body) == (shape.told and handles)
    assert ("on_publish(" in body) == (shape.published and handles)
    assert ("claim_source(" in body) == (shape.sourced and full_or_admit and not shape.foreign)
    assert ("link(" in body) == (shape.correlated and full_or_admit and not shape.foreign)
    assert ("begin_foreign(" in body) == (shape.foreign and full_or_admit)
    assert ("set_reporting(" in body) == shape.error
    assert ("m0(" in body) == (full_or_admit and bool(shape.middleware))
    assert ("before = cancel_count()" in body) == (handles and shape.mode == "async" and shape.waits)


def test_the_straight_path_of_one_sync_handler_is_short():
    source = source_of(Shape(mode="blocking", stages=((1, 0),), correlated=False))
    *_, plan = source.partition("    def plan(event):\n")
    assert plan.splitlines()[:9] == [
        "        try:",
        "            r0 = h0(event)",
        "        except (Exception, CancelledError) as error:",
        "            r0 = fail(0, event, error)",
        "        if not (r0 is None) and not settled((r0,)):",
        "            (r0,), _ = block(settle(0, event, 0, (r0,), False))",
        "        if r0 is None:",
        "            return ok",
        "        result = desk.conclude((r0,))",
    ]


def test_equal_shapes_share_their_code(other_bus):
    plans = []
    for _ in range(2):
        bus = other_bus()
        bus.subscribe(ThingDone, lambda event: None)
        bus.publish_sync(ThingDone())
        plans.append(bus._dispatcher.table(("blocking", "full", False))[ThingDone])
    assert plans[0] is not plans[1]
    assert plans[0].__code__ is plans[1].__code__


def test_beyond_a_number_of_handlers_the_code_does_not_grow(bus):
    codes = set()
    for number in range(UNROLL + 60):
        bus.subscribe(ThingDone, lambda event: None, name=str(number))
        if number > UNROLL:
            bus.publish_sync(ThingDone())
            codes.add(bus._dispatcher.table(("blocking", "full", False))[ThingDone].__code__)
    assert len(codes) == 1


def test_the_source_of_a_plan_is_there_for_tracebacks_and_not_twice():
    shape = Shape(mode="async", stages=((1, 1),), told=True)
    name = _factory(shape).__code__.co_filename
    assert "".join(linecache.getlines(name)) == source_of(shape)
    known = len(linecache.cache)
    _factory.cache_clear()
    assert _factory(shape).__code__.co_filename == name
    assert len(linecache.cache) == known


def test_a_publish_that_nobody_awaits_is_told_under_its_name(bus):
    bus.publish_sync(ThingDone())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bus.publish(ThingDone())
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
