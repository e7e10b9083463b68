"""No handler is ever silently skipped: every verb, from everywhere, to every kind of handler, with every trouble."""

from __future__ import annotations

import asyncio
import time

import attrs
import pytest

from plugbus import EventBase, PublishResult, event
from plugbus.errors import LoopRunning


@event("matrix.published")
class Published(EventBase):
    pass


@event("matrix.entered")
class Entered(EventBase):
    pass


class Broken(Exception):
    pass


KINDS = {"sync": ("sync", "sync"), "async": ("async", "async"), "mixed": ("sync", "async")}
TROUBLES = ("nothing", "one fails", "one is slow")


@attrs.define
class Handlers:
    """Two handlers of the given kinds; the trouble befalls the first of them."""

    bus: object
    kinds: tuple[str, str]
    trouble: str
    called: list[str] = attrs.Factory(list)

    def subscribe(self):
        for number, kind in enumerate(self.kinds):
            trouble = self.trouble if number == 0 else "nothing"
            handler = self.make_sync(trouble) if kind == "sync" else self.make_async(trouble)
            self.bus.subscribe(Published, handler, name=f"{kind}{number}")

    def make_sync(self, trouble):
        def handler(event):
            if trouble == "one is slow":
                time.sleep(0.005)
            self.called.append("sync")
            if trouble == "one fails":
                raise Broken

        return handler

    def make_async(self, trouble):
        async def handler(event):
            if trouble == "one is slow":
                await asyncio.sleep(0.005)
            self.called.append("async")
            if trouble == "one fails":
                raise Broken

        return handler

    def assert_all_were_called(self, result):
        assert sorted(self.called) == sorted(self.kinds)
        assert result.handlers == tuple(f"{kind}{number}" for number, kind in enumerate(self.kinds))
        failed = [f"{self.kinds[0]}0"] if self.trouble == "one fails" else []
        assert [failure.handler for failure in result.failures] == failed
        assert all(isinstance(failure.exception, Broken) for failure in result.failures)


@pytest.fixture
def handlers(bus, request):
    made = Handlers(bus, KINDS[request.getfixturevalue("kind")], request.getfixturevalue("trouble"))
    made.subscribe()
    return made


# How each verb is used where code is sync. Async verbs are run, or inside a loop made a task of.


def run_or_create_task(coroutine):
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    return asyncio.create_task(coroutine)


def use_deferred(bus, event):
    with bus.deferred() as block:
        assert bus.publish_soon(event).done()
    return block.results


FROM_SYNC_CODE = {
    "publish": lambda bus, event: run_or_create_task(bus.publish(event)),
    "publish_sync": lambda bus, event: bus.publish_sync(event),
    "publish_soon": lambda bus, event: bus.publish_soon(event),
    "publish_many": lambda bus, event: run_or_create_task(bus.publish_many([event])),
    "event.publish()": lambda bus, event: event.publish(),
    "deferred": use_deferred,
}


# How each verb is used where code is async.


async def use_deferred_async(bus, event):
    async with bus.deferred() as block:
        assert (await bus.publish(event)).deferred
    return block.results


async def use_publish_sync(bus, event):
    return bus.publish_sync(event)


async def use_publish_soon(bus, event):
    return await bus.publish_soon(event)


async def use_event_publish(bus, event):
    return await event.publish()


FROM_ASYNC_CODE = {
    "publish": lambda bus, event: bus.publish(event),
    "publish_sync": use_publish_sync,
    "publish_soon": use_publish_soon,
    "publish_many": lambda bus, event: bus.publish_many([event]),
    "event.publish()": use_event_publish,
    "deferred": use_deferred_async,
}


# The places from where it is published; each returns what the verb returned, or raises what it raised.


def without_a_loop(bus, verb, threads):
    return FROM_SYNC_CODE[verb](bus, Published())


def inside_a_loop(bus, verb, threads):
    return asyncio.run(FROM_ASYNC_CODE[verb](bus, Published()))


def from_another_thread(bus, verb, threads):
    async def main():
        async with bus:
            published = threads(FROM_SYNC_CODE[verb], bus, Published())
            return await resolved(await asyncio.wrap_future(published))

    return asyncio.run(main())


def inside_a_sync_handler(bus, verb, threads):
    outcomes = []
    bus.subscribe(Entered, lambda _: outcomes.append(attempt(FROM_SYNC_CODE[verb], bus, Published())))
    bus.publish_sync(Entered())
    return outcomes[0]


def inside_a_sync_handler_in_a_loop(bus, verb, threads):
    outcomes = []
    bus.subscribe(Entered, lambda _: outcomes.append(attempt(FROM_SYNC_CODE[verb], bus, Published())))

    async def main():
        await bus.publish(Entered())
        return await resolved(outcomes[0])

    return asyncio.run(main())


def inside_an_async_handler(bus, verb, threads):
    outcomes = []

    @bus.on(Entered)
    async def handler(event):
        try:
            outcomes.append(await FROM_ASYNC_CODE[verb](bus, Published()))
        except LoopRunning as error:
            outcomes.append(error)

    asyncio.run(bus.publish(Entered()))
    return outcomes[0]


def inside_an_async_handler_of_a_sync_publisher(bus, verb, threads):
    outcomes = []

    @bus.on(Entered)
    async def handler(event):
        try:
            outcomes.append(await FROM_ASYNC_CODE[verb](bus, Published()))
        except LoopRunning as error:
            outcomes.append(error)

    bus.publish_sync(Entered())
    return outcomes[0]


PLACES = {
    function.__name__.replace("_", " "): function
    for function in (
        without_a_loop,
        inside_a_loop,
        from_another_thread,
        inside_a_sync_handler,
        inside_a_sync_handler_in_a_loop,
        inside_an_async_handler,
        inside_an_async_handler_of_a_sync_publisher,
    )
}

BLOCKING = ("await bus.publish(event)", "bus.publish_soon(event)")
REFUSED = {
    ("publish_sync", "inside a loop"): BLOCKING,
    ("publish_sync", "inside a sync handler in a loop"): BLOCKING,
    ("publish_sync", "inside an async handler"): BLOCKING,
    ("publish_sync", "inside an async handler of a sync publisher"): BLOCKING,
    ("deferred", "inside a sync handler in a loop"): ("async with bus.deferred()",),
}


def attempt(function, *args):
    try:
        return function(*args)
    except LoopRunning as error:
        return error


async def resolved(outcome):
    """The result behind a task or handle, from async code."""
    return outcome if isinstance(outcome, LoopRunning | PublishResult | tuple) else await outcome


def result_of(outcome):
    if hasattr(outcome, "wait"):
        outcome = outcome.wait(10)
    if isinstance(outcome, tuple):
        (outcome,) = outcome
    return outcome


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("verb", FROM_SYNC_CODE)
def test_every_verb_reaches_all_handlers_or_names_the_right_verb(bus, handlers, threads, verb, place, kind, trouble):
    outcome = attempt(PLACES[place], bus, verb, threads)
    if (verb, place) in REFUSED:
        assert isinstance(outcome, LoopRunning)
        assert all(named in str(outcome) for named in REFUSED[verb, place])
        assert handlers.called == []
    else:
        handlers.assert_all_were_called(result_of(outcome))
