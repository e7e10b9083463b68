"""The options `when`, `once`, `loop` and `replay`."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from plugbus import Event, EventHandler, Options
from plugbus.errors import DefinitionError, HandlerCancelled, InvalidHandler


def done(**payload):
    return Event(type="thing.done", payload=payload)


class Counter:
    """Handlers of both forms that count their calls."""

    def __init__(self):
        self.events = []

    def sync(self, event):
        self.events.append(event)
        return "handled"

    async def asynchronous(self, event):
        await asyncio.sleep(0)
        return self.sync(event)

    def returning_a_coroutine(self, event):
        return self.asynchronous(event)


@pytest.fixture(params=["sync", "asynchronous", "returning_a_coroutine"])
def counted(request):
    """A handler in each form, and the list of the events that it got."""
    counter = Counter()
    return getattr(counter, request.param), counter.events


async def test_when_tells_whether_an_event_is_for_the_handler(bus, deliver, counted):
    handler, events = counted
    bus.subscribe("thing.done", handler, when=lambda event: event.payload["wanted"])
    assert (await deliver(bus, done(wanted=False))).values == ()
    assert (await deliver(bus, done(wanted=True))).values == ("handled",)
    assert [event.payload["wanted"] for event in events] == [True]


async def test_an_event_that_was_for_nobody_has_the_shared_result(bus, deliver, counted):
    handler, _ = counted
    bus.subscribe("thing.done", handler, when=lambda event: False)
    assert await deliver(bus, done()) is await deliver(bus, done())


async def test_a_condition_that_raises_is_the_failure_of_its_handler(bus, deliver, counted):
    handler, events = counted
    bus.subscribe("thing.done", handler, when=lambda event: event.payload["missing"], name="picky")
    (failure,) = (await deliver(bus, done())).failures
    assert failure.handler == "picky"
    assert isinstance(failure.exception, KeyError)
    assert not events


async def test_a_condition_is_asked_once_whatever_is_retried(bus, deliver):
    from plugbus import Retry

    asked = []

    def fail(event):
        raise ConnectionError

    bus.subscribe("thing.done", fail, when=lambda event: asked.append(event) or True, retry=Retry(delay=0))
    await deliver(bus, done())
    assert len(asked) == 1


@pytest.mark.parametrize("when", ["text", Counter().asynchronous], ids=["text", "async"])
def test_a_condition_is_a_sync_function(bus, when):
    with pytest.raises(DefinitionError, match="when is a sync function that takes the event"):
        bus.subscribe("thing.done", print, when=when)


def test_a_condition_takes_the_event(bus):
    with pytest.raises(InvalidHandler, match="when= of handler print"):
        bus.subscribe("thing.done", print, when=lambda: True)


async def test_once_is_for_one_event(bus, deliver, counted):
    handler, events = counted
    bus.subscribe("thing.done", handler, once=True)
    for _ in range(3):
        await deliver(bus, done())
    assert len(events) == 1
    assert bus.subscriptions() == ()


async def test_once_is_claimed_after_when(bus, deliver, counted):
    handler, events = counted
    bus.subscribe("thing.done", handler, once=True, when=lambda event: event.payload["n"] == 2)
    for number in range(5):
        await deliver(bus, done(n=number))
    assert [event.payload["n"] for event in events] == [2]


async def test_once_is_used_up_by_a_failure_too(bus, deliver):
    calls = []

    def fail(event):
        calls.append(event)
        raise ValueError

    bus.subscribe("thing.done", fail, once=True)
    assert not (await deliver(bus, done())).ok
    assert (await deliver(bus, done())).ok
    assert len(calls) == 1


@pytest.mark.parametrize("form", ["sync", "asynchronous"])
def test_once_is_claimed_atomically_by_one_of_fifty_threads(bus, form):
    counter = Counter()
    bus.subscribe("thing.done", lambda event: None, name="always")
    bus.publish_sync(done())
    bus.subscribe("thing.done", getattr(counter, form), once=True)
    everybody = threading.Barrier(50)
    values = []

    def publish():
        everybody.wait(20)
        values.extend(bus.publish_sync(done()).values)

    threads = [threading.Thread(target=publish) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(counter.events) == 1
    assert values == ["handled"]


async def test_once_is_claimed_by_one_of_many_publishes_side_by_side(bus):
    counter = Counter()
    bus.subscribe("thing.done", counter.asynchronous, once=True)
    results = await asyncio.gather(*(bus.publish(done()) for _ in range(50)))
    assert len(counter.events) == 1
    assert sum(len(result.values) for result in results) == 1


async def test_subscribed_anew_it_is_for_one_event_more(bus, deliver, counted):
    handler, events = counted
    for _ in range(3):
        bus.subscribe("thing.done", handler, once=True)
        await deliver(bus, done())
        await deliver(bus, done())
    assert len(events) == 3


async def test_a_new_subscription_made_by_the_handler_itself_is_not_forgotten(bus, deliver):
    events = []

    def handler(event):
        events.append(event)
        bus.subscribe("thing.done", handler, once=len(events) < 3)

    bus.subscribe("thing.done", handler, once=True)
    for _ in range(5):
        await deliver(bus, done())
    assert len(events) == 5


async def test_replayed_events_reach_only_handlers_that_take_them(bus):
    live, both = Counter(), Counter()
    bus.subscribe("thing.done", live.sync)
    bus.subscribe("thing.done", both.asynchronous, replay=True)
    result = await bus.replay(done(old=True))
    assert result.handlers == ("Counter.asynchronous",)
    await bus.publish(done(old=False))
    assert [event.payload["old"] for event in live.events] == [False]
    assert [event.payload["old"] for event in both.events] == [True, False]


async def test_a_replayed_event_that_middleware_turns_into_another_stays_a_replayed_one(bus):
    counter = Counter()
    bus.add_middleware(lambda event: Event(type="other.done"))
    bus.subscribe("other.done", counter.sync)
    assert (await bus.replay(done())).handlers == ()
    assert not counter.events


async def test_loop_bus_hands_over_to_the_loop_of_the_bus(bus, deliver):
    loops = []

    async def handler(event):
        loops.append(asyncio.get_running_loop())

    bus.subscribe("thing.done", handler, loop="bus")
    for _ in range(2):
        assert (await deliver(bus, done())).ok
    assert loops[0] is loops[1]
    assert loops[0] is not asyncio.get_running_loop()


async def test_on_the_loop_where_the_bus_was_started_it_is_called_in_place(other_bus):
    bus = other_bus()
    tasks = []

    async def handler(event):
        tasks.append(asyncio.current_task())

    bus.subscribe("thing.done", handler, loop="bus")
    async with bus:
        await bus.publish(done())
    assert tasks == [asyncio.current_task()]


async def test_its_context_variables_travel_with_it(bus, deliver):
    variable = contextvars.ContextVar("variable", default="default")
    variable.set("the publisher's")

    async def handler(event):
        return variable.get()

    bus.subscribe("thing.done", handler, loop="bus")
    assert (await deliver(bus, done())).values == ("the publisher's",)


async def test_its_failure_is_a_failure_like_others(bus, deliver):
    async def fail(event):
        raise ValueError("over there")

    async def cancel(event):
        raise asyncio.CancelledError

    bus.subscribe("thing.done", fail, loop="bus")
    bus.subscribe("thing.done", cancel, loop="bus")
    result = await deliver(bus, done())
    assert [failure.handler for failure in result.failures] == ["fail", "cancel"]
    assert [type(failure.exception) for failure in result.failures] == [ValueError, HandlerCancelled]


def test_loop_bus_is_for_async_handlers(bus):
    with pytest.raises(InvalidHandler, match="is sync: loop='bus' is for async handlers"):
        bus.subscribe("thing.done", lambda event: None, loop="bus")


def test_there_are_two_loops_to_choose_from(bus):
    with pytest.raises(DefinitionError, match="loop is 'publisher' or 'bus'"):
        bus.subscribe("thing.done", Counter().asynchronous, loop="mine")


@pytest.mark.parametrize("names", [3, [3], print])
def test_before_and_after_take_names(bus, names):
    with pytest.raises(DefinitionError, match="before and after take names of handlers"):
        bus.subscribe("thing.done", print, after=names)


async def test_an_event_handler_brings_its_options_and_those_of_subscribe_win(bus, deliver):
    class Once(EventHandler):
        event_types = ("thing.done",)
        options = Options(once=True, name="brought")

        def __init__(self):
            self.events = []

        async def handle(self, event):
            self.events.append(event)

    brought, changed = Once(), Once()
    bus.subscribe(brought)
    bus.subscribe(changed, once=False, name="changed")
    for _ in range(2):
        await deliver(bus, done())
    assert (len(brought.events), len(changed.events)) == (1, 2)
