"""How the async handlers of a stage are awaited: side by side, alone in place, or one by one."""

from __future__ import annotations

import asyncio
import contextvars
import sys

import pytest

from plugbus import Event, EventBase, EventBus, event


@event("groups.ledger.entry_added", sequential=True)
class LedgerEntryAdded(EventBase):
    cents: int = 0


def done():
    return Event(type="thing.done")


async def test_async_handlers_of_a_stage_run_side_by_side(bus, deliver):
    arrived = []

    async def meet(event):
        arrived.append(asyncio.get_running_loop().create_future())
        if len(arrived) == 3:
            for waiting in arrived:
                waiting.set_result(None)
        await arrived[-1]

    for name in "abc":
        bus.subscribe("thing.done", lambda event: meet(event), name=name)
    assert (await asyncio.wait_for(deliver(bus, done()), 10)).ok


async def test_they_are_started_in_order_of_subscription(bus, deliver):
    started = []

    def make(name):
        async def handle(event):
            started.append(name)
            await asyncio.sleep(0)

        return handle

    for name in "abcdef":
        bus.subscribe("thing.done", make(name), name=name)
    await deliver(bus, done())
    assert started == list("abcdef")


async def test_values_come_in_order_of_start_whoever_ends_first(bus, deliver):
    async def slow(event):
        await asyncio.sleep(0.01)
        return "slow"

    async def quick(event):
        return "quick"

    bus.subscribe("thing.done", slow)
    bus.subscribe("thing.done", quick)
    bus.subscribe("thing.done", lambda event: "sync", name="sync")
    assert (await deliver(bus, done())).values == ("sync", "slow", "quick")


async def test_one_alone_is_awaited_in_place(bus):
    tasks = []

    async def handle(event):
        tasks.append(asyncio.current_task())

    bus.subscribe("thing.done", handle)
    bus.subscribe("thing.done", lambda event: None)
    await bus.publish(done())
    assert tasks == [asyncio.current_task()]


async def test_one_alone_is_awaited_in_place_though_only_its_value_shows_that_it_is_async(bus):
    tasks = []

    async def handle(event):
        tasks.append(asyncio.current_task())

    bus.subscribe("thing.done", lambda event: handle(event))
    bus.subscribe("thing.done", lambda event: "value", name="other")
    result = await bus.publish(done())
    assert tasks == [asyncio.current_task()]
    assert result.values == ("value",)


async def test_one_alone_in_each_of_two_stages_is_awaited_in_place_in_both(bus):
    tasks = []

    async def one(event):
        tasks.append(asyncio.current_task())

    async def two(event):
        tasks.append(asyncio.current_task())

    bus.subscribe("thing.done", one)
    bus.subscribe("thing.done", two, after="one")
    await bus.publish(done())
    assert tasks == [asyncio.current_task()] * 2


async def test_side_by_side_each_has_a_task_of_its_own(bus):
    tasks = set()

    async def handle(event):
        tasks.add(asyncio.current_task())

    for name in "ab":
        bus.subscribe("thing.done", lambda event: handle(event), name=name)
    await bus.publish(done())
    assert len(tasks) == 2
    assert asyncio.current_task() not in tasks


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks come with Python 3.12")
async def test_from_python_3_12_on_tasks_are_eager(bus):
    steps = []

    async def handle(event):
        asyncio.get_running_loop().call_soon(steps.append, "the loop")
        steps.append("a handler")

    for name in "ab":
        bus.subscribe("thing.done", lambda event: handle(event), name=name)
    await bus.publish(done())
    assert steps == ["a handler", "a handler"]


async def test_a_task_factory_of_the_application_is_used(bus):
    loop = asyncio.get_running_loop()
    made = []

    def factory(loop, coroutine, **options):
        made.append(asyncio.Task(coroutine, loop=loop, **options))
        return made[-1]

    async def handle(event):
        assert asyncio.current_task() in made

    for name in "ab":
        bus.subscribe("thing.done", lambda event: handle(event), name=name)
    loop.set_task_factory(factory)
    try:
        assert (await bus.publish(done())).ok
    finally:
        loop.set_task_factory(None)
    assert len(made) == 2


class Alternation:
    """Handlers that give way between their beginning and their end."""

    def __init__(self):
        self.steps = []

    def make(self, name):
        async def handle(event):
            self.steps.append(f"{name} begins")
            await asyncio.sleep(0)
            self.steps.append(f"{name} ends")
            return name

        return handle

    one_by_one = ("a begins", "a ends", "b begins", "b ends", "c begins", "c ends")
    side_by_side = ("a begins", "b begins", "c begins", "a ends", "b ends", "c ends")


