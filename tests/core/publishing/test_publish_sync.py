from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import threading

import pytest

from plugbus import EventBase, event
from plugbus.errors import BusClosed, LoopRunning


@event("verbs.sync")
class Published(EventBase):
    pass


tenant = contextvars.ContextVar("tenant", default="nobody")


def test_sync_handlers_run_in_the_publishers_thread_and_async_ones_on_the_buss_own_loop(bus):
    threads = {}

    @bus.on(Published)
    def sync(event):
        threads["sync"] = threading.current_thread()

    @bus.on(Published)
    async def asynchronous(event):
        threads["async"] = threading.current_thread()

    bus.publish_sync(Published())
    assert threads["sync"] is threading.current_thread()
    assert threads["async"].name == "plugbus-loop"
    assert threads["async"].daemon


def test_a_bus_with_sync_handlers_alone_starts_no_thread(bus):
    before = threading.active_count()
    bus.subscribe(Published, lambda _: None)
    bus.publish_sync(Published())
    assert threading.active_count() == before


async def test_async_handlers_of_a_sync_publisher_run_on_the_loop_that_the_bus_was_started_on(bus, threads):
    loops = []

    @bus.on(Published)
    async def handler(event):
        loops.append(asyncio.get_running_loop())

    async with bus:
        await asyncio.wrap_future(threads(bus.publish_sync, Published()))
    assert loops == [asyncio.get_running_loop()]


async def test_publish_sync_inside_a_loop_is_an_error_that_names_the_other_verbs(bus):
    with pytest.raises(LoopRunning) as caught:
        bus.publish_sync(Published())
    assert "await bus.publish(event)" in str(caught.value)
    assert "bus.publish_soon(event)" in str(caught.value)


def test_context_variables_of_the_publisher_reach_async_handlers(bus):
    found = []

    @bus.on(Published)
    async def handler(event):
        found.append(tenant.get())

    token = tenant.set("acme")
    try:
        bus.publish_sync(Published())
    finally:
        tenant.reset(token)
    assert found == ["acme"]


def test_a_handlers_own_timeout_error_is_a_failure_like_others(bus):
    @bus.on(Published)
    async def handler(event):
        raise TimeoutError("of its own")

    (failure,) = bus.publish_sync(Published()).failures
    assert str(failure.exception) == "of its own"


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("handlers", [1, 2], ids=["alone", "beside another"])
def test_what_ends_a_program_goes_to_the_publisher_and_the_buss_loop_runs_on(bus, error, handlers):
    loops = []

    @bus.on(Published)
    async def leave(event):
        loops.append(asyncio.get_running_loop())
        if len(loops) == 1:
            raise error

    if handlers == 2:

        @bus.on(Published)
        async def other(event):
            await asyncio.sleep(0)

    with pytest.raises(error):
        bus.publish_sync(Published())
    assert bus.publish_sync(Published()).ok
    assert loops[0] is loops[1]


def test_a_task_that_a_handler_left_behind_cannot_end_the_buss_loop(bus, caplog):
    tasks = []

    async def quit_later():
        raise SystemExit

    @bus.on(Published)
    async def handler(event):
        tasks.append(asyncio.create_task(quit_later()))
        await asyncio.wait(tasks[:1])

    assert bus.publish_sync(Published()).ok
    assert bus.publish_sync(Published()).ok
    assert "tried to end the program" in caplog.text
    for task in tasks:
        assert isinstance(task.exception(), SystemExit)


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit], ids=["Ctrl-C", "a signal handler that exits"])
def test_an_interrupt_while_publish_sync_waits_cancels_the_handler(bus, raised):
    cancelled = threading.Event()

    @bus.on(Published)
    async def forever(event):
        os.kill(os.getpid(), signal.SIGUSR1)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def interrupt(number, frame):
        raise raised

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(raised):
            bus.publish_sync(Published())
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert cancelled.wait(10)


def test_a_handler_fails_when_the_loop_is_closed_on_which_it_runs_for_a_sync_publisher(bus, threads):
    begun = threading.Event()

    @bus.on(Published)
    async def forever(event):
        begun.set()
        await asyncio.Event().wait()

    async def main():
        await bus.start()
        published = threads(bus.publish_sync, Published())
        await asyncio.to_thread(begun.wait, 10)
        return published

    loop = asyncio.new_event_loop()
    published = loop.run_until_complete(main())
    loop.run_until_complete(loop.shutdown_default_executor())
    (task,) = asyncio.all_tasks(loop)
    loop.close()
    (failure,) = published.result(10).failures
    assert isinstance(failure.exception, BusClosed)
    assert "closed before they had ended" in str(failure.exception)
    task._log_destroy_pending = False  # it is the closed loop's, and what the test is about


def test_publishers_of_many_threads_are_all_served(bus, threads):
    seen = []

    @bus.on(Published)
    async def handler(event):
        await asyncio.sleep(0)
        seen.append(event)

    published = [threads(bus.publish_sync, Published()) for _ in range(50)]
    assert all(future.result(10).ok for future in published)
    assert len(seen) == 50
