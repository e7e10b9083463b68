"""The options `timeout` and `retry`."""

from __future__ import annotations

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugbus import Event, Retry
from plugbus.errors import DefinitionError, HandlerTimeout, InvalidHandler


def done():
    return Event(type="thing.done")


class Shaky:
    """Handlers that fail so many times before they succeed."""

    def __init__(self, failures, error=ConnectionError):
        self.left = failures
        self.calls = 0
        self.error = error

    def sync(self, event):
        self.calls += 1
        if self.left:
            self.left -= 1
            raise self.error("not yet")
        return self.calls

    async def asynchronous(self, event):
        await asyncio.sleep(0)
        return self.sync(event)

    def returning_a_coroutine(self, event):
        return self.asynchronous(event)


FORMS = ("sync", "asynchronous", "returning_a_coroutine")
QUICK = {"delay": 0.0001, "jitter": 0}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("delay", [0, 0.0001])
async def test_a_failed_handler_is_called_again(bus, deliver, form, delay):
    shaky = Shaky(2)
    bus.subscribe("thing.done", getattr(shaky, form), retry=Retry(attempts=3, delay=delay))
    result = await deliver(bus, done())
    assert result.values == (3,)
    assert result.ok


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("delay", [0, 0.0001])
async def test_if_every_attempt_fails_the_last_exception_is_the_one_failure(bus, deliver, failures_logged, form, delay):
    shaky = Shaky(9)
    bus.subscribe("thing.done", getattr(shaky, form), name="shaky", retry=Retry(attempts=3, delay=delay))
    result = await deliver(bus, done())
    assert shaky.calls == 3
    assert [failure.handler for failure in result.failures] == ["shaky"]
    assert len(failures_logged()) == 1


@pytest.mark.parametrize("form", FORMS)
async def test_exceptions_that_are_not_worth_it_fail_at_once(bus, deliver, form):
    shaky = Shaky(9, ValueError)
    bus.subscribe("thing.done", getattr(shaky, form), retry=Retry(on=(ConnectionError, OSError), **QUICK))
    result = await deliver(bus, done())
    assert shaky.calls == 1
    assert isinstance(result.failures[0].exception, ValueError)


@pytest.mark.parametrize("form", FORMS)
async def test_one_attempt_is_no_retry(bus, deliver, form):
    shaky = Shaky(1)
    bus.subscribe("thing.done", getattr(shaky, form), retry=Retry(attempts=1))
    assert not (await deliver(bus, done())).ok
    assert shaky.calls == 1


async def test_a_sync_handler_with_retry_blocks_no_loop_under_publish(bus):
    loop_ran = asyncio.Event()
    calls = []

    def shaky(event):
        calls.append(loop_ran.is_set())
        asyncio.get_running_loop().call_soon(loop_ran.set)
        if len(calls) == 1:
            raise ConnectionError

    bus.subscribe("thing.done", shaky, retry=Retry(**QUICK))
    assert (await bus.publish(done())).ok
    assert calls == [False, True]


async def test_a_sync_handler_with_retry_and_no_delay_stays_in_the_sync_group(bus, deliver):
    async def asynchronous(event):
        pass

    shaky = Shaky(1)
    bus.subscribe("thing.done", asynchronous)
    bus.subscribe("thing.done", shaky.sync, retry=Retry(delay=0))
    assert (await deliver(bus, done())).handlers == ("Shaky.sync", "asynchronous")


def test_under_publish_sync_it_runs_in_the_thread_of_the_publisher(bus):
    threads = []

    def shaky(event):
        threads.append(threading.current_thread())
        if len(threads) == 1:
            raise ConnectionError

    bus.subscribe("thing.done", shaky, retry=Retry(**QUICK))
    bus.publish_sync(done())
    assert threads == [threading.current_thread()] * 2


async def test_a_cancelled_publisher_is_not_retried(bus, clean_loop):
    calls = []
    waiting = asyncio.Event()

    async def endless(event):
        calls.append(event)
        waiting.set()
        await asyncio.Event().wait()

    bus.subscribe("thing.done", endless, retry=Retry(**QUICK))
    publisher = asyncio.create_task(bus.publish(done()))
    await waiting.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert len(calls) == 1


def test_pauses_grow_by_the_factor_up_to_the_longest():
    retry = Retry(delay=0.5, factor=3, max_delay=10, jitter=0)
    assert [retry.pause(attempt, 0.7) for attempt in (1, 2, 3, 4, 5)] == [0.5, 1.5, 4.5, 10, 10]


def test_without_growth_they_are_all_the_same():
    assert {Retry(delay=2, factor=1, jitter=0).pause(attempt, 0.3) for attempt in range(1, 50)} == {2}


