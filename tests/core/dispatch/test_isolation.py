"""A handler that fails: the others run, the log has it once, the result and the monitors tell of it."""

from __future__ import annotations

import gc
import logging
import traceback
import weakref

import pytest

from plugbus import Event, EventBase, Subscription, event
from plugbus.errors import Refusal
from plugbus.middleware import Monitor


@event("isolation.order.placed")
class OrderPlaced(EventBase):
    number: int = 1


class Foreign:
    """An event of the user's own making."""


def done():
    return Event(type="thing.done")


def failing(event):
    raise ValueError("broken")


async def failing_async(event):
    raise KeyError("broken, too")


async def test_a_failing_handler_does_not_stop_the_others(bus, deliver):
    reached = []

    async def working(event):
        reached.append("async")

    bus.subscribe("thing.done", failing)
    bus.subscribe("thing.done", failing_async)
    bus.subscribe("thing.done", lambda event: reached.append("sync"))
    bus.subscribe("thing.done", working)
    result = await deliver(bus, done())
    assert reached == ["sync", "async"]
    assert [failure.handler for failure in result.failures] == ["failing", "failing_async"]


async def test_a_failing_handler_awaited_in_place_does_not_stop_the_next_stage(bus, deliver):
    bus.subscribe("thing.done", failing_async)
    bus.subscribe("thing.done", lambda event: "next", after="failing_async", name="next")
    result = await deliver(bus, done())
    assert result.values == ("next",)
    assert len(result.failures) == 1


async def test_a_failure_tells_handler_exception_and_event(bus, deliver):
    bus.subscribe("thing.done", failing)
    event = done()
    (failure,) = (await deliver(bus, event)).failures
    assert failure.handler == "failing"
    assert failure.plugin is None
    assert repr(failure.exception) == "ValueError('broken')"
    assert (failure.event_type, failure.event_id) == ("thing.done", event.id)
    assert str(failure) == "failing: ValueError: broken"


@pytest.mark.parametrize("handler", [failing, failing_async])
async def test_a_failure_names_the_plugin_of_its_handler(bus, deliver, failures_logged, handler):
    bus._dispatcher.add(Subscription("thing.done", handler, plugin="shop"))
    (failure,) = (await deliver(bus, done())).failures
    assert failure.plugin == "shop"
    assert str(failure).startswith(f"{handler.__name__} of plugin shop: ")
    ((line, _),) = failures_logged()
    assert line.startswith(f"handler {handler.__name__} of plugin shop failed on thing.done ")


@pytest.mark.parametrize("handlers", [[failing], [failing_async], [failing, failing_async, lambda event: None]])
async def test_a_failure_is_logged_exactly_once_with_its_traceback(bus, deliver, failures_logged, handlers):
    for handler in handlers:
        bus.subscribe("thing.done", handler)
    event = done()
    result = await deliver(bus, event)
    del handler
    assert failures_logged() == [
        (f"handler {failure.handler} failed on thing.done {event.id}", failure.exception) for failure in result.failures
    ]
    for failure in result.failures:
        assert f"in {failure.handler}" in "".join(traceback.format_exception(failure.exception))


async def test_what_sync_callables_return_to_be_awaited_fails_like_others(bus, deliver, failures_logged):
    bus.subscribe("thing.done", lambda event: failing_async(event), name="hidden")
    bus.subscribe("thing.done", lambda event: failing_async(event), name="hidden too")
    bus.subscribe("thing.done", lambda event: "value", name="working")
    result = await deliver(bus, done())
    assert [failure.handler for failure in result.failures] == ["hidden", "hidden too"]
    assert result.values == ("value",)
    assert len(failures_logged()) == 2


async def test_a_traceback_shows_the_line_of_the_plan(bus):
    bus.subscribe("thing.done", failing)
    (failure,) = (await bus.publish(done())).failures
    shown = "".join(traceback.format_exception(failure.exception))
    assert "<plugbus plan" in shown
    assert "r0 = h0(event)" in shown


async def test_values_are_what_handlers_returned_other_than_none(bus, deliver):
    for name, value in {"a": 0, "b": None, "c": "", "d": False, "e": []}.items():
        bus.subscribe("thing.done", lambda event, value=value: value, name=name)
    result = await deliver(bus, done())
    assert result.values == (0, "", False, [])
    assert result.handlers == ("a", "b", "c", "d", "e")


