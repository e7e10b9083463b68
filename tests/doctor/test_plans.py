"""The source of a bus's plans."""

from __future__ import annotations

import pytest

from plugbus import EventBase, EventBus, event
from plugbus.doctor import plans
from plugbus.errors import OrderError


@event("plan.shown")
class Shown(EventBase):
    number: int = 0


def take(event): ...


async def wait(event): ...


@pytest.fixture
def bus():
    bus = EventBus()
    bus.subscribe(Shown, wait)
    bus.subscribe("plan.*", take)
    return bus


def test_the_source_says_by_name_what_it_calls(bus):
    (view,) = plans(bus, "plan.shown")
    assert (view.type, view.version, view.cls) == ("plan.shown", 1, f"{__name__}.Shown")
    assert view.bound == {"h0": "take", "h1": "wait"}
    assert "r0 = h0(event)" in view.source
    assert "r1 = await h1(event)" in view.source


def test_it_is_the_source_of_what_runs(bus):
    bus.publish_sync(Shown())
    (view,) = plans(bus, Shown)
    compile(view.source, "plan", "exec")
    bus.stop_sync()
    assert plans(bus, Shown) == (view,)


def test_a_type_without_a_class_has_the_plan_of_a_generic_event(bus):
    (view,) = plans(bus, "plan.unknown")
    assert view.cls is None
    assert view.bound == {"h0": "take"}


def test_handlers_that_are_too_many_are_listed_though_the_source_loops(bus):
    for _ in range(130):
        bus.subscribe(Shown, lambda event: None)
    (view,) = plans(bus, Shown)
    assert len(view.bound) == 132
    assert "run_all(" in view.source
    assert "h0(" not in view.source


def test_without_an_order_there_is_no_plan(bus):
    bus.subscribe(Shown, print, after="nobody")
    with pytest.raises(OrderError):
        plans(bus, Shown)
