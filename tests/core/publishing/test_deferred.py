from __future__ import annotations

import asyncio
import contextvars

import pytest

from plugbus import Event, EventBase, EventBus, event
from plugbus.errors import BusClosed, LoopRunning, NotAnEvent, UsageError


@event("verbs.deferred")
class Published(EventBase):
    number: int = 0


@event("verbs.entered")
class Entered(EventBase):
    pass


class Foreign:
    pass


class RolledBack(Exception):
    pass


tenant = contextvars.ContextVar("tenant", default="nobody")


async def publish_and_fail(bus, event):
    async with bus.deferred():
        assert (await bus.publish(event)).deferred
        raise RolledBack


def publish_and_fail_sync(bus, event):
    with bus.deferred():
        assert bus.publish_sync(event).deferred
        raise RolledBack


@pytest.fixture
def seen(bus):
    """The numbers of the events that have been handled."""
    numbers = []
    bus.subscribe(Published, lambda event: numbers.append(event.number))
    return numbers


async def test_what_is_published_inside_is_published_on_success(bus, seen):
    async with bus.deferred() as block:
        results = [
            await bus.publish(Published(number=0)),
            await bus.publish_soon(Published(number=1)),
            *await bus.publish_many([Published(number=2), Published(number=3)]),
            await Published(number=4).publish(),
        ]
        assert seen == []
        assert all(result.deferred and result.ok for result in results)
    assert seen == [0, 1, 2, 3, 4]
    assert len(block.results) == 5
    assert all(result.ok and not result.deferred for result in block.results)


def test_sync_code_has_the_same_block(bus, seen):
    with bus.deferred() as block:
        assert bus.publish_sync(Published(number=0)).deferred
        assert bus.publish_soon(Published(number=1)).wait().deferred
        assert Published(number=2).publish().deferred
        assert seen == []
    assert seen == [0, 1, 2]
    assert len(block.results) == 3


async def test_after_an_exception_nothing_was_published(bus, seen):
    with pytest.raises(RolledBack):
        await publish_and_fail(bus, Published())
    assert seen == []
    await bus.publish(Published(number=1))
    assert seen == [1]


def test_after_an_exception_in_sync_code_nothing_was_published(bus, seen):
    with pytest.raises(RolledBack):
        publish_and_fail_sync(bus, Published())
    assert seen == []
    bus.publish_sync(Published(number=1))
    assert seen == [1]


async def test_when_the_block_is_cancelled_nothing_was_published(bus, seen):
    async def work():
        async with bus.deferred():
            await bus.publish(Published())
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == []


async def test_nested_blocks_publish_with_the_outermost(bus, seen):
    async with bus.deferred() as outer:
        await bus.publish(Published(number=0))
        async with bus.deferred() as inner:
            await bus.publish(Published(number=1))
            with bus.deferred():
                await bus.publish(Published(number=2))
        assert seen == []
        await bus.publish(Published(number=3))
    assert seen == [0, 1, 2, 3]
    assert len(outer.results) == 4
    assert inner.results == ()


async def test_an_inner_block_that_fails_drops_its_own_events_only(bus, seen):
    async with bus.deferred():
        await bus.publish(Published(number=0))
        with pytest.raises(RolledBack):
            await publish_and_fail(bus, Published(number=1))
        await bus.publish(Published(number=2))
    assert seen == [0, 2]


async def test_an_outer_block_that_fails_drops_those_of_inner_ones_that_succeeded(bus, seen):
    async def work():
        async with bus.deferred():
            async with bus.deferred():
                await bus.publish(Published())
            raise RolledBack

    with pytest.raises(RolledBack):
        await work()
    assert seen == []


async def test_tasks_started_inside_publish_into_the_block(bus, seen):
    async with bus.deferred(), asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(bus.publish(Published(number=number)))
    assert seen == [0, 1, 2]


async def test_a_thread_that_carries_the_context_publishes_into_the_block(bus, seen):
    async with bus.deferred():
        assert (await asyncio.to_thread(bus.publish_sync, Published())).deferred
        assert seen == []
    assert seen == [0]


async def test_a_task_that_outlives_the_block_publishes_directly(bus, seen):
    go_on = asyncio.Event()

    async def outlive():
        await go_on.wait()
        return await bus.publish(Published(number=1))

    async with bus.deferred():
        task = asyncio.create_task(outlive())
        await bus.publish(Published(number=0))
    go_on.set()
    assert not (await task).deferred
    assert seen == [0, 1]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("nested", [False, True])
async def test_after_an_exception_a_task_that_has_not_begun_publishes_nothing_either(bus, many, nested):
    seen = []
    bus.subscribe(Published, seen.append)

    tasks = []

    def start():
        tasks.append(asyncio.create_task(bus.publish_many([Published()]) if many else bus.publish(Published())))

    async def fail():
        async with bus.deferred():
            if nested:
                async with bus.deferred():
                    start()
            else:
                start()
            raise RolledBack

    with pytest.raises(RolledBack):
        await fail()
    result = await tasks[0]
    assert (result[0] if many else result).deferred
    assert seen == []