async def test_values_and_failures_stand_side_by_side(bus, deliver):
    bus.subscribe("thing.done", lambda event: 1, name="one")
    bus.subscribe("thing.done", failing)
    bus.subscribe("thing.done", lambda event: 2, name="two")
    result = await deliver(bus, done())
    assert result.values == (1, 2)
    assert not result.ok


async def test_full_success_without_values_is_one_shared_object_per_plan(bus, deliver):
    async def nothing(event):
        pass

    async def nothing_either(event):
        pass

    bus.subscribe("thing.done", lambda event: None)
    bus.subscribe("thing.done", nothing)
    bus.subscribe("thing.done", nothing_either)
    first, second = await deliver(bus, done()), await deliver(bus, done())
    assert first is second
    assert first.ok
    assert first.values == first.failures == ()


async def test_it_is_shared_too_where_sync_callables_return_coroutines(bus, deliver):
    async def nothing(event):
        pass

    for name in "abc":
        bus.subscribe("thing.done", lambda event: nothing(event), name=name)
    bus.subscribe("thing.done", nothing)
    assert await deliver(bus, done()) is await deliver(bus, done())


async def test_a_result_carries_no_event(bus, deliver):
    bus.subscribe(OrderPlaced, lambda event: "value")
    published = OrderPlaced()
    alive = weakref.ref(published)
    result = await deliver(bus, published)
    del published
    gc.collect()
    assert alive() is None
    assert result.values == ("value",)


async def test_ok_says_whether_all_went_well(bus, deliver):
    assert (await deliver(bus, done())).ok
    bus.subscribe("thing.done", failing)
    assert not (await deliver(bus, done())).ok


async def test_raise_failures_raises_all_of_them_as_a_group_that_names_the_handlers(bus, deliver):
    bus._dispatcher.add(Subscription("thing.done", failing, plugin="shop"))
    bus.subscribe("thing.done", failing_async)
    bus.subscribe("thing.done", lambda event: None)
    result = await deliver(bus, done())
    with pytest.raises(ExceptionGroup) as caught:
        result.raise_failures()
    assert caught.value.message == (
        "2 of 3 handlers of thing.done failed: "
        "failing of plugin shop: ValueError: broken, failing_async: KeyError: 'broken, too'"
    )
    assert caught.value.exceptions == tuple(failure.exception for failure in result.failures)


async def test_raise_failures_does_nothing_where_none_failed(bus, deliver):
    bus.subscribe("thing.done", lambda event: None)
    (await deliver(bus, done())).raise_failures()


@pytest.mark.parametrize("handler", [failing, failing_async])
async def test_a_failure_is_told_to_monitors_once(bus, deliver, handler):
    told = []

    class Watch(Monitor):
        def failed(self, event, failure):
            told.append((event, failure))

    bus.add_monitor(Watch())
    bus.subscribe("thing.done", handler)
    event = done()
    result = await deliver(bus, event)
    assert told == [(event, result.failures[0])]


@pytest.mark.parametrize("handler", [failing, failing_async])
async def test_a_failure_on_a_foreign_object_names_its_envelope(bus, deliver, handler):
    ids = []
    bus.subscribe(Foreign, handler)
    bus.subscribe(Foreign, failing, name="again")
    result = await deliver(bus, Foreign())
    ids = {failure.event_id for failure in result.failures}
    assert len(ids) == 1
    assert all(failure.event_type.endswith("Foreign") for failure in result.failures)


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_a_refusal_is_a_failure_logged_as_a_warning_without_traceback(bus, deliver, failures_logged, form):
    class QuotaExceeded(Refusal):
        pass

    def refuse(event):
        raise QuotaExceeded("three a day")

    async def refuse_async(event):
        refuse(event)

    reported = []
    bus.subscribe("error.occurred", reported.append)
    bus.subscribe("thing.done", refuse if form == "sync" else refuse_async, name="quota")
    event = done()
    result = await deliver(bus, event)
    assert [failure.handler for failure in result.failures] == ["quota"]
    assert failures_logged() == []
    assert failures_logged(logging.WARNING) == [(f"handler quota refused thing.done {event.id}: three a day", None)]
    assert reported == []


async def test_a_refusal_among_failures_keeps_none_of_them_from_being_reported(bus, deliver):
    def refuse(event):
        raise Refusal("no")

    reported = []
    bus.subscribe("error.occurred", reported.append)
    bus.subscribe("thing.done", refuse)
    bus.subscribe("thing.done", failing)
    await deliver(bus, done())
    assert [event.payload["handler"] for event in reported] == ["failing"]
