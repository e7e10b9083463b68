"""What ends a program passes: `SystemExit`, `KeyboardInterrupt`, and what others derive from `BaseException`."""

from __future__ import annotations

import asyncio
import threading

import pytest

from plugbus import Event


class Stopped(BaseException):
    """As pytest's own, for instance."""


EXITS = (SystemExit, KeyboardInterrupt, Stopped)


def done():
    return Event(type="thing.done")


@pytest.fixture(params=EXITS, ids=["SystemExit", "KeyboardInterrupt", "Stopped"])
def exit(request):
    return request.param


@pytest.fixture
def failures_told(bus):
    from plugbus.middleware import Monitor

    told = []

    class Watch(Monitor):
        def failed(self, event, failure):
            told.append(failure)

    bus.add_monitor(Watch())
    return told


def leaving(exit):
    def leave(event):
        raise exit("now")

    return leave


def leaving_async(exit):
    async def leave_async(event):
        await asyncio.sleep(0)
        raise exit("now")

    return leave_async


def test_it_passes_out_of_a_sync_handler_and_those_behind_it_do_not_run(bus, exit, failures_told):
    called = []
    bus.subscribe("thing.done", leaving(exit))
    bus.subscribe("thing.done", called.append)
    with pytest.raises(exit):
        bus.publish_sync(done())
    assert not called
    assert not failures_told


def test_it_passes_out_of_a_sync_handler_in_a_coroutine(bus, exit):
    bus.subscribe("thing.done", leaving(exit))
    with pytest.raises(exit):
        asyncio.run(bus.publish(done()))


def test_it_passes_out_of_an_async_handler_alone(bus, exit, failures_told):
    bus.subscribe("thing.done", leaving_async(exit))

    async def main():
        with pytest.raises(exit):
            await bus.publish(done())

    asyncio.run(main())
    assert not failures_told


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize("hidden", [True, False])
def test_it_passes_out_of_one_among_others_which_are_cancelled(other_bus, exit, sequential, hidden):
    bus = other_bus(sequential=sequential)
    cancelled = []

    async def endless(event):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("ended")
            raise

    async def endless_too(event):
        await endless(event)

    leave = leaving_async(exit)
    if not sequential:
        bus.subscribe("thing.done", endless)
    bus.subscribe("thing.done", (lambda event: leave(event)) if hidden else leave)
    bus.subscribe("thing.done", endless_too)

    async def main():
        async with asyncio.timeout(20):
            with pytest.raises(exit):
                await bus.publish(done())
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    assert sequential or cancelled


async def test_it_does_not_wait_for_siblings_that_would_go_on_for_long(bus, exit, clean_loop, failures_told):
    started = asyncio.Event()

    async def long(event):
        started.set()
        await asyncio.Event().wait()

    async def leave(event):
        await started.wait()
        raise exit("now")

    bus.subscribe("thing.done", long)
    bus.subscribe("thing.done", leave)
    async with asyncio.timeout(20):
        with pytest.raises(exit):
            await bus.publish(done())
    assert not failures_told


async def test_two_that_leave_at_once_leave_no_exception_unretrieved(bus, exit, clean_loop):
    for name in "abc":
        bus.subscribe("thing.done", leaving_async(exit), name=name)
    with pytest.raises(exit):
        await bus.publish(done())


async def test_siblings_that_fail_while_they_are_cancelled_are_logged(bus, exit, clean_loop, failures_logged):
    async def untidy(event):
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("while tidying up")

    bus.subscribe("thing.done", untidy)
    bus.subscribe("thing.done", leaving_async(exit))
    with pytest.raises(exit):
        await bus.publish(done())
    assert [repr(error) for _, error in failures_logged()] == ["ValueError('while tidying up')"]


async def test_an_eager_handler_that_leaves_in_its_first_step_is_no_different(bus, exit, clean_loop):
    async def leave(event):
        raise exit("now")

    async def endless(event):
        await asyncio.Event().wait()

    async def endless_too(event):
        await asyncio.Event().wait()

    bus.subscribe("thing.done", endless)
    bus.subscribe("thing.done", leave)
    bus.subscribe("thing.done", endless_too)
    async with asyncio.timeout(20):
        with pytest.raises(exit):
            await bus.publish(done())


@pytest.mark.parametrize("count", [1, 2])
def test_from_the_loop_thread_of_the_bus_it_reaches_the_waiter_and_the_loop_survives(bus, exit, count):
    threads = []
    leave = leaving_async(exit)

    async def watch(event):
        threads.append(threading.current_thread().name)

    bus.subscribe("thing.done", leave)
    if count == 2:
        bus.subscribe("thing.done", watch)
    bus.subscribe("other.done", watch)
    with pytest.raises(exit):
        bus.publish_sync(done())
    threads.clear()
    assert bus.publish_sync(Event(type="other.done")).ok
    assert threads == ["plugbus-loop"]


def test_out_of_a_handler_in_a_thread_it_reaches_the_waiter(bus, exit):
    bus.subscribe("thing.done", leaving(exit), in_thread=True)
    bus.subscribe("other.done", lambda event: "still there", in_thread=True)
    with pytest.raises(exit):
        bus.publish_sync(done())
    assert bus.publish_sync(Event(type="other.done")).values == ("still there",)


def test_out_of_a_handler_on_the_loop_of_the_bus_it_reaches_the_waiter(bus, exit):
    bus.subscribe("thing.done", leaving_async(exit), loop="bus")

    async def main():
        with pytest.raises(exit):
            await bus.publish(done())

    asyncio.run(main())
    assert bus.publish_sync(Event(type="other.done")).ok


def test_publish_soon_without_a_loop_gives_it_to_the_handle(bus, exit):
    bus.subscribe("thing.done", leaving_async(exit))
    handle = bus.publish_soon(done())
    with pytest.raises(exit):
        handle.wait(20)
    assert bus.publish_sync(Event(type="other.done")).ok


def test_the_context_is_as_before_when_it_has_passed(bus, exit):
    causes = []
    bus.subscribe("thing.done", leaving(exit))
    bus.subscribe("other.done", lambda event: causes.append(event.envelope.causation_id))
    with pytest.raises(exit):
        bus.publish_sync(done())
    bus.publish_sync(Event(type="other.done"))
    assert causes == [None]
