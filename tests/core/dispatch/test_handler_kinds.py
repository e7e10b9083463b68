"""Everything that is a handler: functions, methods, partials, callable objects, mocks, and what they return."""

from __future__ import annotations

import asyncio
import functools
import gc
import types
from unittest.mock import AsyncMock, MagicMock, Mock, create_autospec

import pytest

from plugbus import Event, EventHandler


def done():
    return Event(type="thing.done")


def function(event):
    return "value"


async def coroutine_function(event):
    await asyncio.sleep(0)
    return "value"


def with_more(value, event, *, other=None):
    return value


async def with_more_async(value, event):
    await asyncio.sleep(0)
    return value


class Callable:
    def __call__(self, event):
        return "value"

    def method(self, event):
        return "value"

    async def async_method(self, event):
        await asyncio.sleep(0)
        return "value"

    @classmethod
    async def class_method(cls, event):
        return "value"

    @staticmethod
    def static_method(event):
        return "value"

    partial_method = functools.partialmethod(with_more_async)


class AsyncCallable:
    async def __call__(self, event):
        await asyncio.sleep(0)
        return "value"


class Slotted:
    __slots__ = ()

    def __call__(self, event, *rest, option=None):
        return "value"


class Handler(EventHandler):
    event_types = ("thing.done",)

    def handle(self, event):
        return "value"


class AsyncHandler(EventHandler):
    event_types = ("thing.done",)

    async def handle(self, event):
        await asyncio.sleep(0)
        return "value"


class Awaitable:
    """An awaitable that is no coroutine."""

    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return "value"


@types.coroutine
def generator_based(event):
    yield
    return "value"


def decorated(handler):
    @functools.wraps(handler)
    def wrapper(*args, **kwargs):
        return handler(*args, **kwargs)

    return wrapper


def injected(handler):
    @functools.wraps(handler)
    async def wrapper(event):
        return await handler("value", event)

    return wrapper


HANDLERS = {
    "function": (function, "function"),
    "coroutine function": (coroutine_function, "coroutine_function"),
    "lambda": (lambda event: "value", "<lambda>"),
    "bound method": (Callable().method, "Callable.method"),
    "bound async method": (Callable().async_method, "Callable.async_method"),
    "class method": (Callable.class_method, "Callable.class_method"),
    "static method": (Callable.static_method, "static_method"),
    "callable object": (Callable(), "Callable"),
    "async callable object": (AsyncCallable(), "AsyncCallable"),
    "callable object with more arguments": (Slotted(), "Slotted"),
    "partial": (functools.partial(with_more, "value"), "with_more"),
    "async partial": (functools.partial(with_more_async, "value"), "with_more_async"),
    "partial of a partial": (functools.partial(functools.partial(with_more, "value"), other=1), "with_more"),
    "partial of a bound async method": (functools.partial(Callable().async_method), "Callable.async_method"),
    "partial of an async callable object": (functools.partial(AsyncCallable()), "AsyncCallable"),
    "bound partial": (types.MethodType(functools.partial(with_more), "value"), "str.with_more"),
    "event handler": (Handler(), "Handler"),
    "async event handler": (AsyncHandler(), "AsyncHandler"),
    "decorated": (decorated(function), "function"),
    "decorated coroutine function": (decorated(coroutine_function), "coroutine_function"),
    "decorated so that it takes less": (injected(with_more_async), "with_more_async"),
    "lambda that returns a coroutine": (lambda event: coroutine_function(event), "<lambda>"),
    "lambda that returns an awaitable": (lambda event: Awaitable(), "<lambda>"),
    "generator-based coroutine": (generator_based, "generator_based"),
    "Mock": (Mock(return_value="value"), "Mock"),
    "MagicMock": (MagicMock(return_value="value"), "MagicMock"),
    "AsyncMock": (AsyncMock(return_value="value"), "AsyncMock"),
    "Mock that returns a coroutine": (Mock(side_effect=coroutine_function), "Mock"),
    "spec of a function": (create_autospec(function, return_value="value"), "function"),
    "spec of a coroutine function": (create_autospec(coroutine_function, return_value="value"), "coroutine_function"),
    "builtin": ([].append, "append"),
}


@pytest.fixture(params=HANDLERS)
def kind(request):
    return request.param


def expected(kind):
    return () if kind == "builtin" else ("value",)


async def test_each_kind_of_handler_is_called_and_awaited_by_each_verb(bus, deliver, kind):
    handler, name = HANDLERS[kind]
    bus.subscribe("thing.done", handler)
    result = await deliver(bus, done())
    assert result.failures == ()
    assert result.values == expected(kind)
    assert result.handlers == (name,)


