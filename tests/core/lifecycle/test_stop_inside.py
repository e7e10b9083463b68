"""Stopping a bus from a handler of its own, and while its plugins are being started."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from plugbus import Event, EventBase, EventBus, event
from plugbus.errors import BusClosed


@event("stop.inside.published")
class Published(EventBase):
    pass


@event("stop.inside.entered")
class Entered(EventBase):
    pass


def told(caplog):
    """What the bus has logged; asyncio has its own remarks on a machine that is busy."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("plugbus")]


async def until_draining(bus):
    """Wait until the bus takes no more events from outside."""
    while True:
        try:
            await bus.publish(Event(type="stop.probe"))
        except BusClosed:
            return
        await asyncio.sleep(0)


@pytest.mark.parametrize("beside", [0, 1], ids=["alone", "beside another handler"])
@pytest.mark.parametrize("verb", ["publish", "publish_sync", "publish_soon", "publish_many"])
def test_a_handler_may_stop_its_own_bus(bus, verb, beside, caplog):
    trail = []

    @bus.on(Entered)
    async def stop(event):
        await bus.stop(timeout=5)
        trail.append("stopped")
        await asyncio.sleep(0)
        trail.append("ended")
        return "value"

    if beside:

        @bus.on(Entered)
        async def sibling(event):
            await asyncio.sleep(0)

    async def main():
        if verb == "publish_many":
            (result,) = await bus.publish_many([Entered()])
            return result
        return await getattr(bus, verb)(Entered())

    result = bus.publish_sync(Entered()) if verb == "publish_sync" else asyncio.run(main())
    assert result.values == ("value",)
    assert trail == ["stopped", "ended"]
    assert not told(caplog)
    with pytest.raises(BusClosed):
        bus.publish_sync(Entered())


@pytest.mark.parametrize("correlation", [True, False])
async def test_a_handler_inside_of_other_publishes_may_stop_their_bus(correlation, caplog):
    bus = EventBus(correlation=correlation)

    @bus.on(Published)
    async def publish_another(event):
        return (await bus.publish(Entered())).values

    @bus.on(Entered)
    async def stop(event):
        await bus.stop(timeout=5)
        return "stopped"

    assert (await bus.publish(Published())).values == (("stopped",),)
    assert not told(caplog)


def test_a_sync_handler_without_a_loop_may_stop_its_own_bus(bus):
    bus.subscribe(Entered, lambda _: bus.stop_sync(timeout=5))
    assert bus.publish_sync(Entered()).ok
    with pytest.raises(BusClosed):
        bus.publish_sync(Entered())


async def test_a_handler_that_stops_the_bus_while_it_is_being_stopped_does_not_hold_that_up(bus, caplog):
    begun, go_on = asyncio.Event(), asyncio.Event()

    @bus.on(Entered)
    async def stop(event):
        begun.set()
        await go_on.wait()
        await bus.stop()

    publisher = asyncio.create_task(bus.publish(Entered()))
    await begun.wait()
    stopping = asyncio.create_task(bus.stop(timeout=5))
    await until_draining(bus)
    go_on.set()
    await stopping
    assert (await publisher).ok
    assert not told(caplog)


async def test_a_bus_that_hangs_while_it_is_started_can_be_stopped(play, caplog):
    bus = play.bus()

    @play.part("two", "enter")
    async def enter(bus):
        await asyncio.Event().wait()

    publisher = asyncio.create_task(bus.publish(Published()))
    starting = asyncio.create_task(bus.start())
    while ("two", "enter") not in play.trail:
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await bus.stop(timeout=0.01)
    for task in (publisher, starting):
        with pytest.raises(BusClosed, match="ended while its plugins were being started"):
            await task
    assert play.moments("leave") == ["one"]
    assert "plugin two did not start in time and is cut off" in caplog.text
    with pytest.raises(BusClosed):
        await bus.publish(Published())


async def test_a_plugin_that_starts_in_spite_of_being_cut_off_is_left_and_the_bus_stays_stopped(play):
    bus = play.bus("one", "two")

    @play.part("one", "enter")
    async def enter(bus):
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    starting = asyncio.create_task(bus.start())
    while ("one", "enter") not in play.trail:
        await asyncio.sleep(0)
    await bus.stop(timeout=0.01)
    await starting
    assert sorted(play.moments("leave")) == sorted(play.moments("enter"))
    with pytest.raises(BusClosed):
        await bus.publish(Published())
