"""An event that is deferred is published in the context of its call: cause, correlation, context variables."""

from __future__ import annotations

import contextvars

import pytest

from plugbus import Event, EventBase, EventBus, correlation, envelope, event


@event("verbs.deferred.here")
class Published(EventBase):
    number: int = 0


@event("verbs.deferred.entered")
class Entered(EventBase):
    pass


class Foreign:
    pass


tenant = contextvars.ContextVar("tenant", default="nobody")


@pytest.fixture
def seen(bus):
    """The numbers of the events that have been handled."""
    numbers = []
    bus.subscribe(Published, lambda event: numbers.append(event.number))
    return numbers


async def test_an_event_keeps_the_cause_that_it_had_at_the_call(bus):
    published = []

    @bus.on(Entered)
    async def handler(event):
        await bus.publish(Published())

    bus.subscribe(Published, published.append)
    entered = Entered()
    async with bus.deferred():
        await bus.publish(entered)  # itself deferred
    assert envelope(published[0]).causation_id == envelope(entered).id

    published.clear()
    with correlation("request-1"):
        async with bus.deferred():
            with correlation("request-2"):
                await bus.publish(Published())
            await bus.publish(Published())
    assert [envelope(event).correlation_id for event in published] == ["request-2", "request-1"]


async def test_the_cause_is_that_of_the_call_for_foreign_and_generic_events_too(bus):
    found = []

    @bus.on("*")
    async def read(event):
        found.append(envelope(event).correlation_id)

    async with bus.deferred():
        with correlation("inside"):
            await bus.publish(Foreign())
            await bus.publish(Event(type="verbs.generic"))
    assert found == ["inside", "inside"]


async def test_what_was_published_outside_of_any_handler_has_no_cause_though_the_block_ends_in_one(bus):
    published = []
    bus.subscribe(Published, published.append)
    block = bus.deferred()
    await block.__aenter__()
    made = Published()
    await bus.publish(made)

    @bus.on(Entered)
    async def leave(event):
        await block.__aexit__(None, None, None)

    other = EventBus()
    other.subscribe(Entered, leave)
    await other.publish(Entered())
    await other.stop()
    assert published == [made]
    assert envelope(made).causation_id is None


async def test_context_variables_are_those_of_the_call(bus):
    found = []

    @bus.on(Published)
    async def read(event):
        found.append(tenant.get())

    async with bus.deferred():
        token = tenant.set("acme")
        await bus.publish(Published())
        tenant.reset(token)
        await bus.publish(Published())
    assert found == ["acme", "nobody"]


def test_a_block_that_is_left_in_another_context_publishes_all_the_same(bus, seen):
    block = bus.deferred()
    entered = contextvars.copy_context()
    entered.run(block.__enter__)
    entered.run(bus.publish_sync, Published(number=1))
    contextvars.copy_context().run(block.__exit__, None, None, None)
    assert seen == [1]
    assert not bus.publish_sync(Published(number=2)).deferred
