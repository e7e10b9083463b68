from __future__ import annotations

import asyncio

import pytest

from plugbus import EventBase, event
from plugbus.errors import BusClosed, UsageError


@event("verbs.awaited")
class Published(EventBase):
    number: int = 0


@event("verbs.awaited.other")
class Other(EventBase):
    pass


def waiting(bus, *args, **kwargs):
    """A task that waits, and has begun to."""
    return asyncio.create_task(bus.wait_for(*args, **kwargs))


async def test_it_returns_the_next_event_that_fits(bus):
    task = waiting(bus, Published)
    await asyncio.sleep(0)
    await bus.publish(Other())
    await bus.publish(Published(number=1))
    await bus.publish(Published(number=2))
    assert (await task).number == 1


async def test_it_takes_classes_and_patterns(bus):
    task = waiting(bus, Published, "verbs.*.other")
    await asyncio.sleep(0)
    await bus.publish(Other())
    assert isinstance(await task, Other)


async def test_where_tells_whether_an_event_is_the_one(bus):
    task = waiting(bus, Published, where=lambda event: event.number > 1)
    await asyncio.sleep(0)
    for number in range(4):
        await bus.publish(Published(number=number))
    assert (await task).number == 2


async def test_it_gives_up_after_its_timeout(bus):
    with pytest.raises(TimeoutError):
        await bus.wait_for(Published, timeout=0.001)


@pytest.mark.parametrize("ending", ["found", "timeout", "cancelled"])
async def test_it_leaves_no_subscription_behind(bus, ending):
    task = waiting(bus, Published, timeout=0.001 if ending == "timeout" else None)
    await asyncio.sleep(0)
    assert len(bus.subscriptions()) == 1
    if ending == "found":
        await bus.publish(Published())
    elif ending == "cancelled":
        task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(
        outcome, {"found": Published, "timeout": TimeoutError, "cancelled": asyncio.CancelledError}[ending]
    )
    assert bus.subscriptions() == ()


@pytest.mark.parametrize("verb", ["publish_sync", "publish_soon"])
async def test_it_hears_what_another_thread_publishes(bus, threads, verb):
    task = waiting(bus, Published)
    await asyncio.sleep(0)
    await asyncio.wrap_future(threads(getattr(bus, verb), Published(number=7)))
    assert (await task).number == 7


async def test_several_may_wait_for_the_same(bus):
    tasks = [waiting(bus, Published) for _ in range(3)]
    await asyncio.sleep(0)
    await bus.publish(Published(number=7))
    assert [event.number for event in await asyncio.gather(*tasks)] == [7, 7, 7]


async def test_when_the_bus_stops_it_waits_no_more(bus):
    task = waiting(bus, Published)
    await asyncio.sleep(0)
    await bus.publish(Other())
    await bus.stop()
    with pytest.raises(BusClosed, match="stopped before the event came"):
        await task


def test_without_a_running_loop_it_is_an_error_that_names_what_sync_code_has(bus):
    with pytest.raises(UsageError, match=r"wait_for\(\) is for async code.*once=True"):
        bus.wait_for(Published)
    assert bus.subscriptions() == ()
