from __future__ import annotations

import asyncio

import pytest

from plugbus import EventBase, event
from plugbus.errors import InvalidPattern, StreamOverflow, UsageError


@event("verbs.streamed")
class Published(EventBase):
    number: int = 0


@event("verbs.streamed.other")
class Other(EventBase):
    pass


async def publish(bus, count):
    return [await bus.publish(Published(number=number)) for number in range(count)]


async def read(stream, count):
    return [(await anext(stream)).number for _ in range(count)]


async def test_it_gives_what_is_published_from_its_creation_on_in_order(bus):
    await publish(bus, 1)
    stream = bus.stream(Published)
    await publish(bus, 3)
    await bus.publish(Other())
    assert await read(stream, 3) == [0, 1, 2]


async def test_a_reader_that_waits_is_woken(bus):
    stream = bus.stream(Published)
    task = asyncio.create_task(read(stream, 2))
    await asyncio.sleep(0)
    await publish(bus, 2)
    assert await task == [0, 1]


async def test_it_hears_what_other_threads_publish(bus, threads):
    stream = bus.stream(Published, maxsize=1000)
    task = asyncio.create_task(read(stream, 400))

    def work():
        for number in range(100):
            bus.publish_sync(Published(number=number))

    for future in [threads(work) for _ in range(4)]:
        await asyncio.wrap_future(future)
    assert sorted(await task) == sorted([*range(100)] * 4)


async def test_one_event_too_many_is_a_failure_of_its_publish(bus):
    stream = bus.stream(Published, maxsize=2)
    results = await publish(bus, 3)
    assert [result.ok for result in results] == [True, True, False]
    assert isinstance(results[2].failures[0].exception, StreamOverflow)
    assert await read(stream, 2) == [0, 1]
    assert (await bus.publish(Published())).ok


async def test_the_oldest_may_be_dropped(bus):
    stream = bus.stream(Published, maxsize=2, overflow="drop_oldest")
    assert all(result.ok for result in await publish(bus, 5))
    assert await read(stream, 2) == [3, 4]
    assert stream.dropped == 3


async def test_the_newest_may_be_dropped(bus):
    stream = bus.stream(Published, maxsize=2, overflow="drop_newest")
    assert all(result.ok for result in await publish(bus, 5))
    assert await read(stream, 2) == [0, 1]
    assert stream.dropped == 3


async def test_no_event_is_lost_between_a_reader_and_publishers_that_overflow(bus, threads):
    stream = bus.stream(Published, maxsize=1, overflow="drop_oldest")
    published = 400

    def work():
        return [bus.publish_sync(Published()).ok for _ in range(published // 2)]

    workers = [threads(work) for _ in range(2)]
    count = 0
    while not all(worker.done() for worker in workers) or stream._events:
        if stream._events:
            await anext(stream)
            count += 1
        await asyncio.sleep(0)
    assert all(all(worker.result()) for worker in workers)
    assert count + stream.dropped == published


async def test_left_by_break_and_dropped_it_leaves_no_subscription_behind(bus):
    found = []

    async def read_first():
        async for first in bus.stream(Published):
            found.append(first.number)
            break

    task = asyncio.create_task(read_first())
    await asyncio.sleep(0)
    await publish(bus, 1)
    await task
    assert found == [0]
    assert bus.subscriptions() == ()


async def test_left_by_break_inside_async_with_it_leaves_no_subscription_behind(bus):
    async with bus.stream(Published) as stream:
        await publish(bus, 2)
        async for found in stream:
            assert found.number == 0
            break
    assert bus.subscriptions() == ()
    assert [found.number async for found in stream] == [1]


async def test_a_closed_stream_ends_after_what_it_holds_and_wakes_its_reader(bus):
    stream = bus.stream(Published)
    task = asyncio.create_task(anext(stream, "ended"))
    await asyncio.sleep(0)
    stream.close()
    assert await task == "ended"
    await publish(bus, 1)
    assert await anext(stream, "ended") == "ended"


async def test_when_the_bus_stops_it_ends_after_what_it_holds(bus):
    stream = bus.stream(Published)
    await publish(bus, 2)
    await bus.stop()
    async with asyncio.timeout(10):
        assert [found.number async for found in stream] == [0, 1]


@pytest.mark.parametrize("place", ["in this thread", "in another thread"])
async def test_when_the_bus_stops_a_reader_that_waits_is_woken(bus, threads, place):
    async def read_all():
        return [found.number async for found in bus.stream(Published)]

    task = asyncio.create_task(read_all())
    await asyncio.sleep(0)
    await publish(bus, 2)
    if place == "in this thread":
        await bus.stop()
    else:
        await asyncio.wrap_future(threads(bus.stop_sync))
    async with asyncio.timeout(10):
        assert await task == [0, 1]


async def test_it_takes_in_what_is_published_while_the_bus_drains(bus):
    stream = bus.stream(Published)
    begun = asyncio.Event()

    @bus.on(Other)
    async def handler(event):
        begun.set()
        await asyncio.sleep(0.005)
        await publish(bus, 1)

    publisher = asyncio.create_task(bus.publish(Other()))
    await begun.wait()
    await bus.stop()
    assert (await publisher).ok
    assert [found.number async for found in stream] == [0]


async def test_a_cancelled_reader_loses_nothing(bus):
    stream = bus.stream(Published)
    task = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await publish(bus, 1)
    assert await read(stream, 1) == [0]


async def test_a_second_reader_at_the_same_time_is_an_error(bus):
    stream = bus.stream(Published)
    task = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    with pytest.raises(UsageError, match="open another stream"):
        await anext(stream)
    await publish(bus, 1)
    assert (await task).number == 0


def test_it_can_be_read_on_one_loop_after_another(bus):
    stream = bus.stream(Published)
    for number in range(2):
        asyncio.run(publish(bus, number + 1))
        assert asyncio.run(read(stream, number + 1)) == list(range(number + 1))


@pytest.mark.parametrize(
    ("arguments", "error", "remedy"),
    [
        ({"overflow": "drop"}, UsageError, "'raise', 'drop_oldest' or 'drop_newest', got 'drop'"),
        ({"maxsize": 0}, UsageError, "whole number from 1, got 0"),
    ],
)
async def test_an_argument_that_cannot_be_is_an_error(bus, arguments, error, remedy):
    with pytest.raises(error, match=remedy):
        bus.stream(Published, **arguments)


async def test_a_stream_of_nothing_is_an_error(bus):
    with pytest.raises(InvalidPattern, match="name a class of events or a pattern"):
        bus.stream()