def test_jitter_leaves_a_part_to_chance():
    retry = Retry(delay=10, jitter=0.2)
    assert retry.pause(1, 0) == 10
    assert retry.pause(1, 1) == pytest.approx(8)


@given(
    attempt=st.integers(1, 100_000),
    delay=st.floats(0, 100),
    factor=st.floats(0.1, 100),
    longest=st.floats(0, 100),
    jitter=st.floats(0, 1),
    chance=st.floats(0, 1),
)
def test_a_pause_is_never_negative_and_never_longer_than_the_longest(attempt, delay, factor, longest, jitter, chance):
    retry = Retry(delay=delay, factor=factor, max_delay=longest, jitter=jitter)
    assert 0 <= retry.pause(attempt, chance) <= longest


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"attempts": 2.5},
        {"attempts": True},
        {"delay": -1},
        {"delay": "1"},
        {"factor": 0},
        {"max_delay": -1},
        {"jitter": 1.5},
        {"jitter": -0.1},
        {"on": (asyncio.CancelledError,)},
        {"on": ("ValueError",)},
        {"on": [ValueError("an instance")]},
    ],
    ids=str,
)
def test_what_makes_no_retry_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(DefinitionError, match=f"^{name} "):
        Retry(**wrong)


def test_one_exception_or_a_list_of_them_will_do():
    assert Retry(on=ValueError).on == (ValueError,)
    assert Retry(on=[ValueError, KeyError]).on == (ValueError, KeyError)


def test_retry_is_a_retry(bus):
    with pytest.raises(DefinitionError, match=r"retry is a Retry\(\.\.\.\), got 3"):
        bus.subscribe("thing.done", print, retry=3)


@pytest.mark.parametrize("others", [0, 1])
async def test_a_handler_that_takes_too_long_is_cancelled_and_has_failed(bus, deliver, others):
    cancelled = []

    async def endless(event):
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(event)

    async def quick(event):
        return "quick"

    bus.subscribe("thing.done", endless, timeout=0.001)
    if others:
        bus.subscribe("thing.done", quick)
    result = await deliver(bus, done())
    (failure,) = result.failures
    assert isinstance(failure.exception, HandlerTimeout)
    assert isinstance(failure.exception, TimeoutError)
    assert str(failure.exception) == "handler endless did not end within 0.001 s and was cancelled"
    assert result.values == ("quick",) * others
    assert len(cancelled) == 1


async def test_a_handler_that_is_quick_enough_is_left_alone(bus, deliver):
    async def quick(event):
        await asyncio.sleep(0)
        return "quick"

    bus.subscribe("thing.done", quick, timeout=60)
    assert (await deliver(bus, done())).values == ("quick",)


async def test_a_timeout_of_the_handlers_own_is_no_handler_timeout(bus, deliver):
    async def impatient(event):
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    bus.subscribe("thing.done", impatient, timeout=60)
    (failure,) = (await deliver(bus, done())).failures
    assert type(failure.exception) is TimeoutError


async def test_the_time_counts_for_each_attempt(bus, deliver):
    calls = []

    async def slow_at_first(event):
        calls.append(event)
        if len(calls) < 3:
            await asyncio.Event().wait()
        return "at last"

    bus.subscribe("thing.done", slow_at_first, timeout=0.001, retry=Retry(**QUICK))
    assert (await deliver(bus, done())).values == ("at last",)


async def test_the_time_counts_for_interceptors_too(bus, deliver):
    class Slow:
        async def intercept_async(self, event, call_next):
            await asyncio.Event().wait()

    async def handler(event):
        pass

    bus.add_interceptor(Slow())
    bus.subscribe("thing.done", handler, timeout=0.001)
    assert isinstance((await deliver(bus, done())).failures[0].exception, HandlerTimeout)


async def test_it_ends_a_handler_on_the_loop_of_the_bus(bus, deliver):
    begun, ended = [], []

    async def endless(event):
        begun.append(event)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(event)

    bus.subscribe("thing.done", endless, loop="bus", timeout=0.01)
    assert isinstance((await deliver(bus, done())).failures[0].exception, HandlerTimeout)
    assert ended == begun


def test_timeout_on_a_sync_handler_needs_in_thread(bus):
    with pytest.raises(InvalidHandler, match="cannot be timed out; add in_thread=True"):
        bus.subscribe("thing.done", lambda event: None, timeout=1)


@pytest.mark.parametrize("seconds", [0, -1, "5", float("nan"), True])
def test_a_timeout_is_a_number_of_seconds(bus, seconds):
    with pytest.raises(DefinitionError, match="timeout is a number greater than 0"):
        bus.subscribe("thing.done", print, timeout=seconds)
