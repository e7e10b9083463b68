"""Stopping: what is still taken, what is waited for, what is cut off."""

from __future__ import annotations

import asyncio
import threading

import pytest

from plugbus import Event, EventBase, EventBus, correlation, event
from plugbus.catalog import ServiceShutdown
from plugbus.errors import BusClosed, LoopRunning


@event("stop.published")
class Published(EventBase):
    number: int = 0


@event("stop.entered")
class Entered(EventBase):
    pass


class Running:
    """A handler that runs until it is told to end."""

    def __init__(self, bus):
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()
        bus.subscribe(Entered, self.run)

    async def run(self, event):
        self.begun.set()
        await self.go_on.wait()
        return "ended"


async def until_draining(bus):
    """Wait until the bus takes no more events from outside."""
    while True:
        try:
            await bus.publish(Event(type="stop.probe"))
        except BusClosed:
            return
        await asyncio.sleep(0)


async def test_it_waits_for_running_handlers(bus):
    running = Running(bus)
    publisher = asyncio.create_task(bus.publish(Entered()))
    await running.begun.wait()
    stopping = asyncio.create_task(bus.stop())
    await until_draining(bus)
    assert not stopping.done()
    running.go_on.set()
    await stopping
    assert (await publisher).values == ("ended",)


@pytest.mark.parametrize("verb", ["publish", "publish_soon", "publish_many", "event.publish()", "deferred"])
async def test_while_draining_publishes_from_running_handlers_are_taken(bus, verb):
    seen = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    @bus.on(Published)
    async def handler(event):
        await asyncio.sleep(0)
        seen.append(event.number)

    @bus.on(Entered)
    async def publish(event):
        begun.set()
        await go_on.wait()
        if verb == "publish":
            await bus.publish(Published())
        elif verb == "publish_soon":
            bus.publish_soon(Published())
        elif verb == "publish_many":
            await bus.publish_many([Published()])
        elif verb == "event.publish()":
            Published().publish()
        else:
            async with bus.deferred():
                await bus.publish(Published())

    publisher = asyncio.create_task(bus.publish(Entered()))
    await begun.wait()
    stopping = asyncio.create_task(bus.stop())
    await until_draining(bus)
    go_on.set()
    await stopping
    assert (await publisher).ok
    assert seen == [0]


async def test_while_draining_all_other_publishes_are_refused(bus, threads):
    running = Running(bus)
    publisher = asyncio.create_task(bus.publish(Entered()))
    await running.begun.wait()
    stopping = asyncio.create_task(bus.stop())
    await until_draining(bus)
    with pytest.raises(BusClosed, match="stopping and takes no more events from outside of its handlers"):
        await bus.publish(Published())
    with pytest.raises(BusClosed), correlation("request-1"):
        await bus.publish(Published())
    with pytest.raises(BusClosed):
        bus.publish_soon(Published())
    with pytest.raises(BusClosed):
        await bus.publish_many([Published()])
    with pytest.raises(BusClosed):
        await bus.replay(Published())
    with pytest.raises(BusClosed):
        await asyncio.wrap_future(threads(bus.publish_sync, Published()))
    running.go_on.set()
    await stopping
    await publisher


async def test_without_correlation_what_is_published_while_handlers_run_is_taken():
    bus = EventBus(correlation=False)
    seen = []
    begun, go_on = asyncio.Event(), asyncio.Event()
    bus.subscribe(Published, seen.append)

    @bus.on(Entered)
    async def publish(event):
        begun.set()
        await go_on.wait()
        await bus.publish(Published())

    publisher = asyncio.create_task(bus.publish(Entered()))
    await begun.wait()
    stopping = asyncio.create_task(bus.stop())
    for _ in range(5):
        await asyncio.sleep(0)
    go_on.set()
    await stopping
    assert (await publisher).ok
    assert len(seen) == 1


@pytest.mark.parametrize(
    "verb", ["publish", "publish_sync", "publish_soon", "publish_many", "event.publish()", "replay"]
)
def test_after_stop_every_verb_says_so(bus, verb):
    bus.publish_sync(Published())
    bus.stop_sync()

    def use():
        if verb in ("publish", "replay"):
            asyncio.run(getattr(bus, verb)(Published()))
        elif verb == "publish_many":
            asyncio.run(bus.publish_many([Published()]))
        elif verb == "event.publish()":
            Published().publish()
        else:
            getattr(bus, verb)(Published())

    with pytest.raises(BusClosed, match=r"has been stopped and takes no more events; start\(\) opens it again"):
        use()


def test_a_bus_that_was_never_started_can_be_stopped(bus):
    bus.stop_sync()
    with pytest.raises(BusClosed):
        bus.publish_sync(Published())


async def test_what_does_not_end_in_time_is_cut_off_and_reported(bus, caplog):
    running = Running(bus)
    handle = bus.publish_soon(Entered())
    await running.begun.wait()
    await bus.stop(timeout=0.01)
    with pytest.raises(BusClosed, match=r"stopped before the handlers of stop\.entered had ended"):
        await handle
    del handle
    (line,) = [record.getMessage() for record in caplog.records if record.name == "plugbus"]
    assert "1 publish_soon cut off (stop.entered)" in line


