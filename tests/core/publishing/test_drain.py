from __future__ import annotations

import asyncio
import threading

import pytest

from plugbus import EventBase, event


@event("verbs.drained")
class Published(EventBase):
    number: int = 0


@event("verbs.drained.outer")
class Outer(EventBase):
    pass


async def test_drain_waits_for_everything_that_publish_soon_has_taken(bus, threads):
    ended = []

    @bus.on(Published)
    async def handler(event):
        await asyncio.sleep(0.001 * event.number)
        ended.append(event.number)

    for number in range(5):
        bus.publish_soon(Published(number=number))
    await asyncio.wrap_future(threads(bus.publish_soon, Published(number=5)))
    await bus.drain()
    assert sorted(ended) == [0, 1, 2, 3, 4, 5]


async def test_drain_waits_for_what_is_published_meanwhile(bus):
    ended = []

    @bus.on(Published)
    async def handler(event):
        await asyncio.sleep(0)
        if event.number:
            bus.publish_soon(Published(number=event.number - 1))
        ended.append(event.number)

    bus.publish_soon(Published(number=3))
    await bus.drain()
    assert ended == [3, 2, 1, 0]


async def test_drain_with_nothing_pending_returns(bus):
    await bus.drain()
    bus.subscribe(Published, lambda _: None)
    bus.publish_soon(Published())
    await bus.drain()


async def test_a_handle_that_has_just_been_awaited_does_not_hold_drain_up(bus):
    @bus.on(Published)
    async def handler(event):
        await asyncio.sleep(0)

    await bus.publish_soon(Published())
    await bus.drain(timeout=10)


async def test_drain_gives_up_after_its_timeout(bus):
    go_on = asyncio.Event()

    @bus.on(Published)
    async def handler(event):
        await go_on.wait()

    handle = bus.publish_soon(Published())
    with pytest.raises(TimeoutError):
        await bus.drain(timeout=0.001)
    assert not handle.done()
    go_on.set()
    await bus.drain()
    assert handle.done()


def test_drain_on_another_loop_waits_for_the_buss_own(bus):
    go_on = threading.Event()

    @bus.on(Published)
    async def handler(event):
        await asyncio.to_thread(go_on.wait, 10)

    handle = bus.publish_soon(Published())

    async def main():
        draining = asyncio.create_task(bus.drain())
        await asyncio.sleep(0)
        assert not draining.done()
        go_on.set()
        await draining

    asyncio.run(main())
    assert handle.done()


@pytest.mark.parametrize("beside", [0, 1], ids=["alone", "beside another handler"])
async def test_a_handler_that_is_itself_pending_may_drain(bus, beside):
    trail = []

    @bus.on(Published)
    async def other(event):
        await asyncio.sleep(0.001)
        trail.append("other")

    @bus.on(Outer)
    async def drains(event):
        bus.publish_soon(Published())
        await bus.drain()
        trail.append("drained")

    if beside:

        @bus.on(Outer)
        async def sibling(event):
            await asyncio.sleep(0)

    async with asyncio.timeout(10):
        assert (await bus.publish_soon(Outer())).ok
    assert trail == ["other", "drained"]


async def test_a_handler_does_not_wait_for_the_publish_that_waits_for_it(bus):
    @bus.on(Outer)
    async def outer(event):
        await bus.publish_soon(Published())

    @bus.on(Published)
    async def inner(event):
        await bus.drain()

    async with asyncio.timeout(10):
        assert (await bus.publish_soon(Outer())).ok


async def test_two_pending_handlers_that_drain_do_not_wait_for_each_other(bus):
    @bus.on(Published)
    async def drains(event):
        await asyncio.sleep(0)
        await bus.drain()

    async with asyncio.timeout(10):
        for handle in [bus.publish_soon(Published()) for _ in range(3)]:
            assert (await handle).ok


async def test_a_drain_outside_waits_for_handlers_that_drain(bus):
    ended = []

    @bus.on(Published)
    async def drains(event):
        await bus.drain()
        await asyncio.sleep(0.001)
        ended.append(event.number)

    for number in range(3):
        bus.publish_soon(Published(number=number))
    async with asyncio.timeout(10):
        await bus.drain()
    assert sorted(ended) == [0, 1, 2]


async def test_drain_copes_with_many_threads_that_publish_meanwhile(bus, threads):
    @bus.on(Published)
    async def handler(event):
        await asyncio.sleep(0)

    def work():
        return [bus.publish_soon(Published()) for _ in range(200)]

    workers = [threads(work) for _ in range(4)]
    while not all(worker.done() for worker in workers):
        await bus.drain()
    await bus.drain()
    assert all(handle.done() for worker in workers for handle in worker.result())