@pytest.fixture
def alternation():
    return Alternation()


async def test_sequential_on_the_event_class_awaits_them_one_by_one(bus, alternation, deliver):
    for name in "abc":
        bus.subscribe(LedgerEntryAdded, alternation.make(name), name=name)
    result = await deliver(bus, LedgerEntryAdded())
    assert tuple(alternation.steps) == alternation.one_by_one
    assert result.values == ("a", "b", "c")


async def test_sequential_on_the_bus_awaits_them_one_by_one(other_bus, alternation, deliver):
    bus = other_bus(sequential=True)
    for name in "abc":
        bus.subscribe("thing.done", alternation.make(name), name=name)
    await deliver(bus, done())
    assert tuple(alternation.steps) == alternation.one_by_one


async def test_without_it_they_alternate(bus, alternation, deliver):
    for name in "abc":
        bus.subscribe("thing.done", alternation.make(name), name=name)
    await deliver(bus, done())
    assert tuple(alternation.steps) == alternation.side_by_side


async def test_sequential_holds_for_sync_callables_that_return_coroutines(other_bus, alternation, deliver):
    bus = other_bus(sequential=True)
    handlers = {name: alternation.make(name) for name in "abc"}
    bus.subscribe("thing.done", handlers["c"], name="c")
    for name in "ab":
        bus.subscribe("thing.done", lambda event, name=name: handlers[name](event), name=name)
    result = await deliver(bus, done())
    assert tuple(alternation.steps) == alternation.one_by_one
    assert result.values == ("a", "b", "c")
    assert result.handlers == ("a", "b", "c")


async def test_what_sync_callables_return_is_started_in_the_order_of_handlers(bus, deliver):
    started = []

    def make(name):
        async def handle(event):
            started.append(name)
            return name

        return handle

    late, early = make("late"), make("early")
    bus.subscribe("thing.done", late, name="late")
    bus.subscribe("thing.done", lambda event: early(event), name="early")
    result = await deliver(bus, done())
    assert result.handlers == result.values == ("early", "late")
    assert started == ["early", "late"]


async def test_sequential_handlers_are_awaited_in_place(bus):
    tasks = set()

    async def handle(event):
        tasks.add(asyncio.current_task())

    for name in "ab":
        bus.subscribe(LedgerEntryAdded, lambda event: handle(event), name=name)
    bus.subscribe(LedgerEntryAdded, handle)
    await bus.publish(LedgerEntryAdded())
    assert tasks == {asyncio.current_task()}


async def test_publish_is_a_real_coroutine_that_create_task_takes(bus):
    bus.subscribe("thing.done", lambda event: "value")
    for _ in range(2):  # the second time on a bus that has been started
        task = asyncio.create_task(bus.publish(done()))
        assert (await task).values == ("value",)


async def test_nothing_has_happened_before_publish_is_awaited(bus):
    called = []
    bus.subscribe("thing.done", called.append)
    coroutine = bus.publish(done())
    assert not called
    await coroutine
    assert len(called) == 1


async def test_a_variable_set_by_one_of_several_stays_its_own(bus):
    variable = contextvars.ContextVar("variable", default="publisher")
    seen = []

    async def handle(event):
        seen.append(variable.get())
        variable.set("handler")

    for name in "ab":
        bus.subscribe("thing.done", lambda event: handle(event), name=name)
    await bus.publish(done())
    assert [*seen, variable.get()] == ["publisher"] * 3


async def test_a_publish_inside_a_handler_is_a_publish_of_its_own(bus, deliver):
    seen = []

    async def outer(event):
        seen.append((await bus.publish(Event(type="inner.done"))).values)

    bus.subscribe("thing.done", outer)
    bus.subscribe("inner.done", lambda event: "inside")
    assert (await deliver(bus, done())).values == ()
    assert seen == [("inside",)]


def test_blocking_publishes_run_async_handlers_on_one_loop(other_bus):
    bus: EventBus = other_bus()
    loops = set()

    async def handle(event):
        loops.add(asyncio.get_running_loop())

    bus.subscribe("thing.done", handle)
    for _ in range(3):
        bus.publish_sync(done())
    assert len(loops) == 1
