"""Middleware: before the handlers, in order; passes, changes, blocks, refuses."""

from __future__ import annotations

import asyncio
import functools
import warnings
from unittest.mock import AsyncMock

import attrs
import pytest

from plugbus import Event, EventBase, envelope, event
from plugbus.errors import InvalidHandler, NotAnEvent


@event("middleware.item.renamed")
class ItemRenamed(EventBase):
    name: str = "old"


@event("middleware.item.deleted")
class ItemDeleted(EventBase):
    name: str = "old"


class Parcel:
    """An event of the user's own making."""

    def __init__(self, weight):
        self.weight = weight


def done(**payload):
    return Event(type="thing.done", payload=payload)


def passing(steps, name):
    def middleware(event):
        steps.append(name)
        return event

    return middleware


def passing_async(steps, name):
    async def middleware(event):
        await asyncio.sleep(0)
        steps.append(name)
        return event

    return middleware


async def test_middleware_runs_before_the_handlers_in_order_whether_sync_or_async(bus, deliver):
    steps = []
    bus.subscribe("thing.done", lambda event: steps.append("handler"))
    bus.add_middleware(passing(steps, "a"))
    bus.add_middleware(passing_async(steps, "b"))
    bus.add_middleware(passing(steps, "c"))
    bus.add_middleware(passing_async(steps, "d"))
    assert (await deliver(bus, done())).ok
    assert steps == ["a", "b", "c", "d", "handler"]


async def test_it_runs_for_events_that_nobody_handles(bus, deliver):
    steps = []
    bus.add_middleware(passing(steps, "a"))
    await deliver(bus, done())
    assert steps == ["a"]


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_it_may_put_another_event_in_the_place(bus, deliver, form):
    def shout(event):
        return event.replace(name=event.name.upper())

    async def shout_async(event):
        return shout(event)

    seen = []
    bus.add_middleware(shout if form == "sync" else shout_async)
    bus.subscribe(ItemRenamed, seen.append)
    published = ItemRenamed(name="new")
    await deliver(bus, published)
    assert [event.name for event in seen] == ["NEW"]
    assert envelope(seen[0]).id == envelope(published).id


async def test_the_next_middleware_gets_what_the_one_before_returned(bus, deliver):
    bus.add_middleware(lambda event: event.replace(name=event.name + "1"))
    bus.add_middleware(lambda event: event.replace(name=event.name + "2"))
    seen = []
    bus.subscribe(ItemRenamed, seen.append)
    await deliver(bus, ItemRenamed(name="x"))
    assert seen[0].name == "x12"


async def test_an_event_of_another_class_is_dispatched_as_that_class(bus, deliver):
    seen = []

    async def handle(event):
        seen.append(event)

    bus.add_middleware(lambda event: ItemDeleted(name=event.name))
    bus.subscribe(ItemRenamed, lambda event: seen.append("wrong"))
    bus.subscribe(ItemDeleted, handle)
    result = await deliver(bus, ItemRenamed(name="x"))
    assert [type(event) for event in seen] == [ItemDeleted]
    assert result.handlers == ("handle",)


async def test_a_generic_event_of_another_type_is_dispatched_as_that_type(bus, deliver):
    seen = []
    bus.add_middleware(lambda event: Event(type="other.done") if event.type == "thing.done" else event)
    bus.subscribe("thing.done", lambda event: seen.append("wrong"))
    bus.subscribe("other.done", lambda event: seen.append("right"))
    await deliver(bus, done())
    assert seen == ["right"]


async def test_a_foreign_object_in_the_place_is_dispatched_by_its_class(bus, deliver):
    seen = []

    async def look(event):
        seen.append((event.weight, envelope(event).causation_id))

    bus.add_middleware(lambda event: Parcel(3) if isinstance(event, ItemRenamed) else event)
    bus.subscribe(Parcel, look)
    await deliver(bus, ItemRenamed())
    assert seen == [(3, None)]


@pytest.mark.parametrize("correlation", [True, False])
async def test_nothing_of_a_foreign_object_in_the_place_outlives_its_publish(other_bus, deliver, correlation):
    bus = other_bus(correlation=correlation)
    parcel = Parcel(3)
    bus.add_middleware(lambda event: parcel)
    seen = []
    bus.subscribe(Parcel, lambda event: seen.append(envelope(event).type))
    await deliver(bus, ItemRenamed())
    assert len(seen) == 1
    with pytest.raises(Exception, match="is not being published here"):
        envelope(parcel)


