from __future__ import annotations

import functools

import pytest

from plugbus import Event, EventBus, EventHandler
from plugbus.errors import DefinitionError, InvalidHandler
from plugbus.middleware import intercepted


HAPPENED = Event(type="thing.happened", payload={})


def noting(notes, name):
    def around(event, call_next):
        notes.append(name)
        return call_next(event)

    return around


async def test_an_interceptor_of_a_handler_wraps_that_handler_alone(bus):
    notes = []

    @bus.on("thing.*")
    @intercepted(noting(notes, "mine"))
    def one(event):
        notes.append("one")

    @bus.on("thing.*")
    def two(event):
        notes.append("two")

    await bus.publish(HAPPENED)
    assert notes == ["mine", "one", "two"]


def test_the_first_that_is_written_is_outermost_and_those_of_the_bus_are_around_them(bus):
    notes = []
    bus.add_interceptor(noting(notes, "bus"))

    @bus.on("thing.*")
    @intercepted(noting(notes, "outer"))
    @intercepted(noting(notes, "inner"))
    def one(event):
        notes.append("one")

    bus.publish_sync(HAPPENED)
    assert notes == ["bus", "outer", "inner", "one"]


async def test_an_async_interceptor_wraps_an_async_handler(bus):
    notes = []

    async def around(event, call_next):
        notes.append("around")
        return await call_next(event)

    @bus.on("thing.*")
    @intercepted(around)
    async def one(event):
        notes.append("one")
        return 1

    result = await bus.publish(HAPPENED)
    assert (notes, list(result.values)) == (["around", "one"], [1])


def test_a_handler_object_carries_the_interceptors_of_its_method(bus):
    notes = []

    class Handler(EventHandler):
        event_types = ("thing.*",)

        @intercepted(noting(notes, "around"))
        def handle(self, event):
            notes.append("handled")

    bus.subscribe(Handler())
    bus.publish_sync(HAPPENED)
    assert notes == ["around", "handled"]


def test_an_interceptor_is_seen_through_partials(bus):
    notes = []

    @intercepted(noting(notes, "around"))
    def one(word, event):
        notes.append(word)

    bus.subscribe("thing.*", functools.partial(one, "word"))
    bus.publish_sync(HAPPENED)
    assert notes == ["around", "word"]


def test_each_bus_is_asked_for_the_interceptor_that_runs_there():
    notes = []

    class PerBus:
        def for_bus(self, bus):
            return noting(notes, "here") if bus is first else None

    @intercepted(PerBus())
    def one(event):
        notes.append("one")

    first, second = EventBus(), EventBus()
    for bus in (first, second):
        bus.subscribe("thing.*", one)
        bus.publish_sync(HAPPENED)
        bus.stop_sync()
    assert notes == ["here", "one", "one"]


def test_called_by_its_name_the_function_is_not_intercepted():
    notes = []

    @intercepted(noting(notes, "around"))
    def one(event):
        notes.append("one")

    one(HAPPENED)
    assert notes == ["one"]


def test_what_it_raises_is_the_failure_of_the_handler(bus):
    def refuse(event, call_next):
        raise ValueError("no")

    bus.subscribe("thing.*", intercepted(refuse)(lambda event: None))
    assert isinstance(bus.publish_sync(HAPPENED).failures[0].exception, ValueError)


@pytest.mark.parametrize("wrong", [7, "text", type("Cls", (), {"intercept": 1}), None], ids=repr)
def test_what_is_no_interceptor_is_refused_at_once(wrong):
    with pytest.raises(InvalidHandler, match="is no interceptor"):
        intercepted(wrong)


def test_a_bound_method_cannot_carry_one():
    class Handler:
        def handle(self, event): ...

    with pytest.raises(DefinitionError, match="decorate the function where it is defined"):
        intercepted(lambda event, call_next: None)(Handler().handle)
