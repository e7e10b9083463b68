"""Cancelling a publisher, and handlers that cancel themselves; all in asyncio's debug mode."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from plugbus import Event
from plugbus.errors import HandlerCancelled


pytestmark = pytest.mark.usefixtures("clean_loop")


def done():
    return Event(type="thing.done")


class Endless:
    """Handlers that wait for ever, and tell how they end."""

    def __init__(self, bus):
        self.bus = bus
        self.waiting = 0
        self.all_wait = asyncio.Event()
        self.ended = []

    def add(self, count, **options):
        for number in range(count):
            self.bus.subscribe("thing.done", self.handler(number, count), name=f"endless {number}", **options)

    def handler(self, number, count):
        async def endless(event):
            self.waiting += 1
            if self.waiting == count:
                self.all_wait.set()
            try:
                await asyncio.Event().wait()
            finally:
                for _ in range(number):  # tidying up takes its time
                    await asyncio.sleep(0)
                self.ended.append(number)

        return endless


@pytest.fixture
async def endless(bus):
    return Endless(bus)


@pytest.mark.parametrize("count", [1, 2, 70])
async def test_cancelling_a_publisher_cancels_and_awaits_every_sibling(bus, endless, count):
    endless.add(count)
    publisher = asyncio.create_task(bus.publish(done()))
    await endless.all_wait.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert sorted(endless.ended) == list(range(count))


async def test_the_same_where_sync_callables_return_coroutines(bus, endless):
    handlers = [endless.handler(number, 3) for number in range(3)]
    for number in range(3):
        bus.subscribe("thing.done", lambda event, number=number: handlers[number](event), name=str(number))
    publisher = asyncio.create_task(bus.publish(done()))
    await endless.all_wait.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert sorted(endless.ended) == [0, 1, 2]


async def test_a_stage_that_has_not_begun_does_not_begin(bus, endless):
    called = []
    endless.add(2)
    bus.subscribe("thing.done", called.append, after="endless 0")
    publisher = asyncio.create_task(bus.publish(done()))
    await endless.all_wait.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert not called


async def test_one_by_one_the_others_are_not_started(other_bus):
    bus = other_bus(sequential=True)
    started = asyncio.Event()
    called = []

    async def endless(event):
        started.set()
        await asyncio.Event().wait()

    async def next_one(event):
        called.append(event)

    bus.subscribe("thing.done", lambda event: endless(event), name="a")
    bus.subscribe("thing.done", lambda event: next_one(event), name="b")
    publisher = asyncio.create_task(bus.publish(done()))
    await started.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert not called


async def test_a_handler_that_swallows_the_cancellation_does_not_keep_its_publisher(bus, endless):
    async def stubborn(event):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "went on"

    bus.subscribe("thing.done", stubborn)
    endless.add(1)
    publisher = asyncio.create_task(bus.publish(done()))
    await endless.all_wait.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert endless.ended == [0]


async def test_alone_in_place_it_swallows_it_as_in_any_coroutine(bus):
    waiting = asyncio.Event()

    async def stubborn(event):
        waiting.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "went on"

    bus.subscribe("thing.done", stubborn)
    publisher = asyncio.create_task(bus.publish(done()))
    await waiting.wait()
    publisher.cancel()
    assert (await publisher).values == ("went on",)


async def test_handlers_that_fail_while_they_are_cancelled_are_logged_and_change_nothing(bus, endless, failures_logged):
    async def untidy(event):
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("while tidying up")

    bus.subscribe("thing.done", untidy)
    endless.add(1)
    publisher = asyncio.create_task(bus.publish(done()))
    await endless.all_wait.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert [repr(error) for _, error in failures_logged()] == ["ValueError('while tidying up')"]


async def test_cancelled_twice_it_cancels_the_siblings_again(bus):
    waiting, tidying = asyncio.Event(), asyncio.Event()
    cancelled = []

    async def slow_to_end(event):
        waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append("once")
            tidying.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append("twice")
                raise

    async def other(event):
        await asyncio.Event().wait()

    bus.subscribe("thing.done", other)
    bus.subscribe("thing.done", slow_to_end)
    publisher = asyncio.create_task(bus.publish(done()))
    await waiting.wait()
    publisher.cancel()
    await tidying.wait()
    assert not publisher.done()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert cancelled == ["once", "twice"]


async def test_handlers_that_have_not_taken_their_first_step_are_no_coroutines_that_nobody_awaits(bus):
    async def handler(event):
        await asyncio.sleep(0)

    async def cancel_publisher(event):
        publisher.cancel()
        await asyncio.sleep(0)

    bus.subscribe("thing.done", lambda event: cancel_publisher(event), name="cancel")
    for name in "ab":
        bus.subscribe("thing.done", lambda event: handler(event), name=name)
    publisher = asyncio.create_task(bus.publish(done()))
    with pytest.raises(asyncio.CancelledError):
        await publisher


def cancels_itself(event):
    async def handler(event):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    return handler(event)


async def raises_it(event):
    raise asyncio.CancelledError("of its own")


async def awaits_what_was_cancelled(event):
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def quick(event):
    return "done"


@pytest.mark.parametrize("handler", [cancels_itself, raises_it, awaits_what_was_cancelled])
async def test_a_handler_in_a_task_of_its_own_that_cancels_itself_is_its_failure(
    bus, deliver, failures_logged, handler
):
    bus.subscribe("thing.done", handler, name="cancelled")
    bus.subscribe("thing.done", quick)
    bus.subscribe("thing.done", lambda event: "next stage", after="quick", name="next")
    result = await deliver(bus, done())
    (failure,) = result.failures
    assert isinstance(failure.exception, HandlerCancelled)
    assert isinstance(failure.exception.__cause__, asyncio.CancelledError)
    assert str(failure.exception) == "handler cancelled was cancelled, but not by its publisher"
    assert result.values == ("done", "next stage")
    assert len(failures_logged()) == 1
    assert asyncio.current_task().cancelling() == 0


@pytest.mark.parametrize("handler", [raises_it, awaits_what_was_cancelled])
@pytest.mark.parametrize("sequential", [True, False])
async def test_in_place_a_cancelled_error_is_the_failure_of_the_handler(other_bus, deliver, handler, sequential):
    bus = other_bus(sequential=sequential)
    bus.subscribe("thing.done", handler)
    result = await deliver(bus, done())
    assert [type(failure.exception) for failure in result.failures] == [HandlerCancelled]


@pytest.mark.parametrize("count", [1, 70])
async def test_a_cancelled_error_out_of_a_sync_handler_is_its_failure(bus, deliver, count):
    def reads_what_was_cancelled(event):
        raise asyncio.CancelledError

    bus.subscribe("thing.done", reads_what_was_cancelled)
    for number in range(count):
        bus.subscribe("thing.done", lambda event: None, name=str(number))
    result = await deliver(bus, done())
    assert [type(failure.exception) for failure in result.failures] == [HandlerCancelled]


@pytest.mark.parametrize("handlers", [[raises_it], [raises_it, quick]])
async def test_the_same_holds_where_the_publisher_had_been_cancelled_before(bus, handlers):
    for handler in handlers:
        bus.subscribe("thing.done", handler)

    async def publisher():
        asyncio.current_task().cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
        assert asyncio.current_task().cancelling() == 1
        return await bus.publish(done())

    result = await asyncio.create_task(publisher())
    assert [type(failure.exception) for failure in result.failures] == [HandlerCancelled]


@pytest.mark.parametrize("count", [1, 2])
async def test_a_cancellation_that_the_publisher_has_yet_to_receive_is_its_own(bus, count):
    async def waits(event):
        await asyncio.sleep(0)
        await asyncio.Event().wait()

    for number in range(count):
        bus.subscribe("thing.done", lambda event: waits(event), name=str(number))

    async def publisher():
        asyncio.current_task().cancel()
        await bus.publish(done())

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(publisher())


@pytest.mark.parametrize("count", [1, 2])
async def test_the_same_where_a_sync_handler_asks_for_it(bus, count):
    async def waits(event):
        await asyncio.Event().wait()

    bus.subscribe("thing.done", lambda event: asyncio.current_task().cancel(), name="cancel")
    for number in range(count):
        bus.subscribe("thing.done", lambda event: waits(event), name=str(number))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(bus.publish(done()))


async def test_a_handler_awaited_in_place_that_cancels_the_current_task_cancels_the_publish(bus):
    bus.subscribe("thing.done", cancels_itself)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(bus.publish(done()))


async def test_a_publisher_cancelled_while_its_failures_are_reported_is_cancelled(bus):
    reporting = asyncio.Event()

    async def report(event):
        reporting.set()
        await asyncio.Event().wait()

    bus.subscribe("thing.done", raises_it)
    bus.subscribe("error.occurred", report)
    publisher = asyncio.create_task(bus.publish(done()))
    await reporting.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher


async def test_a_cancelled_publisher_cancels_what_runs_on_the_loop_of_the_bus(bus):
    started, ended = asyncio.Event(), []
    loop = asyncio.get_running_loop()

    async def handler(event):
        loop.call_soon_threadsafe(started.set)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(event)

    bus.subscribe("thing.done", handler, loop="bus")
    publisher = asyncio.create_task(bus.publish(done()))
    await started.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert len(ended) == 1


async def test_a_publisher_that_is_cancelled_with_a_nested_publish_waits_for_all(bus, endless):
    endless.add(2)

    async def outer(event):
        await bus.publish(done())

    async def beside(event):
        await asyncio.Event().wait()

    bus.subscribe("outer.done", outer)
    bus.subscribe("outer.done", beside)
    publisher = asyncio.create_task(bus.publish(Event(type="outer.done")))
    await endless.all_wait.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert sorted(endless.ended) == [0, 1]


async def test_publish_many_cancels_and_awaits_the_handlers_of_all_its_events(bus, endless):
    endless.add(1)
    bus.subscribe("thing.done", endless.handler(1, 4), name="another")
    publisher = asyncio.create_task(bus.publish_many([done(), done()]))
    while endless.waiting < 4:
        await asyncio.sleep(0)
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert sorted(endless.ended) == [0, 0, 1, 1]
