from __future__ import annotations

import asyncio
import contextvars
import gc
import logging
import threading

import pytest

from plugbus import Event, EventBase, EventBus, event
from plugbus.errors import BusOverloaded, LoopRunning


@event("verbs.soon")
class Published(EventBase):
    pass


tenant = contextvars.ContextVar("tenant", default="nobody")


def errors(caplog):
    return [record for record in caplog.records if record.name == "plugbus" and record.levelno >= logging.ERROR]


async def test_what_is_sync_runs_before_publish_soon_returns(bus):
    trail = []
    bus.add_middleware(lambda event: trail.append("middleware") or event)
    bus.subscribe(Published, lambda _: trail.append("handler"))

    @bus.on(Published)
    async def later(event):
        trail.append("async")

    handle = bus.publish_soon(Published())
    assert trail == ["middleware", "handler"]
    assert not handle.done()
    await handle
    assert trail == ["middleware", "handler", "async"]


async def test_with_sync_handlers_alone_it_is_done_when_it_returns(bus):
    bus.subscribe(Published, lambda _: 7)
    handle = bus.publish_soon(Published())
    assert handle.done()
    assert handle.wait().values == (7,)
    assert (await handle).values == (7,)


async def test_the_exception_of_a_sync_middleware_is_raised_at_once(bus):
    @bus.add_middleware
    def refuse(event):
        raise PermissionError

    with pytest.raises(PermissionError):
        bus.publish_soon(Published())


async def test_the_exception_of_an_async_middleware_is_raised_to_whoever_awaits(bus, caplog):
    @bus.add_middleware
    async def refuse(event):
        raise PermissionError

    handle = bus.publish_soon(Published())
    for _ in range(2):
        with pytest.raises(PermissionError):
            await handle
    del handle
    assert errors(caplog) == []


async def test_a_failure_that_nobody_has_retrieved_is_logged_once(bus, caplog):
    @bus.add_middleware
    async def refuse(event):
        raise PermissionError("unheard")

    gc.disable()  # it is not left to the garbage collector
    try:
        bus.publish_soon(Event(type="verbs.generic", payload={"secret": "hunter2"}))
        await bus.drain()
        await asyncio.sleep(0)
    finally:
        gc.enable()
    (record,) = errors(caplog)
    assert record.getMessage() == "publish_soon of verbs.generic failed"
    assert isinstance(record.exc_info[1], PermissionError)
    assert "hunter2" not in caplog.text


async def test_a_handlers_failure_is_logged_by_the_publish_and_not_again_by_the_handle(bus, caplog):
    @bus.on(Published)
    async def broken(event):
        raise ValueError

    bus.publish_soon(Published())
    await bus.drain()
    await asyncio.sleep(0)
    gc.collect()
    assert len(errors(caplog)) == 1


def test_without_a_loop_the_rest_runs_on_the_buss_own(bus):
    names = []

    @bus.on(Published)
    async def handler(event):
        names.append(threading.current_thread().name)
        return "done"

    assert bus.publish_soon(Published()).wait(10).values == ("done",)
    assert names == ["plugbus-loop"]


async def test_inside_a_loop_the_rest_runs_on_that_loop(bus):
    @bus.on(Published)
    async def handler(event):
        return asyncio.get_running_loop()

    assert (await bus.publish_soon(Published())).values == (asyncio.get_running_loop(),)


def test_a_handle_can_be_awaited_from_another_loop(bus):
    go_on = threading.Event()

    @bus.on(Published)
    async def handler(event):
        await asyncio.to_thread(go_on.wait, 10)
        return "done"

    handle = bus.publish_soon(Published())

    async def main():
        waiting = asyncio.ensure_future(asyncio.wait_for(handle, 10))
        await asyncio.sleep(0)
        go_on.set()
        return await waiting

    assert asyncio.run(main()).values == ("done",)


async def test_a_handle_can_be_waited_for_in_a_thread(bus, threads):
    @bus.on(Published)
    async def handler(event):
        await asyncio.sleep(0)
        return "done"

    handle = bus.publish_soon(Published())
    result = await asyncio.wrap_future(threads(handle.wait, 10))
    assert result.values == ("done",)


