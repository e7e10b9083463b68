"""Inside handlers, what asyncio and anyio offer behaves as in any task."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars

import anyio
import pytest

from plugbus import Event


pytestmark = pytest.mark.usefixtures("clean_loop")


def done():
    return Event(type="thing.done")


async def endless(event):
    await asyncio.Event().wait()


async def quick(event):
    for _ in range(3):
        await asyncio.sleep(0)
    return "quick"


@pytest.fixture(params=["alone", "beside another", "beside a sync callable", "sequential"])
def subscribe(request, bus, other_bus):
    """A function that subscribes a handler alone in its stage or with others, and gives the bus."""

    def add(handler):
        if request.param == "sequential":
            sequential = other_bus(sequential=True)
            sequential.subscribe("thing.done", handler, name="tried")
            sequential.subscribe("thing.done", quick)
            return sequential
        bus.subscribe("thing.done", handler, name="tried")
        if request.param == "beside another":
            bus.subscribe("thing.done", quick)
        elif request.param == "beside a sync callable":
            bus.subscribe("thing.done", lambda event: quick(event))
        return bus

    return add


def only(result):
    """What came of the handler that is tried; the others have done their work."""
    assert [value for value in result.values if value == "quick"] == ["quick"] * (len(result.handlers) - 1)
    return [value for value in result.values if value != "quick"]


async def test_a_timeout_ends_its_own_handler_alone(subscribe, deliver):
    async def handler(event):
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"

    result = await deliver(subscribe(handler), done())
    assert result.ok
    assert only(result) == ["timed out"]


async def test_a_timeout_that_nobody_catches_is_a_failure(subscribe, deliver):
    async def handler(event):
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()

    result = await deliver(subscribe(handler), done())
    assert [type(failure.exception) for failure in result.failures] == [TimeoutError]
    assert only(result) == []


async def test_wait_for_ends_its_own_handler_alone(subscribe, deliver):
    async def handler(event):
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.001)
        except TimeoutError:
            return "timed out"

    assert only(await deliver(subscribe(handler), done())) == ["timed out"]


async def test_a_task_group_that_fails_is_the_failure_of_its_handler(subscribe, deliver):
    async def fail():
        await asyncio.sleep(0)
        raise ValueError("in the group")

    async def handler(event):
        async with asyncio.TaskGroup() as group:
            group.create_task(endless(event))
            group.create_task(fail())

    result = await deliver(subscribe(handler), done())
    (failure,) = result.failures
    assert failure.exception.subgroup(ValueError)
    assert only(result) == []


async def test_a_task_group_gives_what_its_tasks_gave(subscribe, deliver):
    async def handler(event):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asyncio.sleep(0, number)) for number in range(3)]
        return [task.result() for task in tasks]

    assert only(await deliver(subscribe(handler), done())) == [[0, 1, 2]]


async def test_the_current_task_stays_the_same_from_first_step_to_last(subscribe, deliver):
    async def handler(event):
        tasks = {asyncio.current_task()}
        for _ in range(3):
            await asyncio.sleep(0)
            tasks.add(asyncio.current_task())
        return len(tasks)

    assert only(await deliver(subscribe(handler), done())) == [1]


async def test_an_anyio_scope_ends_its_own_handler_alone(subscribe, deliver):
    async def handler(event):
        with anyio.move_on_after(0.001) as scope:
            await anyio.sleep_forever()
        return scope.cancelled_caught

    assert only(await deliver(subscribe(handler), done())) == [True]


async def test_an_anyio_deadline_that_nobody_catches_is_a_failure(subscribe, deliver):
    async def handler(event):
        with anyio.fail_after(0.001):
            await anyio.sleep_forever()

    result = await deliver(subscribe(handler), done())
    assert [type(failure.exception) for failure in result.failures] == [TimeoutError]


async def test_an_anyio_scope_that_is_cancelled_in_the_first_step_holds(subscribe, deliver):
    async def handler(event):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anyio.sleep(0)
            return "not reached"
        return scope.cancelled_caught

    assert only(await deliver(subscribe(handler), done())) == [True]


async def test_an_anyio_task_group_works(subscribe, deliver):
    async def handler(event):
        ended = []

        async def work(number):
            await anyio.sleep(0)
            ended.append(number)

        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(work, number)
        return sorted(ended)

    assert only(await deliver(subscribe(handler), done())) == [[0, 1, 2]]


async def test_awaited_in_place_an_anyio_shield_holds_while_the_publisher_is_cancelled(bus):
    started, ended = asyncio.Event(), []

    async def handler(event):
        with anyio.CancelScope(shield=True):
            started.set()
            for _ in range(5):
                await anyio.sleep(0)
            ended.append("shielded")
        await anyio.sleep_forever()

    bus.subscribe("thing.done", handler)
    async with anyio.create_task_group() as group:
        group.start_soon(bus.publish, done())
        await started.wait()
        group.cancel_scope.cancel()
    assert ended == ["shielded"]


class Waiting:
    """Handlers that wait for ever, and say when all of them do."""

    def __init__(self, bus, count):
        self.left = count
        self.all_wait = asyncio.Event()
        self.ended = []
        for number in range(count):
            bus.subscribe("thing.done", lambda event: self.wait(event), name=str(number))

    async def wait(self, event):
        self.left -= 1
        if not self.left:
            self.all_wait.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.append(event)


@pytest.mark.parametrize("count", [1, 3])
async def test_a_publisher_inside_an_anyio_scope_is_cancelled_by_it_with_its_handlers(bus, count):
    waiting = Waiting(bus, count)
    with anyio.CancelScope() as scope:
        cancelling = asyncio.create_task(waiting.all_wait.wait())
        cancelling.add_done_callback(lambda _: scope.cancel())
        await bus.publish(done())
    assert scope.cancelled_caught
    assert len(waiting.ended) == count
    assert asyncio.current_task().cancelling() == 0


@pytest.mark.parametrize("count", [1, 3])
async def test_a_publisher_inside_a_timeout_is_cancelled_by_it_with_its_handlers(bus, count):
    waiting = Waiting(bus, count)
    limit = asyncio.timeout(None)
    with contextlib.suppress(TimeoutError):
        async with limit:
            expiring = asyncio.create_task(waiting.all_wait.wait())
            expiring.add_done_callback(lambda _: limit.reschedule(0))
            await bus.publish(done())
    assert limit.expired()
    assert len(waiting.ended) == count
    assert asyncio.current_task().cancelling() == 0


async def test_a_publisher_inside_a_task_group_is_cancelled_with_its_siblings(bus):
    async def fail():
        await asyncio.sleep(0)
        raise ValueError("beside the publish")

    bus.subscribe("thing.done", endless)
    bus.subscribe("thing.done", lambda event: endless(event), name="hidden")

    async def both():
        async with asyncio.TaskGroup() as group:
            group.create_task(bus.publish(done()))
            group.create_task(fail())

    with pytest.raises(ExceptionGroup) as caught:
        await both()
    assert caught.value.subgroup(ValueError)


async def test_context_variables_of_the_publisher_are_seen_in_every_handler(subscribe, deliver):
    variable = contextvars.ContextVar("variable", default="default")
    variable.set("publisher's")

    async def handler(event):
        before = variable.get()
        await asyncio.sleep(0)
        return (before, variable.get())

    assert only(await deliver(subscribe(handler), done())) == [("publisher's", "publisher's")]


async def test_a_variable_that_a_handler_sets_holds_over_its_suspensions(subscribe, deliver):
    variable = contextvars.ContextVar("variable", default="default")

    async def handler(event):
        variable.set("its own")
        await asyncio.sleep(0)
        return variable.get()

    assert only(await deliver(subscribe(handler), done())) == ["its own"]


async def test_tasks_that_a_handler_starts_know_the_event_as_their_cause(subscribe, deliver):
    async def child():
        return Event(type="child.done")

    async def handler(event):
        inner = await asyncio.create_task(child())
        await bus.publish(inner)
        return inner.envelope.causation_id == event.id

    bus = subscribe(handler)
    assert only(await deliver(bus, done())) == [True]