async def test_a_foreign_object_may_be_replaced_by_another_of_its_class(bus, deliver):
    seen = []
    bus.add_middleware(lambda event: Parcel(event.weight + 1))
    bus.subscribe(Parcel, lambda event: seen.append((event.weight, bool(envelope(event).id))))
    await deliver(bus, Parcel(1))
    assert seen == [(2, True)]


async def test_what_is_put_in_the_place_passes_no_middleware_again(bus, deliver):
    calls = []

    def count(event):
        calls.append(type(event))
        return event

    bus.add_middleware(lambda event: ItemDeleted())
    bus.add_middleware(count)
    await deliver(bus, ItemRenamed())
    assert calls == [ItemDeleted]


async def test_what_is_put_in_the_place_passes_the_rest_of_the_middleware_of_its_own_type(bus, deliver):
    class Guard:
        def __call__(self, event):
            return None

        def for_type(self, event_type):
            return self if event_type == "middleware.item.deleted" else None

    bus.add_middleware(lambda event: ItemDeleted() if isinstance(event, ItemRenamed) else event)
    bus.add_middleware(Guard(), name="guard")
    handled = []
    bus.subscribe(ItemDeleted, handled.append)
    result = await deliver(bus, ItemRenamed())
    assert (result.blocked_by, handled) == ("guard", [])


async def test_what_is_put_in_the_place_has_the_source_of_the_bus(other_bus, deliver):
    bus = other_bus(source="shop")
    sources = []
    bus.add_middleware(lambda event: attrs.evolve(event) if isinstance(event, ItemRenamed) else ItemRenamed())
    bus.subscribe(ItemRenamed, lambda event: sources.append(envelope(event).source))
    await deliver(bus, ItemRenamed())
    await deliver(bus, ItemDeleted())
    assert sources == ["shop", "shop"]


async def test_what_is_put_in_the_place_has_the_same_cause(bus, deliver):
    causes = []

    async def outer(event):
        await bus.publish(ItemRenamed())

    bus.add_middleware(lambda event: ItemDeleted() if isinstance(event, ItemRenamed) else event)
    bus.subscribe("thing.done", outer)
    bus.subscribe(ItemDeleted, lambda event: causes.append(envelope(event).causation_id))
    published = done()
    await deliver(bus, published)
    assert causes == [published.id]


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_none_blocks_and_the_result_names_who_did_it(bus, deliver, form):
    async def deny_async(event):
        return None

    called = []
    bus.add_middleware(passing([], "open"), name="open")
    bus.add_middleware((lambda event: None) if form == "sync" else deny_async, name="guard")
    bus.add_middleware(passing(called, "behind"))
    bus.subscribe("thing.done", lambda event: called.append("handler"))
    result = await deliver(bus, done())
    assert result.blocked_by == "guard"
    assert not result.ok
    assert result.values == result.failures == result.handlers == ()
    assert not called
    result.raise_failures()


async def test_a_middleware_goes_by_the_name_of_its_function(bus, deliver):
    def deny(event):
        return None

    bus.add_middleware(deny)
    assert (await deliver(bus, done())).blocked_by == "deny"


@pytest.mark.parametrize("form", ["sync", "async"])
async def test_an_exception_goes_to_the_publisher(bus, deliver, failures_logged, form):
    def deny(event):
        raise PermissionError("not you")

    async def deny_async(event):
        await asyncio.sleep(0)
        deny(event)

    called = []
    bus.add_middleware(deny if form == "sync" else deny_async)
    bus.subscribe("*", called.append)
    with pytest.raises(PermissionError, match="not you"):
        await deliver(bus, done())
    assert not called
    assert not failures_logged()


class OnlyThings:
    """Middleware that leaves itself out of the plans of other types."""

    def __init__(self):
        self.asked = []
        self.seen = []

    def for_type(self, event_type):
        self.asked.append(event_type)
        return self if event_type.startswith("thing.") else None

    def __call__(self, event):
        self.seen.append(event.type)
        return event


