"""Subscribing and unsubscribing while others publish."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from plugbus import Event, EventBase, event


PUBLISHERS = 200
LONG = 60  # seconds after which a test has hung


@event("meanwhile.thing.done")
class ThingDone(EventBase):
    got: list


def generic():
    return Event(type="thing.done", payload={"got": []})


def typed():
    return ThingDone(got=[])


def got(event):
    return event.got if isinstance(event, ThingDone) else event.payload["got"]


class Slot:
    """A handler that comes and goes."""

    def __init__(self, bus, number):
        self.bus = bus
        self.number = number
        self.state = (0, False)  # how often it has changed, and whether it is subscribed; None while it changes
        self.handler = self.handle_async if number % 3 == 2 else self.handle

    def handle(self, event):
        got(event).append(self.number)

    async def handle_async(self, event):
        got(event).append(self.number)

    def toggle(self):
        changes, subscribed = self.state
        self.state = (changes + 1, None)
        if subscribed:
            assert self.bus.unsubscribe(self.handler)
        else:
            self.bus.subscribe(("thing.done", ThingDone), self.handler, name=None)
        self.state = (changes + 1, not subscribed)


class Traffic:
    """Publishers, and handlers that come and go meanwhile."""

    def __init__(self, bus, make):
        self.bus = bus
        self.make = make
        self.slots = [Slot(bus, number) for number in range(12)]
        self.everybody = threading.Barrier(PUBLISHERS + len(self.slots))
        self.published = threading.Semaphore(0)
        self.ended = threading.Event()
        self.wrong = []
        self.checked = []

    def change(self, slot):
        self.everybody.wait(LONG)
        while not self.ended.is_set():
            slot.toggle()
            for _ in range(8):  # so that there are publishes during which a slot does not change
                self.published.acquire()

    def publish(self, number):
        self.everybody.wait(LONG)
        for turn in range(4):
            event = self.make()
            before = [slot.state for slot in self.slots]
            if (number + turn) % 2:
                self.bus.publish_sync(event)
            else:
                self.bus.publish_soon(event).wait(LONG)
            after = [slot.state for slot in self.slots]
            self.published.release()
            self.check(event, before, after)

    def check(self, event, before, after):
        for slot, then, now in zip(self.slots, before, after, strict=True):
            if then == now and then[1] is not None:
                self.checked.append(then[1])
                if got(event).count(slot.number) != then[1]:
                    self.wrong.append((slot.number, then, got(event)))

    def run(self):
        with ThreadPoolExecutor(PUBLISHERS + len(self.slots)) as pool:
            changers = [pool.submit(self.change, slot) for slot in self.slots]
            publishers = [pool.submit(self.publish, number) for number in range(PUBLISHERS)]
            try:
                for publisher in publishers:
                    publisher.result(LONG)
            finally:
                self.ended.set()
                self.published.release(8 * len(self.slots))
            for changer in changers:
                changer.result(LONG)


@pytest.mark.parametrize("make", [generic, typed])
def test_each_event_reaches_exactly_the_handlers_that_were_subscribed_when_it_was_published(bus, make):
    traffic = Traffic(bus, make)
    traffic.run()
    assert not traffic.wrong
    assert True in traffic.checked
    assert False in traffic.checked


@pytest.mark.parametrize("make", [generic, typed])
def test_between_two_changes_two_hundred_threads_reach_the_same_handlers(bus, make):
    slots = [Slot(bus, number) for number in range(8)]
    everybody = threading.Barrier(PUBLISHERS + 1)
    turns = [{0, 1}, {1}, set(), {2, 5}, set(range(8)), {7}, {0, 3, 6}]
    wrong = []

    def publish():
        for expected in turns:
            everybody.wait(LONG)  # the handlers have been changed
            event = make()
            bus.publish_sync(event)
            if sorted(got(event)) != sorted(expected):
                wrong.append((expected, got(event)))
            everybody.wait(LONG)  # everybody has published

    threads = [threading.Thread(target=publish, daemon=True) for _ in range(PUBLISHERS)]
    for thread in threads:
        thread.start()
    for expected in turns:
        for slot in slots:
            if slot.state[1] != (slot.number in expected):
                slot.toggle()
        everybody.wait(LONG)
        everybody.wait(LONG)
    for thread in threads:
        thread.join(LONG)
    assert not wrong


def test_no_subscription_is_lost_where_many_threads_subscribe_at_once(bus):
    everybody = threading.Barrier(20)

    def subscribe(thread):
        everybody.wait(LONG)
        for number in range(10):
            bus.subscribe("thing.done", lambda event, n=(thread, number): n, name=f"{thread} {number}")
            bus.publish_sync(Event(type="other.done"))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(subscribe, range(20)))
    values = bus.publish_sync(Event(type="thing.done")).values
    assert sorted(values) == [(thread, number) for thread in range(20) for number in range(10)]


def test_a_subscription_that_is_made_while_a_plan_is_compiled_is_not_missed(bus):
    compiling, subscribed = threading.Event(), threading.Event()

    class Slow:
        """Middleware that is asked while a plan is compiled."""

        def for_type(self, event_type):
            compiling.set()
            subscribed.wait(0.1)  # in vain, if one excludes the other

        def __call__(self, event):
            return event

    bus.add_middleware(Slow())
    calls = []

    def subscribe():
        assert compiling.wait(LONG)
        bus.subscribe("thing.done", calls.append)
        subscribed.set()

    thread = threading.Thread(target=subscribe)
    thread.start()
    bus.publish_sync(Event(type="thing.done"))
    assert subscribed.wait(LONG)
    calls.clear()
    bus.publish_sync(Event(type="thing.done"))
    thread.join(LONG)
    assert len(calls) == 1


def test_every_verb_may_be_used_first_while_others_subscribe(bus):
    """A class whose subclass check publishes: it is asked in the midst of a subscription."""
    threads = []

    class Meta(type):
        def __subclasscheck__(cls, other):
            if not threads:
                threads.append(threading.Thread(target=lambda: asyncio.run(first_use())))
                threads[0].start()
                threads[0].join(0.1)  # it may have to wait for the subscription, and goes on then
            return False

    async def first_use():
        await bus.publish(Event(type="thing.done"))
        await bus.publish_many([Event(type="thing.done")])
        return await bus.publish_soon(Event(type="thing.done"))

    bus.publish_sync(Event(type="thing.done"))
    bus.subscribe(Meta("Odd", (), {}), print)
    threads[0].join(LONG)
    assert bus.publish_sync(Event(type="thing.done")).ok


async def test_publishes_that_are_under_way_end_with_the_handlers_they_began_with(bus, deliver):
    inside, proceed = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    calls = []

    async def first(event):
        loop.call_soon_threadsafe(inside.set)
        await asyncio.to_thread(proceed.wait, LONG)

    def second(event):
        calls.append("second")

    bus.subscribe("thing.done", first)
    bus.subscribe("thing.done", second, after="first")
    publishing = asyncio.create_task(deliver(bus, Event(type="thing.done")))
    await inside.wait()
    bus.unsubscribe(second)
    bus.subscribe("thing.done", lambda event: calls.append("third"))
    proceed.set()
    result = await publishing
    assert calls == ["second"]
    assert result.handlers == ("first", "second")