async def test_a_publish_that_does_not_end_in_time_is_reported(bus, caplog):
    running = Running(bus)
    publisher = asyncio.create_task(bus.publish(Entered()))
    await running.begun.wait()
    await bus.stop(timeout=0.01)
    assert "1 publishes still waiting for handlers" in caplog.text
    running.go_on.set()
    assert (await publisher).ok


@pytest.mark.parametrize("what", [ServiceShutdown, "service.shutdown"], ids=["by class", "by name"])
async def test_it_raises_service_shutdown(bus, what):
    seen = []

    @bus.on(what)
    async def handler(event):
        seen.append(event)
        assert (await bus.publish(Published())).ok

    bus.subscribe(Published, seen.append)
    await bus.start()
    await bus.stop()
    assert [type(event) for event in seen] == [ServiceShutdown, Published]


async def test_a_sync_handler_of_service_shutdown_may_publish_on_a_bus_without_correlation():
    bus = EventBus(correlation=False)
    seen = []
    bus.subscribe("service.shutdown", lambda _: bus.publish_soon(Published()))
    bus.subscribe(Published, seen.append)
    await bus.start()
    await bus.stop()
    assert len(seen) == 1


@pytest.mark.parametrize("error", [PermissionError, TimeoutError])
async def test_a_middleware_that_refuses_service_shutdown_does_not_keep_the_bus_from_stopping(play, caplog, error):
    bus = play.bus()
    bus.subscribe(ServiceShutdown, lambda _: None)

    @bus.add_middleware
    def refuse(event):
        raise error("who are you?")

    await bus.start()
    await bus.stop()
    assert play.moments("leave") == ["three", "two", "one"]
    assert "service.shutdown could not be published" in caplog.text
    assert "ran out of time" not in caplog.text


async def test_it_may_be_stopped_twice(play):
    bus = play.bus()
    await bus.start()
    await bus.stop()
    await bus.stop()
    assert play.moments("leave") == ["three", "two", "one"]


async def test_those_who_stop_it_at_once_all_wait_for_the_one_stop(play, threads):
    bus = play.bus()
    go_on = asyncio.Event()
    left = []

    @play.part("one", "leave")
    async def leave(bus):
        await go_on.wait()
        left.append("one")

    await bus.start()
    stopping = [asyncio.create_task(bus.stop()) for _ in range(3)]
    while ("one", "leave") not in play.trail:
        await asyncio.sleep(0)
    other = threads(bus.stop_sync)
    stopping[1].cancel()
    await asyncio.wait([stopping[1]])
    assert not other.done()
    go_on.set()
    await asyncio.gather(stopping[0], stopping[2], asyncio.wrap_future(other))
    assert left == ["one"]


async def test_a_stop_that_is_cancelled_leaves_the_plugins_all_the_same(play):
    bus = play.bus()
    running = Running(bus)
    await bus.start()
    publisher = asyncio.create_task(bus.publish(Entered()))
    await running.begun.wait()
    stopping = asyncio.create_task(bus.stop())
    await until_draining(bus)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert play.moments("leave") == ["three", "two", "one"]
    running.go_on.set()
    await publisher
    with pytest.raises(BusClosed):
        await bus.publish(Published())


async def test_plugins_are_flushed_in_reverse_order_before_they_are_left(play):
    bus = play.bus()
    await bus.start()
    await bus.stop(timeout=3)
    assert play.trail[3:6] == [("three", "flush"), ("two", "flush"), ("one", "flush")]
    assert play.trail[6:] == [("three", "leave"), ("two", "leave"), ("one", "leave")]
    assert all(0 < seconds <= 3 for seconds in play.deadlines)


async def test_stop_sync_inside_a_loop_is_an_error_that_names_stop(bus):
    with pytest.raises(LoopRunning, match=r"await bus\.stop\(\)"):
        bus.stop_sync()


def test_after_it_the_private_loop_is_closed_and_its_thread_gone(bus):
    loops = []

    @bus.on(Published)
    async def handler(event):
        loops.append((asyncio.get_running_loop(), threading.current_thread()))

    bus.publish_sync(Published())
    bus.stop_sync()
    ((loop, thread),) = loops
    assert loop.is_closed()
    thread.join(10)
    assert not thread.is_alive()


def test_what_handlers_left_behind_on_the_private_loop_is_cancelled(bus):
    cancelled = threading.Event()

    async def forever():
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    tasks = []

    @bus.on(Published)
    async def handler(event):
        tasks.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)

    bus.publish_sync(Published())
    bus.stop_sync()
    assert cancelled.is_set()


async def test_it_waits_for_async_handlers_of_sync_publishers_in_other_threads(bus, threads):
    running = Running(bus)
    async with bus:
        published = threads(bus.publish_sync, Entered())
        await running.begun.wait()
        asyncio.get_running_loop().call_later(0.005, running.go_on.set)
    assert (await asyncio.wrap_future(published)).values == ("ended",)
