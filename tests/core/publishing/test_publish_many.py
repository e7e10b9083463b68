from __future__ import annotations

import asyncio
import contextvars

import pytest

from plugbus import EventBase, event
from plugbus.errors import NotAnEvent, OrderError


@event("verbs.many")
class Published(EventBase):
    number: int = 0


@event("verbs.many.other")
class Other(EventBase):
    number: int = 0


class Foreign:
    pass


tenant = contextvars.ContextVar("tenant", default="nobody")


def numbered(count):
    return [Published(number=number) for number in range(count)]


@pytest.fixture(params=["sync", "async"])
def add_middleware(bus, request):
    """Add a middleware that is sync, or the same one as an async function."""

    def add(function):
        async def asynchronous(event):
            await asyncio.sleep(0)
            return function(event)

        bus.add_middleware(function if request.param == "sync" else asynchronous)

    return add


async def test_middleware_runs_for_all_before_any_handler(bus, add_middleware):
    trail = []
    add_middleware(lambda event: trail.append(("middleware", event.number)) or event)
    bus.subscribe(Published, lambda event: trail.append(("handler", event.number)))
    await bus.publish_many(numbered(2))
    assert trail == [("middleware", 0), ("middleware", 1), ("handler", 0), ("handler", 1)]


async def test_an_exception_of_a_middleware_stops_before_any_dispatch(bus, add_middleware):
    seen = []
    bus.subscribe(Published, seen.append)

    def refuse(event):
        if event.number == 2:
            raise PermissionError
        return event

    add_middleware(refuse)
    with pytest.raises(PermissionError):
        await bus.publish_many(numbered(3))
    assert seen == []


async def test_none_of_a_middleware_omits_only_that_event(bus, add_middleware):
    seen = []
    bus.subscribe(Published, lambda event: seen.append(event.number))
    add_middleware(lambda event: None if event.number == 1 else event)
    results = await bus.publish_many(numbered(3))
    assert seen == [0, 2]
    assert [result.ok for result in results] == [True, False, True]
    assert results[1].blocked_by


async def test_a_middleware_may_turn_one_into_an_event_of_another_type(bus, add_middleware):
    seen = []
    bus.subscribe(Published, seen.append)
    bus.subscribe(Other, lambda event: seen.append(("other", event.number)))
    add_middleware(lambda event: Other(number=event.number) if isinstance(event, Published) else event)
    await bus.publish_many(numbered(2))
    assert seen == [("other", 0), ("other", 1)]


async def test_events_are_dispatched_side_by_side(bus):
    all_of_them = asyncio.Barrier(3)

    @bus.on(Published)
    async def meet(event):
        await all_of_them.wait()

    async with asyncio.timeout(10):
        await bus.publish_many(numbered(3))


async def test_results_come_in_the_order_of_the_events(bus):
    turns = [asyncio.Event() for _ in range(3)]

    @bus.on(Published)
    async def last_comes_first(event):
        if event.number < 2:
            await turns[event.number].wait()
        if event.number:
            turns[event.number - 1].set()
        return event.number

    async with asyncio.timeout(10):
        results = await bus.publish_many(numbered(3))
    assert isinstance(results, tuple)
    assert [result.values for result in results] == [(0,), (1,), (2,)]


async def test_each_event_has_a_context_of_its_own(bus, add_middleware):
    found = []

    def name_tenant(event):
        tenant.set(f"{tenant.get()}, {event.number}")
        return event

    async def read(event):
        await asyncio.sleep(0)
        found.append((event.number, tenant.get()))

    if bus:
        tenant.set("nobody")
    add_middleware(name_tenant)
    bus.subscribe(Published, lambda event: found.append((event.number, tenant.get())), name="sync")
    bus.subscribe(Published, read)
    await bus.publish_many(numbered(2))
    assert tenant.get() == "nobody"
    assert {texts for number, texts in found if number == 1} <= {"nobody, 1", "nobody"}
    assert len(found) == 4


async def test_what_a_sync_middleware_sets_in_the_context_its_handlers_find(bus):
    found = []

    @bus.add_middleware
    def name_tenant(event):
        tenant.set(f"tenant {event.number}")
        return event

    @bus.on(Published)
    async def read(event):
        found.append(tenant.get())

    await bus.publish_many(numbered(3))
    assert found == ["tenant 0", "tenant 1", "tenant 2"]
    assert tenant.get() == "nobody"


async def test_events_of_all_kinds_go_together_and_an_iterator_will_do(bus):
    seen = []
    bus.subscribe("*", seen.append)
    events = [Published(), Foreign(), Other()]
    assert len(await bus.publish_many(iter(events))) == 3
    assert seen == events
    assert await bus.publish_many([]) == ()


async def test_what_is_no_event_keeps_all_back(bus):
    seen = []
    bus.subscribe("*", seen.append)
    with pytest.raises(NotAnEvent):
        await bus.publish_many([Published(), None])
    assert seen == []


async def test_an_order_that_cannot_be_keeps_all_back(bus):
    seen = []
    bus.subscribe(Published, seen.append)
    bus.subscribe(Other, lambda _: None, name="one", after="two")
    bus.subscribe(Other, lambda _: None, name="two", after="one")
    with pytest.raises(OrderError, match="cycle"):
        await bus.publish_many([Published(), Other()])
    assert seen == []


async def test_a_failing_handler_is_in_its_own_result_only(bus):
    @bus.on(Published)
    async def broken(event):
        if event.number == 1:
            raise ValueError

    results = await bus.publish_many(numbered(3))
    assert [result.ok for result in results] == [True, False, True]


async def test_when_the_publisher_is_cancelled_all_handlers_are_cancelled_and_awaited(bus):
    begun, ended = [], []

    @bus.on(Published)
    async def forever(event):
        begun.append(event.number)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(event.number)

    publisher = asyncio.create_task(bus.publish_many(numbered(3)))
    while len(begun) < 3:
        await asyncio.sleep(0)
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert ended == [0, 1, 2]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_publisher_that_is_cancelled_before_handlers_have_begun_leaves_no_coroutine_behind(bus):
    publisher = None

    @bus.on(Published)
    def cancel(event):
        publisher.cancel()

    @bus.on(Published)
    async def handler(event):
        raise AssertionError("it never came to that")

    publisher = asyncio.create_task(bus.publish_many(numbered(2)))
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_publish_whose_coroutine_is_closed_cancels_its_handlers(bus):
    await bus.start()
    ended = []

    @bus.on(Published)
    async def forever(event):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(event.number)

    coroutine = bus.publish_many(numbered(2))
    coroutine.send(None)
    await asyncio.sleep(0)
    coroutine.close()
    await asyncio.sleep(0)
    assert ended == [0, 1]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
async def test_what_ends_a_program_in_a_middleware_goes_to_the_publisher(bus, error):
    @bus.add_middleware
    async def leave(event):
        await asyncio.sleep(0)
        raise error

    with pytest.raises(error):
        await bus.publish_many(numbered(2))


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
async def test_what_ends_a_program_goes_to_the_publisher_and_cancels_the_others(bus, error):
    ended = []

    @bus.on(Published)
    async def handler(event):
        if event.number == 1:
            raise error
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(event.number)

    with pytest.raises(error):
        await bus.publish_many(numbered(3))
    assert ended == [0, 2]
