"""Interceptors: around each call of a handler, in two forms."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading

import pytest

from plugbus import Event, Retry
from plugbus.errors import InvalidHandler


def done():
    return Event(type="thing.done")


class Layers:
    """Makes interceptors that write down when they are entered and left, and how."""

    def __init__(self, bus):
        self.bus = bus
        self.steps = []

    def enter(self, name, form):
        self.steps.append(f"{name}.{form}")

    def add(self, name, forms):
        layers = self

        class Sync:
            def intercept(self, event, call_next):
                layers.enter(name, "sync")
                return call_next(event)

        class Async:
            async def intercept_async(self, event, call_next):
                layers.enter(name, "async")
                return await call_next(event)

        class Dual(Sync, Async):
            pass

        self.bus.add_interceptor({"sync": Sync, "async": Async, "dual": Dual}[forms](), name=name)

    def handlers(self):
        def count(event):
            self.steps.append("count")
            return "counted"

        async def greet(event):
            self.steps.append("greet")
            return "greeted"

        self.bus.subscribe("thing.done", greet)
        self.bus.subscribe("thing.done", count)


@pytest.fixture
def layers(bus):
    return Layers(bus)


async def test_the_dual_form_moves_no_handler_to_another_group(bus, layers, deliver):
    layers.handlers()
    layers.add("outer", "dual")
    layers.add("inner", "dual")
    result = await deliver(bus, done())
    assert layers.steps == [
        "outer.sync", "inner.sync", "count",
        "outer.async", "inner.async", "greet",
    ]  # fmt: skip
    assert result.handlers == ("count", "greet")
    assert result.values == ("counted", "greeted")


async def test_one_that_is_async_only_wraps_sync_handlers_too_which_then_run_in_the_async_group(bus, layers, deliver):
    layers.handlers()
    layers.add("only", "async")
    result = await deliver(bus, done())
    assert layers.steps == ["only.async", "greet", "only.async", "count"]
    assert result.handlers == ("greet", "count")
    assert result.values == ("greeted", "counted")


async def test_one_that_is_sync_only_wraps_sync_handlers_alone(bus, layers, deliver):
    layers.handlers()
    layers.add("only", "sync")
    result = await deliver(bus, done())
    assert layers.steps == ["only.sync", "count", "greet"]
    assert result.handlers == ("count", "greet")


# The chain around a sync handler and around an async one, for every two interceptors, the outer one first.
CHAINS = {
    ("sync", "sync"): (["a.sync", "b.sync"], []),
    ("sync", "async"): (["b.async", "a.sync"], ["b.async"]),
    ("sync", "dual"): (["a.sync", "b.sync"], ["b.async"]),
    ("async", "sync"): (["a.async", "b.sync"], ["a.async"]),
    ("async", "async"): (["a.async", "b.async"], ["a.async", "b.async"]),
    ("async", "dual"): (["a.async", "b.sync"], ["a.async", "b.async"]),
    ("dual", "sync"): (["a.sync", "b.sync"], ["a.async"]),
    ("dual", "async"): (["a.async", "b.async"], ["a.async", "b.async"]),
    ("dual", "dual"): (["a.sync", "b.sync"], ["a.async", "b.async"]),
}


@pytest.mark.parametrize("forms", CHAINS, ids="-".join)
@pytest.mark.parametrize("handler", ["sync", "async"])
async def test_two_interceptors_in_every_combination_of_forms(bus, layers, deliver, forms, handler):
    def count(event):
        layers.steps.append("handler")

    async def greet(event):
        layers.steps.append("handler")

    for name, form in zip("ab", forms, strict=True):
        layers.add(name, form)
    bus.subscribe("thing.done", count if handler == "sync" else greet)
    assert (await deliver(bus, done())).ok
    assert layers.steps == [*CHAINS[forms][handler == "async"], "handler"]


async def test_the_one_that_was_added_first_is_outermost(bus, deliver):
    steps = []

    def make(name):
        def intercept(event, call_next):
            steps.append(f"{name} in")
            try:
                return call_next(event)
            finally:
                steps.append(f"{name} out")

        return intercept

    for name in "abc":
        bus.add_interceptor(make(name), name=name)
    bus.subscribe("thing.done", lambda event: steps.append("handler"))
    await deliver(bus, done())
    assert steps == ["a in", "b in", "c in", "handler", "c out", "b out", "a out"]


async def test_a_plain_function_is_the_sync_form_and_an_async_one_the_async_form(bus, deliver):
    steps = []

    def sync(event, call_next):
        steps.append("sync")
        return call_next(event)

    async def asynchronous(event, call_next):
        steps.append("async")
        return await call_next(event)

    async def greet(event):
        steps.append("greet")

    bus.add_interceptor(sync)
    bus.add_interceptor(functools.partial(asynchronous))
    bus.subscribe("thing.done", greet)
    await deliver(bus, done())
    assert steps == ["async", "greet"]


async def test_an_async_one_awaits_what_a_sync_callable_returns(bus, layers, deliver):
    async def greet(event):
        return "greeted"

    layers.add("only", "async")
    bus.subscribe("thing.done", lambda event: greet(event))
    assert (await deliver(bus, done())).values == ("greeted",)


async def test_a_sync_one_passes_on_what_a_sync_callable_returns_to_be_awaited(bus, layers, deliver):
    async def greet(event):
        return "greeted"

    layers.add("only", "dual")
    bus.subscribe("thing.done", lambda event: greet(event))
    assert (await deliver(bus, done())).values == ("greeted",)
    assert layers.steps == ["only.sync"]


async def test_what_it_raises_is_the_failure_of_the_handler(bus, deliver):
    def deny(event, call_next):
        raise PermissionError("no")

    bus.add_interceptor(deny)
    bus.subscribe("thing.done", lambda event: "value", name="handler")
    (failure,) = (await deliver(bus, done())).failures
    assert failure.handler == "handler"
    assert isinstance(failure.exception, PermissionError)


async def test_it_may_catch_change_repeat_and_leave_out(bus, deliver):
    calls = []

    def twice(event, call_next):
        call_next(event)
        try:
            return call_next(Event(type="thing.done", payload={"changed": True}))
        except ValueError:
            return "caught"

    def handler(event):
        calls.append(dict(event.payload))
        if event.payload:
            raise ValueError

    bus.add_interceptor(twice)
    bus.subscribe("thing.done", handler)
    assert (await deliver(bus, done())).values == ("caught",)
    assert calls == [{}, {"changed": True}]


async def test_retry_calls_it_again(bus, layers, deliver):
    attempts = []

    def shaky(event):
        attempts.append(event)
        if len(attempts) < 2:
            raise ValueError

    layers.add("only", "dual")
    bus.subscribe("thing.done", shaky, retry=Retry(delay=0))
    assert (await deliver(bus, done())).ok
    assert layers.steps == ["only.sync"] * 2


async def test_around_a_handler_in_a_thread_the_sync_form_runs_in_that_thread_too(bus, deliver):
    locale = contextvars.ContextVar("locale", default="none")
    seen = []

    class Locale:
        def intercept(self, event, call_next):
            locale.set("fr")
            seen.append(threading.get_ident())
            return call_next(event)

        async def intercept_async(self, event, call_next):
            raise AssertionError("the sync form fits")

    def handler(event):
        seen.append(threading.get_ident())
        return locale.get()

    bus.add_interceptor(Locale())
    bus.subscribe("thing.done", handler, in_thread=True)
    assert (await deliver(bus, done())).values == ("fr",)
    assert len(set(seen)) == 1
    assert threading.get_ident() not in seen
    assert locale.get() == "none"


async def test_around_a_handler_in_a_thread_the_async_form_runs_on_the_loop(bus, layers, deliver):
    threads = []
    layers.add("only", "async")
    bus.subscribe("thing.done", lambda event: threads.append(threading.current_thread().name), in_thread=True)
    await deliver(bus, done())
    assert layers.steps == ["only.async"]
    assert threads == ["plugbus-worker"]


async def test_around_a_handler_on_the_loop_of_the_bus_it_runs_on_that_loop(bus, deliver):
    loops = []

    async def intercept(event, call_next):
        loops.append(asyncio.get_running_loop())
        return await call_next(event)

    async def handler(event):
        loops.append(asyncio.get_running_loop())

    bus.add_interceptor(intercept)
    bus.subscribe("thing.done", handler, loop="bus")
    assert (await deliver(bus, done())).ok
    assert loops[0] is loops[1]
    assert loops[0] is not asyncio.get_running_loop()


async def test_it_can_be_taken_back(bus, deliver):
    steps = []
    take_back = bus.add_interceptor(lambda event, call_next: steps.append("in"))
    bus.subscribe("thing.done", lambda event: None)
    await deliver(bus, done())
    take_back()
    await deliver(bus, done())
    assert steps == ["in"]


def test_an_async_intercept_is_refused_with_the_name_that_it_should_have(bus):
    class Misnamed:
        async def intercept(self, event, call_next):
            return await call_next(event)

    with pytest.raises(InvalidHandler, match="Misnamed: intercept is the sync form; name it intercept_async"):
        bus.add_interceptor(Misnamed())


def test_what_cannot_wrap_a_call_is_refused(bus):
    class NoForm:
        pass

    class WrongForm:
        def intercept(self, event):
            pass

    for interceptor in (3, NoForm(), WrongForm(), WrongForm, lambda event: None):
        with pytest.raises(InvalidHandler, match="interceptor"):
            bus.add_interceptor(interceptor)