async def test_for_type_is_asked_once_per_plan(bus):
    middleware = OnlyThings()
    bus.add_middleware(middleware)
    for _ in range(3):
        await bus.publish(done())
        await bus.publish(Event(type="other.done"))
    assert sorted(middleware.asked) == ["other.done", "thing.done"]


async def test_none_from_for_type_leaves_it_out_of_the_plan(bus, deliver):
    middleware = OnlyThings()
    bus.add_middleware(middleware)
    await deliver(bus, done())
    await deliver(bus, Event(type="other.done"))
    assert middleware.seen == ["thing.done"]


async def test_for_type_may_return_a_function_made_for_the_type(bus, deliver):
    class Stamp:
        def for_type(self, event_type):
            async def stamp(event):
                return event.replace(payload={"stamp": event_type})

            return stamp

        def __call__(self, event):
            raise AssertionError("not for a plan")

    seen = []
    bus.add_middleware(Stamp())
    bus.subscribe("thing.done", seen.append)
    await deliver(bus, done())
    assert dict(seen[0].payload) == {"stamp": "thing.done"}


async def test_one_that_always_returns_nothing_though_it_has_no_return_warns_once(bus):
    def forgetful(event):
        len(event.type)

    bus.add_middleware(forgetful)
    with pytest.warns(RuntimeWarning, match="middleware forgetful has no return"):
        assert (await bus.publish(done())).blocked_by == "forgetful"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (await bus.publish(done())).blocked_by == "forgetful"


async def test_the_warning_looks_into_callable_objects_and_past_nested_functions(bus):
    class Forgetful:
        async def __call__(self, event):
            def nested():
                return event

            nested()

    bus.add_middleware(functools.partial(Forgetful()), name="nested")
    with pytest.warns(RuntimeWarning, match="middleware nested has no return"):
        await bus.publish(done())


async def test_two_forgetful_ones_of_one_name_warn_each(bus, other_bus):
    def make():
        def forgetful_twin(event):
            pass

        return forgetful_twin

    for each in (bus, other_bus()):
        each.add_middleware(make())
        with pytest.warns(RuntimeWarning):
            await each.publish(done())


async def test_one_that_blocks_on_purpose_does_not_warn(bus):
    def choosy(event):
        if event.payload:
            return event
        return None

    bus.add_middleware(choosy)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not (await bus.publish(done())).ok
        assert (await bus.publish(done(some=1))).ok


async def test_a_sync_one_that_returns_a_coroutine_is_an_error_that_says_what_to_write(bus, deliver):
    async def change(event):
        return event

    bus.add_middleware(lambda event: change(event))
    with pytest.raises(InvalidHandler, match="returned an awaitable: write it as `async def`"):
        await deliver(bus, done())


async def test_an_async_mock_is_an_async_middleware(bus, deliver):
    bus.add_middleware(AsyncMock(side_effect=lambda event: event, spec=["__call__"]))
    assert (await deliver(bus, done())).ok


@pytest.mark.parametrize("value", [True, 1, "thing.done", ("a",)])
async def test_what_is_no_event_is_refused(bus, deliver, value):
    bus.add_middleware(lambda event: value)
    with pytest.raises(NotAnEvent, match=f"returned a {type(value).__name__}, which is no event"):
        await deliver(bus, done())


def test_what_cannot_be_called_with_an_event_is_refused(bus):
    for middleware in (3, OnlyThings, lambda: None, lambda event, other: None):
        with pytest.raises(InvalidHandler):
            bus.add_middleware(middleware)


async def test_it_can_be_taken_back(bus, deliver):
    take_back = bus.add_middleware(lambda event: None)
    assert not (await deliver(bus, done())).ok
    take_back()
    take_back()
    assert (await deliver(bus, done())).ok


async def test_publish_many_runs_it_for_all_events_before_any_handler(bus):
    steps = []
    bus.add_middleware(lambda event: steps.append(f"middleware {event.payload['n']}") or event)
    bus.subscribe("thing.done", lambda event: steps.append(f"handler {event.payload['n']}"))
    await bus.publish_many([done(n=1), done(n=2)])
    assert steps == ["middleware 1", "middleware 2", "handler 1", "handler 2"]
