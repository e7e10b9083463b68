"""One bus over more than one life: started again, and used from one loop after another."""

from __future__ import annotations

import asyncio
import threading

import pytest

from plugbus import EventBase, event
from plugbus.errors import BusClosed


@event("restart.published")
class Published(EventBase):
    pass


@pytest.fixture
def seen(play):
    return []


def make(play, seen):
    bus = play.bus("one")

    @bus.on(Published)
    async def handler(event):
        seen.append(asyncio.get_running_loop())

    return bus


async def test_a_bus_may_be_started_again_after_stop(play, seen):
    bus = make(play, seen)
    for _ in range(2):
        async with bus:
            assert (await bus.publish(Published())).ok
    assert play.lives == [("one", "enter"), ("one", "leave")] * 2
    with pytest.raises(BusClosed):
        await bus.publish(Published())


async def test_started_twice_it_is_started_once(play, seen):
    bus = make(play, seen)
    await asyncio.gather(bus.start(), bus.start())
    await bus.start()
    assert play.lives == [("one", "enter")]
    await bus.stop()


async def test_it_cannot_be_started_while_it_is_being_stopped(play, seen):
    bus = make(play, seen)
    go_on = asyncio.Event()

    @play.part("one", "leave")
    async def leave(bus):
        await go_on.wait()

    await bus.start()
    stopping = asyncio.create_task(bus.stop())
    while ("one", "leave") not in play.lives:
        await asyncio.sleep(0)
    with pytest.raises(BusClosed, match=r"start\(\) opens it again when stop\(\) has ended"):
        await bus.start()
    go_on.set()
    await stopping
    async with bus:
        assert (await bus.publish(Published())).ok


def test_async_with_in_two_successive_runs(play, seen):
    bus = make(play, seen)

    async def main():
        async with bus:
            await bus.publish(Published())
            return asyncio.get_running_loop()

    loops = [asyncio.run(main()) for _ in range(2)]
    assert seen == loops
    assert play.lives == [("one", "enter"), ("one", "leave")] * 2


def test_from_a_second_loop_after_the_first_has_closed_without_a_stop(play, seen):
    bus = make(play, seen)

    async def main(start):
        if start:
            await bus.start()
        await bus.publish(Published())
        await bus.publish_soon(Published())
        return asyncio.get_running_loop()

    loops = [asyncio.run(main(start=start)) for start in (True, False, True)]
    assert seen == [loop for loop in loops for _ in range(2)]
    assert bus.publish_sync(Published()).ok
    # The loop of the first run took its plugins along; the next publish started them on one of the bus's own.
    assert play.lives == [("one", "enter"), ("one", "leave"), ("one", "enter")]
    bus.stop_sync()
    assert play.lives[-1] == ("one", "leave")


def test_first_used_in_a_loop_that_then_closes_it_runs_on(play, seen):
    bus = make(play, seen)
    for _ in range(3):
        asyncio.run(bus.publish(Published()))
    assert play.lives == [("one", "enter")]
    assert len(seen) == 3


async def test_a_bus_that_the_first_publish_started_may_still_be_entered(play, seen, threads):
    bus = make(play, seen)
    await asyncio.wrap_future(threads(bus.publish_sync, Published()))
    async with bus:
        await bus.publish(Published())
    assert play.lives == [("one", "enter"), ("one", "leave")]
    assert len(seen) == 2


async def test_async_with_gives_its_loop_to_a_bus_without_plugins_that_a_publish_had_started(bus, threads):
    loops = []

    @bus.on(Published)
    async def handler(event):
        loops.append(asyncio.get_running_loop())

    await asyncio.wrap_future(threads(bus.publish_sync, Published()))
    async with bus:
        await asyncio.wrap_future(threads(bus.publish_sync, Published()))
    assert loops[0] is not asyncio.get_running_loop()
    assert loops[1] is asyncio.get_running_loop()


def test_a_plugins_handler_on_the_buss_loop_runs_where_its_lifespan_was_entered(play):
    bus = play.bus("one")
    found = []

    @bus.on(Published, loop="bus")
    async def handler(event):
        found.append(asyncio.get_running_loop())

    for _ in range(2):
        asyncio.run(bus.publish(Published()))
    assert found == [play.tasks[0].get_loop()] * 2


@pytest.mark.parametrize("loop_is", ["closed", "left"])
def test_plugins_whose_loop_does_not_run_any_more_cannot_be_stopped_and_that_is_said_at_once(play, caplog, loop_is):
    bus = play.bus("one", "two")
    loop = asyncio.new_event_loop()
    loop.run_until_complete(bus.start())
    (owner,) = asyncio.all_tasks(loop)
    if loop_is == "closed":
        loop.close()
        owner._log_destroy_pending = False  # it is the closed loop's, and what the test is about
    bus.stop_sync()
    assert "does not run, so these plugins were not stopped: one, two; use `await bus.stop()` there" in caplog.text
    with pytest.raises(BusClosed):
        bus.publish_sync(Published())
    if loop_is == "left":
        loop.run_until_complete(owner)
        loop.close()
        assert play.moments("leave") == ["two", "one"]


def test_many_threads_that_start_stop_and_publish_come_to_an_end(play, threads):
    bus = play.bus("one")
    begin = threading.Barrier(6)

    @bus.on(Published)
    async def handler(event):
        await asyncio.sleep(0)

    def work(number):
        begin.wait()
        for _ in range(10):
            try:
                if number == 0:
                    bus.stop_sync()
                elif number == 1:
                    asyncio.run(bus.start())
                else:
                    bus.publish_sync(Published())
            except BusClosed:
                pass

    for future in [threads(work, number) for number in range(6)]:
        future.result(30)
    bus.stop_sync()
    assert play.moments("enter").count("one") == play.moments("leave").count("one")