async def test_a_task_that_outlives_an_inner_block_publishes_into_the_outer_one(bus, seen):
    go_on = asyncio.Event()

    async def outlive():
        await go_on.wait()
        return await bus.publish(Published(number=1))

    async with bus.deferred():
        async with bus.deferred():
            task = asyncio.create_task(outlive())
        go_on.set()
        assert (await task).deferred
        assert seen == []
    assert seen == [1]


async def test_others_publish_directly_meanwhile(bus, seen, threads):
    opened, publish = asyncio.Event(), asyncio.Event()

    async def other():
        await opened.wait()
        result = await bus.publish(Published(number=7))
        publish.set()
        return result

    task = asyncio.create_task(other())
    async with bus.deferred():
        await bus.publish(Published(number=0))
        opened.set()
        await publish.wait()
        assert (await asyncio.wrap_future(threads(bus.publish_sync, Published(number=8)))).ok
        assert seen == [7, 8]
    assert not (await task).deferred
    assert seen == [7, 8, 0]


async def test_blocks_of_two_buses_do_not_mix(bus, seen):
    other = EventBus()
    seen_by_other = []
    other.subscribe(Published, lambda event: seen_by_other.append(event.number))
    async with bus.deferred():
        assert not (await other.publish(Published(number=0))).deferred
        async with other.deferred():
            assert (await bus.publish(Published(number=1))).deferred
            with pytest.raises(RolledBack):
                await publish_and_fail(other, Published(number=2))
            assert seen == seen_by_other[1:] == []
    assert seen == [1]
    assert seen_by_other == [0]
    await other.stop()


async def test_a_refused_event_does_not_keep_the_others_back_and_is_raised_at_the_end(bus, seen):
    @bus.add_middleware
    def refuse(event):
        if event.number == 1:
            raise PermissionError
        return event

    block = bus.deferred()

    async def work():
        async with block:
            for number in range(3):
                await bus.publish(Published(number=number))

    with pytest.raises(PermissionError):
        await work()
    assert seen == [0, 2]
    assert len(block.results) == 2


def test_several_refused_events_are_raised_together(bus, seen):
    @bus.add_middleware
    def refuse(event):
        raise PermissionError(event.number)

    def work():
        with bus.deferred():
            bus.publish_sync(Published(number=0))
            bus.publish_sync(Published(number=1))

    with pytest.raises(ExceptionGroup, match="2 deferred events were not published") as caught:
        work()
    assert [error.args for error in caught.value.exceptions] == [(0,), (1,)]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
async def test_what_ends_a_program_goes_to_whoever_leaves_the_block(bus, error):
    @bus.on(Published)
    async def leave(event):
        await asyncio.sleep(0)
        raise error

    async def work():
        async with bus.deferred():
            await bus.publish(Published())

    with pytest.raises(error):
        await work()


async def test_when_leaving_a_block_is_cancelled_its_handlers_are_cancelled_and_awaited(bus):
    begun, ended = asyncio.Event(), []

    @bus.on(Published)
    async def forever(event):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("handler")

    async def work():
        async with bus.deferred():
            await bus.publish(Published())

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["handler"]


async def test_what_is_no_event_is_refused_at_the_call(bus):
    async with bus.deferred():
        with pytest.raises(NotAnEvent):
            await bus.publish(None)


async def test_one_of_many_that_is_no_event_keeps_all_of_them_out_of_the_block(bus):
    seen = []
    bus.subscribe(Published, seen.append)
    async with bus.deferred():
        with pytest.raises(NotAnEvent):
            await bus.publish_many([Published(), None])
    assert seen == []


async def test_the_sync_block_inside_a_loop_is_an_error_that_names_the_async_one(bus):
    with pytest.raises(LoopRunning, match=r"async with bus\.deferred\(\)"), bus.deferred():
        raise AssertionError("not reached")


async def test_a_block_is_entered_once(bus):
    block = bus.deferred()
    async with block:
        pass
    with pytest.raises(UsageError, match=r"call deferred\(\) again"):
        async with block:
            raise AssertionError("not reached")


async def test_a_block_of_a_stopped_bus_takes_nothing(bus):
    await bus.stop()
    async with bus.deferred():
        with pytest.raises(BusClosed):
            await bus.publish(Published())


def test_blocks_that_open_and_close_in_many_threads_let_nothing_through(threads):
    bus = EventBus()
    let_through = []
    bus.subscribe(Published, let_through.append)

    def work():
        for _ in range(200):
            with pytest.raises(RolledBack):
                publish_and_fail_sync(bus, Published())

    for future in [threads(work) for _ in range(4)]:
        future.result(30)
    assert let_through == []
    bus.stop_sync()


async def test_what_is_no_event_keeps_all_back_that_were_given_to_publish_many_before_the_block(bus):
    seen = []
    bus.subscribe("*", seen.append)
    await bus.start()
    publishing = bus.publish_many([Event(type="thing.done"), None])
    async with bus.deferred():
        with pytest.raises(NotAnEvent):
            await publishing
    assert seen == []
