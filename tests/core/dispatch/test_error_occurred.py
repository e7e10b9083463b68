"""Failures of handlers, published as `error.occurred`."""

from __future__ import annotations

import asyncio

import pytest

from plugbus import Event, Subscription, envelope
from plugbus.errors import EventLoopError


def done():
    return Event(type="thing.done")


def failing(event):
    raise ValueError("broken")


async def failing_async(event):
    await asyncio.sleep(0)
    raise ValueError("broken")


@pytest.fixture(params=[True, False], ids=["correlated", "uncorrelated"])
def any_bus(request, other_bus):
    return other_bus(correlation=request.param)


@pytest.mark.parametrize("handler", [failing, failing_async])
async def test_a_failure_is_published_as_error_occurred(any_bus, deliver, handler):
    reported = []
    any_bus.subscribe("error.occurred", reported.append)
    any_bus._dispatcher.add(Subscription("thing.done", handler, plugin="shop"))
    event = done()
    await deliver(any_bus, event)
    (error,) = reported
    assert dict(error.payload) == {
        "severity": "error",
        "error": "ValueError",
        "message": "broken",
        "handler": handler.__name__,
        "plugin": "shop",
        "event_type": "thing.done",
        "event_id": event.id,
    }


async def test_the_failed_event_is_its_cause(bus, deliver):
    reported = []
    bus.subscribe("error.occurred", reported.append)
    bus.subscribe("thing.done", failing)
    event = Event(type="thing.done", correlation_id="request-1")
    await deliver(bus, event)
    known = envelope(reported[0])
    assert (known.correlation_id, known.causation_id) == ("request-1", event.id)


async def test_it_comes_after_the_handlers(bus, deliver):
    steps = []

    async def late(event):
        await asyncio.sleep(0)
        steps.append("handler")

    bus.subscribe("error.occurred", lambda event: steps.append("report"))
    bus.subscribe("thing.done", failing)
    bus.subscribe("thing.done", late, after="failing")
    await deliver(bus, done())
    assert steps == ["handler", "report"]


async def test_each_failure_is_reported(any_bus, deliver):
    reported = []
    any_bus.subscribe("error.*", reported.append)
    any_bus.subscribe("thing.done", failing)
    any_bus.subscribe("thing.done", failing_async)
    await deliver(any_bus, done())
    assert [event.payload["handler"] for event in reported] == ["failing", "failing_async"]


async def test_async_handlers_of_it_are_awaited(any_bus, deliver):
    reported = []

    async def report(event):
        await asyncio.sleep(0)
        reported.append(event)

    async def report_too(event):
        await report(event)

    any_bus.subscribe("error.occurred", report)
    any_bus.subscribe("error.occurred", report_too)
    any_bus.subscribe("thing.done", failing)
    await deliver(any_bus, done())
    assert len(reported) == 2


async def test_nothing_is_published_where_nobody_listens(bus, deliver):
    published = []
    bus.add_middleware(lambda event: published.append(event.type) or event)
    bus.subscribe("thing.done", failing)
    await deliver(bus, done())
    assert published == ["thing.done"]


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_a_failing_handler_of_error_occurred_raises_no_other(any_bus, deliver, failures_logged, form):
    calls = []

    def report(event):
        calls.append(event)
        raise RuntimeError("the report is broken, too")

    async def report_async(event):
        await asyncio.sleep(0)
        report(event)

    any_bus.subscribe("error.occurred", report if form == "sync" else report_async)
    any_bus.subscribe("error.occurred", failing_async)
    any_bus.subscribe("thing.done", failing)
    await deliver(any_bus, done())
    assert len(calls) == 1
    assert len(failures_logged()) == 3


@pytest.mark.parametrize("form", ["sync", "async", "two async"])
async def test_none_is_published_below_another(any_bus, deliver, failures_logged, form):
    calls = []

    def report(event):
        calls.append(event)
        any_bus.publish_soon(Event(type="mail.sent"))

    async def report_async(event):
        calls.append(event)
        await any_bus.publish(Event(type="mail.sent"))

    async def beside(event):
        await asyncio.sleep(0)

    any_bus.subscribe("error.occurred", report if form == "sync" else report_async)
    if form == "two async":
        any_bus.subscribe("error.occurred", beside)
    any_bus.subscribe("thing.done", failing)
    any_bus.subscribe("mail.sent", failing)
    await deliver(any_bus, done())
    await any_bus.drain()
    assert len(calls) == 1
    assert len(failures_logged()) == 2


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_none_is_published_below_one_that_the_application_raised(any_bus, deliver, form):
    calls = []

    def report(event):
        calls.append(event)
        any_bus.publish_soon(Event(type="mail.sent"))

    async def report_async(event):
        calls.append(event)
        await any_bus.publish(Event(type="mail.sent"))

    any_bus.subscribe("error.occurred", report if form == "sync" else report_async)
    any_bus.subscribe("mail.sent", failing)
    await deliver(any_bus, Event(type="error.occurred"))
    await any_bus.drain()
    assert len(calls) == 1


async def test_none_is_published_below_one_that_a_middleware_made_of_another_event(any_bus, deliver):
    calls = []

    async def report(event):
        calls.append(event)
        await any_bus.publish(Event(type="mail.sent"))

    any_bus.add_middleware(lambda event: Event(type="error.occurred") if event.type == "thing.done" else event)
    any_bus.subscribe("error.occurred", report)
    any_bus.subscribe("mail.sent", failing)
    await deliver(any_bus, done())
    assert len(calls) == 1


async def test_after_it_failures_are_published_again(any_bus, deliver):
    reported = []
    any_bus.subscribe("error.occurred", reported.append)
    any_bus.subscribe("thing.done", failing)
    await deliver(any_bus, done())
    await deliver(any_bus, done())
    await any_bus.publish(Event(type="error.occurred"))
    await deliver(any_bus, done())
    assert [event.payload.get("handler") for event in reported] == ["failing", "failing", None, "failing"]


async def test_a_middleware_that_refuses_one_report_stops_no_other_and_reaches_no_publisher(
    bus, deliver, failures_logged
):
    reported = []

    def guard(event):
        if event.type == "error.occurred" and event.payload["handler"] == "failing":
            raise PermissionError("not this one")
        return event

    bus.add_middleware(guard)
    bus.subscribe("error.occurred", reported.append)
    bus.subscribe("thing.done", failing)
    bus.subscribe("thing.done", failing_async)
    result = await deliver(bus, done())
    assert len(result.failures) == 2
    assert [event.payload["handler"] for event in reported] == ["failing_async"]
    assert [(line, repr(error)) for line, error in failures_logged()[2:]] == [
        ("publishing error.occurred failed", "PermissionError('not this one')")
    ]


async def test_a_circle_of_events_is_reported_though_it_leaves_no_room_for_one_more(bus, deliver):
    reported = []

    async def again(event):
        await bus.publish(Event(type="thing.done"))

    bus.subscribe("thing.done", again)
    bus.subscribe("error.occurred", reported.append)
    event = Event(type="thing.done", correlation_id="request-1")
    assert (await deliver(bus, event)).ok
    (error,) = reported
    assert error.payload["error"] == EventLoopError.__name__
    assert error.correlation_id == "request-1"
    assert envelope(error).causation_id == error.payload["event_id"]
