"""Plugins' lifespans: who enters and leaves them, where, when and in which order."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from plugbus import Event, EventBase, Subscription, correlation, envelope, event
from plugbus.errors import BusClosed, LoopRunning, PluginHookError


@event("lifespans.published")
class Published(EventBase):
    number: int = 0


NAMES = ("one", "two", "three")

tenant = contextvars.ContextVar("tenant", default="nobody")


def states(bus):
    return {record.name: str(record.state) for record in bus.plugins if record.name in NAMES}


async def test_they_are_entered_in_order_and_left_in_reverse(play):
    async with play.bus("two", "three", "one"):
        assert play.trail == [("two", "enter"), ("three", "enter"), ("one", "enter")]
    assert play.moments("leave") == ["one", "three", "two"]


async def test_one_task_enters_and_leaves_them_on_the_loop_of_async_with(play):
    async with play.bus():
        pass
    (owner,) = set(play.tasks)
    assert owner is not asyncio.current_task()
    assert owner.get_loop() is asyncio.get_running_loop()


async def test_a_task_group_may_stay_open_from_start_to_stop(play):
    group = asyncio.TaskGroup()
    worked = []

    async def work():
        worked.append(asyncio.current_task())

    @play.part("one", "enter")
    async def enter(bus):
        await group.__aenter__()
        group.create_task(work())

    @play.part("one", "leave")
    async def leave(bus):
        await group.__aexit__(None, None, None)

    async with play.bus("one"):
        pass
    assert len(worked) == 1


@pytest.mark.parametrize("verb", ["publish_sync", "publish_soon", "publish", "publish_many"])
def test_the_first_publish_starts_the_bus_on_a_private_loop_in_a_daemon_thread(play, verb):
    bus = play.bus()
    seen = []
    owners = []
    bus.subscribe(Published, seen.append)

    @play.part("one", "enter")
    async def enter(bus):
        owners.append(threading.current_thread())

    assert play.trail == []
    if verb == "publish":
        asyncio.run(bus.publish(Published()))
    elif verb == "publish_many":
        asyncio.run(bus.publish_many([Published()]))
    else:
        getattr(bus, verb)(Published())
    assert play.moments("enter") == ["one", "two", "three"]
    assert len(seen) == 1
    (owner,) = owners
    assert owner.daemon
    assert owner.name == "plugbus-loop"
    bus.stop_sync()
    assert play.moments("leave") == ["three", "two", "one"]
    assert len(set(play.tasks)) == 1


def test_fifty_threads_that_publish_the_first_event_at_once_start_it_once(play, threads):
    bus = play.bus()
    seen = []
    bus.subscribe(Published, seen.append)
    begin = threading.Barrier(50)

    @play.part("two", "enter")
    async def enter(bus):
        await asyncio.sleep(0.01)

    def publish():
        begin.wait()
        return bus.publish_sync(Published())

    assert all(future.result(10).ok for future in [threads(publish) for _ in range(50)])
    assert play.moments("enter") == ["one", "two", "three"]
    assert len(seen) == 50


async def test_fifty_tasks_that_publish_the_first_event_at_once_start_it_once(play):
    bus = play.bus()
    seen = []
    bus.subscribe(Published, seen.append)
    async with asyncio.timeout(10):
        await asyncio.gather(*(bus.publish(Published()) for _ in range(50)))
    assert play.moments("enter") == ["one", "two", "three"]
    assert len(seen) == 50


async def to_thread(bus):
    await asyncio.to_thread(bus.publish_sync, Published())


async def in_a_task(bus):
    await asyncio.create_task(bus.publish(Published()))


async def soon(bus):
    await bus.publish_soon(Published())


@pytest.mark.parametrize("moment", ["enter", "leave"])
@pytest.mark.parametrize("how", [lambda bus: bus.publish(Published()), soon, in_a_task, to_thread])
@pytest.mark.parametrize("started_by", ["async with", "the first publish"])
async def test_a_plugin_may_publish_while_it_is_started_or_stopped(play, moment, how, started_by):
    bus = play.bus()
    seen = []

    @bus.on(Published)
    async def handler(event):
        seen.append(event)

    play.part("two", moment)(how)
    async with asyncio.timeout(10):
        if started_by == "async with":
            await bus.start()
        else:
            await bus.publish(Event(type="lifespans.other"))
        assert len(seen) == (moment == "enter")
        await bus.stop()
    assert len(seen) == 1
    assert play.moments("leave") == ["three", "two", "one"]


async def test_a_plugins_task_may_publish_until_the_plugin_has_been_left(play):
    bus = play.bus("one")
    seen, tasks, stopping = [], [], asyncio.Event()
    bus.subscribe(Published, seen.append)

    async def last_words():
        await stopping.wait()
        await bus.publish(Published())

    @play.part("one", "enter")
    async def enter(bus):
        tasks.append(asyncio.create_task(last_words()))

    @play.part("one", "leave")
    async def leave(bus):
        stopping.set()
        await tasks[0]

    async with bus:
        pass
    assert len(seen) == 1


async def test_plugins_do_not_belong_to_whoever_publishes_first(play):
    bus = play.bus("one")
    seen, found = [], []
    bus.subscribe(Published, seen.append)

    @play.part("one", "enter")
    async def enter(bus):
        found.append(tenant.get())
        await bus.publish(Published(number=1))

    tenant.set("the first publisher")
    with correlation("request-1"):
        async with bus.deferred():
            await bus.publish(Published(number=2))
            assert [event.number for event in seen] == [1]
    assert found == ["nobody"]
    assert [envelope(event).correlation_id == "request-1" for event in seen] == [False, True]


@pytest.mark.parametrize("started_by", ["start", "publish", "publish_sync"])
async def test_when_one_fails_the_others_are_left_again_and_the_error_names_it(play, threads, started_by):
    bus = play.bus()
    seen = []
    bus.subscribe(Published, seen.append)

    @play.part("three", "enter")
    async def enter(bus):
        raise OSError("no server")

    async def begin():
        if started_by == "start":
            await bus.start()
        elif started_by == "publish":
            await bus.publish(Published())
        else:
            await asyncio.wrap_future(threads(bus.publish_sync, Published()))

    with pytest.raises(PluginHookError, match=r"plugin three could not be started: .* no server") as caught:
        await begin()
    assert caught.value.plugin == "three"
    assert isinstance(caught.value.__cause__, OSError)
    assert play.moments("leave") == ["two", "one"]
    assert seen == []

    play.parts.clear()  # the server is there again
    await begin()
    assert play.moments("enter") == ["one", "two", "three"] * 2
    await bus.stop()


async def test_what_fails_while_the_others_are_left_again_is_logged(play, caplog):
    @play.part("three", "enter")
    async def enter(bus):
        raise OSError("no server")

    @play.part("two", "leave")
    async def leave(bus):
        raise OSError("nor here")

    with pytest.raises(PluginHookError, match="plugin three could not be started"):
        await play.bus().start()
    assert play.moments("leave") == ["two", "one"]
    told = "hook 'lifespan' of plugin two (lifecycle-actors 1.0) raised OSError: nor here"
    assert f"plugin two failed to stop: {told}" in caplog.text


async def test_all_who_wait_for_a_start_that_fails_get_the_error(play):
    bus = play.bus()

    @play.part("two", "enter")
    async def enter(bus):
        await asyncio.sleep(0)
        raise OSError

    outcomes = await asyncio.gather(*(bus.publish(Published()) for _ in range(10)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [PluginHookError] * 10


@pytest.mark.parametrize("error", [SystemExit, asyncio.CancelledError, ValueError])
async def test_whatever_a_plugin_raises_at_start_is_an_error_of_the_start(play, error):
    @play.part("one", "enter")
    async def enter(bus):
        raise error

    with pytest.raises(PluginHookError, match="plugin one could not be started") as caught:
        await play.bus().start()
    assert isinstance(caught.value.__cause__, error)


async def test_one_that_is_not_required_is_left_out_with_one_warning(play, caplog):
    @play.part("two", "enter")
    async def enter(bus):
        raise OSError("no server")

    bus = play.bus(two={"required": False})
    async with bus:
        assert states(bus) == {"one": "started", "two": "degraded", "three": "started"}
    assert play.moments("leave") == ["three", "one"]
    warnings = [record.getMessage() for record in caplog.records if record.name == "plugbus"]
    assert len([line for line in warnings if "plugin two is left out" in line and "no server" in line]) == 1
    (problem,) = next(record.problems for record in bus.plugins if record.name == "two")
    told = "hook 'lifespan' of plugin two (lifecycle-actors 1.0) raised OSError: no server"
    assert problem.message == f"plugin two could not be started: {told}"


async def test_one_that_can_be_started_the_second_time_has_no_problem_left(play):
    @play.part("two", "enter")
    async def enter(bus):
        if not play.moments("leave"):
            raise OSError("no server")

    bus = play.bus(two={"required": False})
    async with bus:
        pass
    async with bus:
        assert states(bus)["two"] == "started"
        assert all(record.problems == () for record in bus.plugins)


async def test_the_handlers_of_one_that_is_left_out_are_left_out_too(play):
    called = []

    @play.part("two", "enter")
    async def enter(bus):
        raise OSError("no server")

    play.handlers["two"] = [Subscription(Published, called.append)]
    async with play.bus(two={"required": False}) as bus:
        await bus.publish(Published())
    assert called == []


async def test_their_states_are_told(play):
    bus = play.bus()
    assert set(states(bus).values()) == {"ready"}
    async with bus:
        assert set(states(bus).values()) == {"started"}
    assert set(states(bus).values()) == {"stopped"}


@pytest.mark.parametrize("error", [SystemExit, asyncio.CancelledError, ValueError])
async def test_one_that_fails_to_stop_does_not_keep_the_others_from_it(play, error):
    @play.part("two", "leave")
    async def leave(bus):
        raise error

    bus = play.bus()
    await bus.start()
    with pytest.raises(ExceptionGroup) as caught:
        await bus.stop()
    (failure,) = caught.value.exceptions
    assert isinstance(failure, PluginHookError)
    assert failure.plugin == "two"
    assert isinstance(failure.__cause__, error)
    assert play.moments("leave") == ["three", "two", "one"]
    with pytest.raises(BusClosed):
        await bus.publish(Published())


async def test_one_that_hangs_at_stop_is_cut_off_and_reported_and_the_others_are_left(play, caplog):
    cut = []

    @play.part("two", "leave")
    async def leave(bus):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut.append("two")
            raise

    bus = play.bus()
    await bus.start()
    async with asyncio.timeout(10):
        await bus.stop(timeout=0.01)
    assert cut == ["two"]
    assert play.moments("leave") == ["three", "two", "one"]
    assert "plugin two did not stop in time and is cut off" in caplog.text


async def test_a_start_that_is_cancelled_goes_on_for_the_others_that_wait_for_it(play):
    bus = play.bus()
    go_on = asyncio.Event()

    @play.part("two", "enter")
    async def enter(bus):
        await go_on.wait()

    starting = asyncio.create_task(bus.start())
    publishing = asyncio.create_task(bus.publish(Published()))
    while ("two", "enter") not in play.trail:
        await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait([starting])
    assert starting.cancelled()
    go_on.set()
    assert (await publishing).ok
    assert play.moments("enter") == ["one", "two", "three"]
    await bus.stop()


async def test_publish_soon_on_the_loop_on_which_the_bus_is_being_started_names_publish(play):
    bus = play.bus()
    go_on = asyncio.Event()

    @play.part("two", "enter")
    async def enter(bus):
        await go_on.wait()

    starting = asyncio.create_task(bus.start())
    await asyncio.sleep(0)
    with pytest.raises(LoopRunning, match=r"being started on this loop: use `await bus\.publish\(event\)`"):
        bus.publish_soon(Published())
    publishing = asyncio.create_task(bus.publish(Published()))
    go_on.set()
    await starting
    assert (await publishing).ok
    assert (await bus.publish_soon(Published())).ok
    await bus.stop()


async def test_a_required_plugin_that_cannot_be_started_says_so_in_its_record(play):
    @play.part("two", "enter")
    async def enter(bus):
        if not play.moments("leave"):
            raise OSError("no server")

    bus = play.bus()
    with pytest.raises(PluginHookError):
        await bus.start()
    assert states(bus) == {"one": "stopped", "two": "broken", "three": "ready"}
    (problem,) = next(record.problems for record in bus.plugins if record.name == "two")
    assert problem.distribution == "lifecycle-actors 1.0"
    await bus.start()
    assert states(bus) == {"one": "started", "two": "started", "three": "started"}
    assert all(record.problems == () for record in bus.plugins)


async def test_a_plugin_that_fails_to_stop_says_so_in_its_record(play):
    @play.part("two", "leave")
    async def leave(bus):
        raise OSError("no disk")

    bus = play.bus()
    await bus.start()
    with pytest.raises(ExceptionGroup):
        await bus.stop()
    assert states(bus)["two"] == "stopped"
    (problem,) = next(record.problems for record in bus.plugins if record.name == "two")
    assert "failed to stop" in problem.message
