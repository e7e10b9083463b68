from __future__ import annotations

import asyncio
import threading

import pytest

from plugbus import Event
from plugbus.errors import EncodeError
from plugbus.writing import RowNotWritten, WriterOverloaded


def happened(number=0):
    return Event(type="number.counted", payload={"n": number})


def numbers(trail):
    return [record["data"]["n"] for record in trail.records() if record["type"] == "number.counted"]


@pytest.fixture
def defaults():
    return {"flush_interval": 3600.0}


def test_a_durable_publish_returns_when_its_record_is_on_disk(make_bus, trail):
    bus = make_bus(durable=True)
    for number in range(5):
        assert bus.publish_sync(happened(number)).ok
        assert numbers(trail) == list(range(number + 1))


async def test_so_does_one_from_async_code_without_blocking_its_loop(make_bus, trail):
    bus = make_bus(durable=True)
    await bus.publish(happened(0))
    assert numbers(trail) == [0]
    with trail.locked():
        publish = asyncio.create_task(bus.publish(happened(1)))
        for _ in range(20):
            await asyncio.sleep(0)
        assert not publish.done(), "it waits for the disk, and the loop goes on"
    assert (await publish).ok
    assert numbers(trail) == [0, 1]
    await bus.stop()


async def test_publishes_that_wait_at_the_same_time_share_their_writes(make_bus, trail):
    bus = make_bus(durable=True)
    await bus.publish(happened(-1))
    with trail.locked():
        publishes = [asyncio.create_task(bus.publish(happened(number))) for number in range(200)]
        await asyncio.sleep(0)
    assert all(result.ok for result in await asyncio.gather(*publishes))
    times = {time for (time,) in trail.select("SELECT recorded FROM records WHERE type = 'number.counted'")}
    assert len(times) <= 4, "those of one write have the same time"
    assert sorted(numbers(trail)) == list(range(-1, 200))
    await bus.stop()


def test_threads_that_publish_durably_at_the_same_time_lose_nothing(make_bus, trail):
    bus = make_bus(durable=True)

    def publish(thread):
        for number in range(20):
            assert bus.publish_sync(happened(thread * 100 + number)).ok
            assert thread * 100 + number in numbers(trail)

    threads = [threading.Thread(target=publish, args=(thread,)) for thread in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(numbers(trail)) == 100


def test_a_durable_publish_says_so_when_its_record_is_not_on_disk_in_time_and_it_is_written_later(make_bus, trail):
    bus = make_bus(durable=True, buffer_timeout=0.2)
    bus.publish_sync(happened(0))
    with trail.locked():
        (failure,) = bus.publish_sync(happened(1)).failures
    assert isinstance(failure.exception, RowNotWritten)
    assert "has accepted what is not on disk after 0.2 s" in str(failure.exception)
    bus.flush()
    assert numbers(trail) == [0, 1]


async def test_an_event_that_cannot_be_encoded_is_on_disk_before_its_publisher_is_told(make_bus, trail):
    bus = make_bus(durable=True)
    result = await bus.publish(Event(type="number.counted", payload={"n": float("inf")}))
    assert isinstance(result.failures[0].exception, EncodeError)
    assert trail.records()[0]["unencodable"]["type"] == "builtins.float"
    await bus.stop()


async def test_a_publish_that_waits_for_room_does_not_block_its_loop(make_bus, trail):
    bus = make_bus(flush_every=1, buffer_size=2)
    await bus.publish(happened(0))
    bus.flush()
    with trail.locked():
        publishes = [asyncio.create_task(bus.publish(happened(number))) for number in range(1, 6)]
        for _ in range(20):
            await asyncio.sleep(0)
        assert [publish.done() for publish in publishes] == [True, True, False, False, False]
    assert all(result.ok for result in await asyncio.gather(*publishes))
    bus.flush()
    assert sorted(numbers(trail)) == [0, 1, 2, 3, 4, 5]
    await bus.stop()


def test_where_a_full_buffer_is_to_raise_nobody_waits(make_bus, trail):
    bus = make_bus(flush_every=1, buffer_size=2, on_full="raise", buffer_timeout=3600.0)
    bus.publish_sync(happened(0))
    bus.flush()
    with trail.locked():
        results = [bus.publish_sync(happened(number)) for number in range(1, 4)]
    assert [result.ok for result in results] == [True, True, False]
    assert isinstance(results[-1].failures[0].exception, WriterOverloaded)
