"""The bus's own loop, and hand-overs to it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from contextlib import suppress

import pytest

from plugbus import Event, EventBase, event
from plugbus.errors import BusClosed


@event("loop.published")
class Published(EventBase):
    pass


tenant = contextvars.ContextVar("tenant", default="nobody")


async def test_a_handler_for_the_buss_loop_runs_there_with_the_publishers_context_variables(bus):
    found = []

    @bus.on(Published, loop="bus")
    async def handler(event):
        found.append((threading.current_thread().name, tenant.get()))
        return "value"

    tenant.set("acme")
    assert (await bus.publish(Published())).values == ("value",)
    assert found == [("plugbus-loop", "acme")]


async def test_on_the_buss_loop_itself_it_is_awaited_in_place(bus):
    tasks = []

    @bus.on(Published, loop="bus")
    async def handler(event):
        tasks.append(asyncio.current_task())

    async with bus:
        await bus.publish(Published())
    assert tasks == [asyncio.current_task()]


async def test_when_the_publisher_is_cancelled_a_handler_on_the_buss_loop_is_cancelled_and_awaited(bus):
    begun, ended = threading.Event(), []

    @bus.on(Published, loop="bus")
    async def handler(event):
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.001)
            ended.append("handler")

    publisher = asyncio.create_task(bus.publish(Published()))
    await asyncio.to_thread(begun.wait, 10)
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert ended == ["handler"]


async def test_one_that_ends_in_spite_of_that_leaves_the_publisher_cancelled(bus):
    begun = threading.Event()

    @bus.on(Published, loop="bus")
    async def handler(event):
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "ended"

    publisher = asyncio.create_task(bus.publish(Published()))
    await asyncio.to_thread(begun.wait, 10)
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
async def test_what_ends_a_program_there_goes_to_the_publisher_and_the_loop_runs_on(bus, error):
    count = 0

    @bus.on(Published, loop="bus")
    async def handler(event):
        nonlocal count
        count += 1
        if count == 1:
            raise error

    with pytest.raises(error):
        await bus.publish(Published())
    assert (await bus.publish(Published())).ok


def test_a_handler_fails_when_the_buss_loop_is_closed_under_it(bus, threads):
    begun = threading.Event()

    @bus.on(Published, loop="bus")
    async def handler(event):
        begun.set()
        await asyncio.Event().wait()

    async def main():
        await bus.start()
        published = threads(asyncio.run, bus.publish(Published()))
        await asyncio.to_thread(begun.wait, 10)
        return published

    loop = asyncio.new_event_loop()
    published = loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())
    (task,) = asyncio.all_tasks(loop)
    loop.close()
    (failure,) = published.result(10).failures
    assert isinstance(failure.exception, BusClosed)
    task._log_destroy_pending = False  # it is the closed loop's, and what the test is about


def test_a_handler_in_a_thread_that_raises_stop_iteration_fails_as_any_other(bus):
    @bus.on(Published, in_thread=True)
    def handler(event):
        next(iter(()))

    (failure,) = bus.publish_sync(Published()).failures
    assert isinstance(failure.exception, RuntimeError)
    assert isinstance(failure.exception.__cause__, StopIteration)


def until_draining(bus):
    with suppress(BusClosed):
        while True:
            bus.publish_soon(Event(type="loop.probe"))


class Blocked:
    """A handler that blocks the bus's own loop, as no handler should."""

    def __init__(self, bus):
        self.begun, self.go_on = threading.Event(), threading.Event()
        bus.subscribe("loop.blocked", self.handle)

    async def handle(self, event):
        self.begun.set()
        self.go_on.wait(10)


async def test_what_is_cancelled_before_its_first_step_there_leaves_no_coroutine_behind(bus, threads):
    blocked, called = Blocked(bus), []

    @bus.on(Published, loop="bus")
    async def handler(event):
        called.append(event)

    blocking = threads(bus.publish_sync, Event(type="loop.blocked"))
    await asyncio.to_thread(blocked.begun.wait, 10)
    publisher = asyncio.create_task(bus.publish(Published()))
    await asyncio.sleep(0)
    publisher.cancel()
    await asyncio.sleep(0)
    blocked.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert called == []
    assert (await asyncio.wrap_future(blocking)).ok


def test_what_publish_soon_left_to_a_loop_that_is_held_up_is_cut_off_at_stop(bus, threads):
    blocked, called = Blocked(bus), []

    @bus.on(Published)
    async def handler(event):
        called.append(event)

    blocking = threads(bus.publish_sync, Event(type="loop.blocked"))
    assert blocked.begun.wait(10)
    handle = bus.publish_soon(Published())
    stopping = threads(bus.stop_sync, 0.01)
    until_draining(bus)
    blocked.go_on.set()
    stopping.result(20)
    blocking.result(20)
    assert handle.done()
    if not called:
        with pytest.raises(BusClosed, match=r"stopped before the handlers of loop\.published had ended"):
            handle.wait()
