"""Monitors: told of what happened; free when there is none."""

from __future__ import annotations

import pytest

from plugbus import Event
from plugbus._shape import Shape
from plugbus._source import source_of
from plugbus.middleware import Monitor


def done():
    return Event(type="thing.done")


class Watch(Monitor):
    """Writes down everything."""

    def __init__(self):
        self.told = []

    def published(self, event, result):
        self.told.append(("published", event, result))

    def blocked(self, event, by, error):
        self.told.append(("blocked", event, by))

    def handled(self, event, subscription, value):
        self.told.append(("handled", event, subscription.name, value))

    def failed(self, event, failure):
        self.told.append(("failed", event, failure))


@pytest.fixture
def watch(bus):
    monitor = Watch()
    bus.add_monitor(monitor)
    return monitor


async def test_a_monitor_is_told_of_each_handler_and_of_the_publish(bus, watch, deliver):
    async def greet(event):
        return "hello"

    bus.subscribe("thing.done", lambda event: None, name="count")
    bus.subscribe("thing.done", greet)
    event = done()
    result = await deliver(bus, event)
    assert watch.told == [
        ("handled", event, "count", None),
        ("handled", event, "greet", "hello"),
        ("published", event, result),
    ]


async def test_it_is_told_what_a_sync_callable_returned_to_be_awaited(bus, watch, deliver):
    async def greet(event):
        return "hello"

    bus.subscribe("thing.done", lambda event: greet(event), name="hidden")
    event = done()
    result = await deliver(bus, event)
    assert result.values == ("hello",)
    assert watch.told[0] == ("handled", event, "hidden", "hello")


async def test_it_is_told_of_failures(bus, watch, deliver):
    async def fail(event):
        raise ValueError("broken")

    bus.subscribe("thing.done", fail)
    event = done()
    result = await deliver(bus, event)
    assert watch.told == [("failed", event, result.failures[0]), ("published", event, result)]


async def test_it_is_told_who_blocked_an_event(bus, watch, deliver):
    bus.add_middleware(lambda event: None, name="guard")
    event = done()
    await deliver(bus, event)
    assert watch.told == [("blocked", event, "guard")]


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_it_is_told_who_refused_an_event_with_an_exception(bus, watch, deliver, form):
    def guard(event):
        raise PermissionError("no")

    async def guard_async(event):
        guard(event)

    bus.add_middleware(guard if form == "sync" else guard_async, name="guard")
    event = done()
    with pytest.raises(PermissionError):
        await deliver(bus, event)
    assert watch.told == [("blocked", event, "guard")]


async def test_it_is_told_of_events_that_nobody_handles(bus, watch, deliver):
    event = done()
    result = await deliver(bus, event)
    assert watch.told == [("published", event, result)]


async def test_it_is_told_of_an_event_that_middleware_put_in_the_place(bus, watch, deliver):
    other = Event(type="other.done")
    bus.add_middleware(lambda event: other)
    result = await deliver(bus, done())
    assert watch.told == [("published", other, result)]


async def test_it_is_told_of_a_handler_that_is_retried_once(bus, watch, deliver):
    from plugbus import Retry

    attempts = []

    def shaky(event):
        attempts.append(event)
        if len(attempts) < 3:
            raise ValueError("not yet")

    bus.subscribe("thing.done", shaky, retry=Retry(delay=0))
    await deliver(bus, done())
    assert [told[0] for told in watch.told] == ["handled", "published"]


async def test_it_is_told_nothing_of_a_handler_that_an_event_was_not_for(bus, watch, deliver):
    bus.subscribe("thing.done", lambda event: None, when=lambda event: False)
    await deliver(bus, done())
    assert [told[0] for told in watch.told] == ["published"]


@pytest.mark.parametrize("correlation", [True, False])
def test_without_monitors_the_generated_source_does_not_mention_them(correlation):
    source = source_of(Shape(mode="async", middleware=(True, False), stages=((2, 3), (1, 1)), correlated=correlation))
    for word in ("on_publish", "monitor", "refuse"):
        assert word not in source


def test_with_monitors_it_does():
    source = source_of(Shape(mode="async", middleware=(True,), stages=((1, 0),), published=True, watched=True))
    assert source.count("on_publish(event, ") == 2
    assert "desk.refuse(event, 0, error)" in source


async def test_what_a_monitor_does_not_override_costs_nothing(bus):
    class OnlyFailures(Monitor):
        def failed(self, event, failure):
            pass

    bus.add_monitor(OnlyFailures())
    dispatcher = bus._dispatcher
    assert len(dispatcher.failed) == 1
    assert not dispatcher.handled
    assert not dispatcher.blocked
    assert not dispatcher.published


@pytest.mark.parametrize("method", ["published", "blocked", "handled", "failed"])
async def test_a_raising_monitor_is_logged_and_changes_nothing(bus, deliver, failures_logged, method):
    def told(self, *args):
        raise ValueError("the monitor is broken")

    bus.add_monitor(type("Broken", (Monitor,), {method: told})())
    bus.add_middleware(lambda event: event if event.type == "thing.done" else None)
    bus.subscribe("thing.done", lambda event: "value", name="good")
    bus.subscribe("thing.done", lambda event: 1 / 0, name="bad")
    result = await deliver(bus, done())
    assert (await deliver(bus, Event(type="other.done"))).blocked_by is not None
    assert result.values == ("value",)
    assert [failure.handler for failure in result.failures] == ["bad"]
    broken = [line for line, error in failures_logged() if repr(error) == "ValueError('the monitor is broken')"]
    assert len(broken) == 1
    assert broken[0].startswith("monitor ")


async def test_a_raising_monitor_keeps_the_others_from_nothing(bus, deliver, failures_logged):
    class Broken(Monitor):
        def published(self, event, result):
            raise ValueError("broken")

    watch = Watch()
    bus.add_monitor(Broken())
    bus.add_monitor(watch)
    await deliver(bus, done())
    assert [told[0] for told in watch.told] == ["published"]


async def test_it_can_be_taken_back(bus, deliver):
    watch = Watch()
    take_back = bus.add_monitor(watch)
    await deliver(bus, done())
    take_back()
    await deliver(bus, done())
    assert len(watch.told) == 1


async def test_a_monitor_may_leave_out_what_is_replayed(bus):
    class First(Watch):
        replays = False

    first, again = First(), Watch()
    bus.add_monitor(first)
    bus.add_monitor(again)
    bus.add_middleware(lambda event: event if event.type != "other.done" else None)
    bus.subscribe("thing.done", lambda event: None, name="good", replay=True)
    for name in ("thing.done", "other.done"):
        await bus.replay(Event(type=name))
    assert [told[0] for told in again.told if told[0] != "handled"] == ["published", "blocked"]
    assert [told[0] for told in first.told if told[0] != "handled"] == []
    await bus.publish(done())
    assert "published" in [told[0] for told in first.told]
