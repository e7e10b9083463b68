from __future__ import annotations

import asyncio
import inspect

import pytest

from plugbus import Event, EventBase, EventBus, event
from plugbus.errors import NotAnEvent


@event("verbs.published")
class Published(EventBase):
    number: int = 0


class Foreign:
    pass


@pytest.mark.parametrize(
    "made", [Published(), Event(type="verbs.generic"), Foreign()], ids=["typed", "generic", "foreign"]
)
@pytest.mark.parametrize("started", [False, True], ids=["not started", "started"])
async def test_publish_is_a_real_coroutine_that_create_task_takes(bus, made, started):
    if started:
        await bus.start()
    seen = []
    bus.subscribe("*", seen.append)
    coroutine = bus.publish(made)
    assert inspect.iscoroutine(coroutine)
    result = await asyncio.create_task(coroutine)
    assert result.ok
    assert seen == [made]


async def test_nothing_is_dispatched_before_publish_is_awaited(bus):
    seen = []
    bus.subscribe(Published, seen.append)
    coroutine = bus.publish(Published())
    assert seen == []
    await coroutine
    assert len(seen) == 1


async def test_publish_returns_when_all_handlers_have_ended(bus):
    ended = []

    @bus.on(Published)
    async def slow(event):
        await asyncio.sleep(0.005)
        ended.append("slow")

    bus.subscribe(Published, lambda _: ended.append("sync"))
    await bus.publish(Published())
    assert sorted(ended) == ["slow", "sync"]


async def test_publishes_made_tasks_run_side_by_side(bus):
    both = asyncio.Barrier(2)

    @bus.on(Published)
    async def meet(event):
        await both.wait()

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(bus.publish(Published()))
        group.create_task(bus.publish(Published()))


async def test_a_middleware_runs_before_handlers_and_its_exception_goes_to_the_publisher(bus):
    seen = []
    bus.subscribe(Published, seen.append)

    @bus.add_middleware
    def refuse(event):
        raise PermissionError("no")

    with pytest.raises(PermissionError, match="no"):
        await bus.publish(Published())
    assert seen == []


async def test_two_buses_share_no_state(bus):
    other = EventBus()
    seen, seen_by_other = [], []
    bus.subscribe(Published, seen.append)
    other.subscribe(Published, seen_by_other.append)
    other.add_middleware(lambda event: event if event.number else None)
    await bus.publish(Published(number=0))
    await other.publish(Published(number=1))
    await other.publish(Published(number=0))
    await other.stop()
    assert [event.number for event in seen] == [0]
    assert [event.number for event in seen_by_other] == [1]
    assert (await bus.publish(Published(number=2))).ok


@pytest.mark.parametrize("nothing", [None, 1, [], {}])
@pytest.mark.parametrize("verb", ["publish", "publish_sync", "publish_soon", "publish_many", "replay"])
@pytest.mark.parametrize("started", [False, True], ids=["not started", "started"])
def test_what_is_no_event_is_refused_by_every_verb(bus, verb, nothing, started):
    if started:
        bus.publish_sync(Published())

    def use():
        if verb == "publish_many":
            asyncio.run(bus.publish_many([Published(), nothing]))
        elif verb in ("publish", "replay"):
            asyncio.run(getattr(bus, verb)(nothing))
        else:
            getattr(bus, verb)(nothing)

    with pytest.raises(NotAnEvent, match=rf"got {type(nothing).__name__}; publish an Event\(type='entity.action'"):
        use()


async def test_a_replay_reaches_only_handlers_that_ask_for_it(bus):
    called = []
    bus.subscribe(Published, lambda _: called.append("live"), name="live")
    bus.subscribe(Published, lambda _: called.append("both"), name="both", replay=True)
    result = await bus.replay(Published())
    assert called == ["both"]
    assert result.handlers == ("both",)