def test_wait_gives_up_after_its_timeout_and_says_for_what_it_waited(bus):
    go_on = threading.Event()

    @bus.on(Published)
    async def handler(event):
        await asyncio.to_thread(go_on.wait, 10)

    handle = bus.publish_soon(Published())
    with pytest.raises(TimeoutError, match=r"verbs\.soon has not ended after 0\.01 s"):
        handle.wait(0.01)
    go_on.set()
    assert handle.wait(10).ok


async def test_wait_inside_a_loop_is_an_error_that_says_to_await(bus):
    @bus.on(Published)
    async def handler(event):
        pass

    handle = bus.publish_soon(Published())
    with pytest.raises(LoopRunning, match="await the handle instead"):
        handle.wait()
    await handle
    assert handle.wait().ok  # nothing is left to wait for


async def test_many_may_await_one_handle_and_one_that_is_cancelled_takes_nothing_from_the_others(bus):
    go_on = asyncio.Event()

    @bus.on(Published)
    async def handler(event):
        await go_on.wait()
        return "done"

    handle = bus.publish_soon(Published())

    async def wait():
        return await handle

    waiting = [asyncio.create_task(wait()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    go_on.set()
    assert [(await task).values for task in waiting[1:]] == [("done",)] * 2
    assert waiting[0].cancelled()


async def test_more_than_max_pending_are_refused(bus):
    small = EventBus(max_pending=2)
    go_on = asyncio.Event()
    called = []

    @small.on(Published)
    async def handler(event):
        called.append(event)
        await go_on.wait()

    handles = [small.publish_soon(Published()) for _ in range(2)]
    with pytest.raises(BusOverloaded, match="await publish"):
        small.publish_soon(Published())
    go_on.set()
    for handle in handles:
        await handle
    await small.publish_soon(Published())
    assert len(called) == 3
    await small.stop()


@pytest.mark.parametrize("waiting", ["a task of this loop", "the bus's own loop"])
async def test_it_is_drained_at_stop(bus, threads, waiting):
    ended = []

    @bus.on(Published)
    async def handler(event):
        await asyncio.sleep(0.005)
        ended.append(event)

    if waiting == "a task of this loop":
        handles = [bus.publish_soon(Published()) for _ in range(5)]
    else:
        handles = [await asyncio.wrap_future(threads(bus.publish_soon, Published())) for _ in range(5)]
    await bus.stop()
    assert len(ended) == 5
    assert all(handle.done() for handle in handles)


def test_none_is_forgotten_when_many_threads_publish_the_first_events_at_once(threads):
    for _ in range(5):
        bus = EventBus()
        ended = []
        begin = threading.Barrier(20)

        @bus.on(Published)
        async def handler(event, ended=ended):
            await asyncio.sleep(0.001)
            ended.append(event)

        def publish(bus=bus, begin=begin):
            begin.wait()
            return bus.publish_soon(Published())

        for future in [threads(publish) for _ in range(20)]:
            future.result(10)
        bus.stop_sync()
        assert len(ended) == 20


async def test_context_variables_travel_with_it_and_changes_stay_inside(bus):
    found = []

    @bus.on(Published)
    def sync(event):
        tenant.set("changed by a handler")

    @bus.on(Published)
    async def handler(event):
        found.append(tenant.get())

    tenant.set("acme")
    await bus.publish_soon(Published())
    assert found == ["changed by a handler"]
    assert tenant.get() == "acme"


@pytest.mark.parametrize("steps", [0, 1], ids=["before its first step", "while its handler waits"])
def test_one_that_is_cancelled_leaves_no_coroutine_behind_and_is_reported(bus, caplog, steps):
    called = []

    @bus.on(Published)
    async def handler(event):
        called.append(event)
        await asyncio.Event().wait()

    async def main():
        bus.publish_soon(Published())
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await bus.drain()

    asyncio.run(main())
    assert len(called) == steps
    (record,) = errors(caplog)
    assert record.getMessage() == "publish_soon of verbs.soon failed"
    assert isinstance(record.exc_info[1], asyncio.CancelledError)


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_what_ends_a_program_goes_to_whoever_waits_and_the_buss_loop_runs_on(bus, error):
    @bus.on(Published)
    async def leave(event):
        raise error

    for _ in range(2):
        with pytest.raises(error):
            bus.publish_soon(Published()).wait(10)