# What stands beside a handler, so that its values go through every part of a plan.
async def beside(event):
    await asyncio.sleep(0)


async def beside_too(event):
    pass


def surround_with_async(bus):
    bus.subscribe("thing.done", beside)
    bus.subscribe("thing.done", beside_too)


def surround_with_one_async(bus):
    bus.subscribe("thing.done", beside)


def surround_with_stages(bus):
    bus.subscribe("thing.done", beside, before="kind", name="before")
    bus.subscribe("thing.done", beside_too, after="kind", name="after")


def surround_with_many(bus):
    for number in range(70):
        bus.subscribe("thing.done", lambda event: None, name=f"sync {number}")
        bus.subscribe("thing.done", lambda event: beside_too(event), name=f"async {number}")


def surround_with_hidden(bus):
    bus.subscribe("thing.done", lambda event: beside(event), name="hidden")


SURROUNDINGS = [
    surround_with_async,
    surround_with_one_async,
    surround_with_stages,
    surround_with_many,
    surround_with_hidden,
]


@pytest.mark.parametrize("surround", SURROUNDINGS, ids=lambda surround: surround.__name__)
@pytest.mark.parametrize("sequential", [False, True], ids=["together", "sequential"])
async def test_it_makes_no_difference_what_stands_beside_them(other_bus, deliver, surround, sequential):
    bus = other_bus(sequential=sequential)
    surround(bus)
    for kind, (handler, _) in HANDLERS.items():
        bus.subscribe("thing.done", handler, name="kind" if kind == "decorated" else kind)
    result = await deliver(bus, done())
    assert result.failures == ()
    assert result.values == ("value",) * (len(HANDLERS) - 1)


async def test_a_mock_is_called_with_the_event(bus, deliver):
    mocks = [Mock(return_value=None), AsyncMock(return_value=None)]
    for mock in mocks:
        bus.subscribe("thing.done", mock)
    event = done()
    await deliver(bus, event)
    for mock in mocks:
        mock.assert_called_once_with(event)


async def test_what_an_async_mock_raises_is_a_failure(bus, deliver):
    bus.subscribe("thing.done", AsyncMock(side_effect=ValueError("from the mock")))
    (failure,) = (await deliver(bus, done())).failures
    assert str(failure.exception) == "from the mock"


async def test_a_task_that_a_sync_handler_returns_is_awaited(bus):
    def handler(event):
        return asyncio.get_running_loop().create_task(coroutine_function(event))

    bus.subscribe("thing.done", handler)
    bus.subscribe("thing.done", beside)
    assert (await bus.publish(done())).values == ("value",)


class Array:
    """As those of numpy: comparing it gives no truth."""

    def __eq__(self, other):
        raise ValueError("the truth value of an array is ambiguous")

    __ne__ = __lt__ = __bool__ = __len__ = __eq__
    __hash__ = None


@pytest.mark.parametrize("count", [1, 70])
async def test_values_are_never_compared(bus, deliver, count):
    array = Array()

    async def asynchronous(event):
        return array

    bus.subscribe("thing.done", asynchronous)
    bus.subscribe("thing.done", lambda event: asynchronous(event), name="hidden")
    for number in range(count):
        bus.subscribe("thing.done", lambda event: array, name=str(number))
    result = await deliver(bus, done())
    assert result.failures == ()
    assert len(result.values) == count + 2
    assert all(value is array for value in result.values)


class Strange(type):
    """Makes classes that cannot be hashed."""

    def __eq__(cls, other):
        return NotImplemented

    __hash__ = None


@pytest.mark.parametrize("count", [1, 70])
@pytest.mark.parametrize("hidden", ["first", "last", "not at all"])
async def test_nor_are_their_classes(bus, deliver, count, hidden):
    value = Strange("Value", (), {})()

    async def asynchronous(event):
        return value

    bus.subscribe("thing.done", asynchronous)
    if hidden == "first":
        bus.subscribe("thing.done", lambda event: asynchronous(event), name="hidden")
    for number in range(count):
        bus.subscribe("thing.done", lambda event: value, name=str(number))
    if hidden == "last":
        bus.subscribe("thing.done", lambda event: asynchronous(event), name="hidden")
    result = await deliver(bus, done())
    assert result.failures == ()
    assert len(result.values) == len(result.handlers)


async def test_a_handler_that_the_garbage_collector_could_take_is_kept(bus, deliver):
    calls = []

    def subscribe():
        bus.subscribe("thing.done", Mock(side_effect=lambda event: calls.append(event)))

    subscribe()
    gc.collect()
    await deliver(bus, done())
    assert len(calls) == 1
