"""The option `in_thread`, and the worker threads behind it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading

import pytest

from plugbus import Event, Retry, envelope
from plugbus._threads import WorkerThreads, depth
from plugbus.errors import HandlerTimeout, InvalidHandler


def done():
    return Event(type="thing.done")


@pytest.fixture
def gate():
    """Something that blocks threads until the test ends."""
    opened = threading.Event()
    yield opened
    opened.set()


async def test_a_handler_runs_in_a_worker_thread(bus, deliver):
    bus.subscribe("thing.done", lambda event: threading.current_thread().name, in_thread=True)
    result = await deliver(bus, done())
    assert result.values == ("plugbus-worker",)


async def test_meanwhile_the_loop_runs_on(bus):
    loop = asyncio.get_running_loop()
    met = threading.Event()

    def wait_for_the_loop(event):
        loop.call_soon_threadsafe(met.set)
        return met.wait(20)

    bus.subscribe("thing.done", wait_for_the_loop, in_thread=True)
    assert (await bus.publish(done())).values == (True,)


async def test_two_of_them_run_side_by_side(bus, deliver):
    both = threading.Barrier(2)
    for name in "ab":
        bus.subscribe("thing.done", lambda event: both.wait(20) in (0, 1), name=name, in_thread=True)
    assert (await deliver(bus, done())).values == (True, True)


async def test_context_variables_travel_with_it(bus):
    variable = contextvars.ContextVar("variable", default="default")

    def handler(event):
        seen = variable.get()
        variable.set("the thread's")
        return seen

    bus.subscribe("thing.done", handler, in_thread=True)
    variable.set("the publisher's")
    assert (await bus.publish(done())).values == ("the publisher's",)
    assert variable.get() == "the publisher's"


async def test_what_it_publishes_is_caused_by_its_event(bus, deliver):
    causes = []
    bus.subscribe("thing.done", lambda event: bus.publish_sync(Event(type="inner.done")), in_thread=True)
    bus.subscribe("inner.done", lambda event: causes.append(envelope(event).causation_id))
    event = done()
    assert (await deliver(bus, event)).ok
    assert causes == [event.id]


async def test_its_failure_is_a_failure_like_others(bus, deliver, failures_logged):
    def fail(event):
        raise ValueError("in the thread")

    bus.subscribe("thing.done", fail, in_thread=True)
    result = await deliver(bus, done())
    assert [str(failure) for failure in result.failures] == ["fail: ValueError: in the thread"]
    assert len(failures_logged()) == 1


async def test_what_it_returns_to_be_awaited_is_awaited_on_the_loop(bus, deliver):
    async def work(event):
        return threading.current_thread().name

    bus.subscribe("thing.done", lambda event: work(event), in_thread=True)
    (name,) = (await deliver(bus, done())).values
    assert name != "plugbus-worker"


async def test_one_that_takes_too_long_has_failed_and_its_thread_is_reported_as_abandoned(bus, deliver, gate):
    bus.subscribe("thing.done", lambda event: gate.wait(), name="slow", in_thread=True, timeout=0.25)
    (failure,) = (await deliver(bus, done())).failures
    assert isinstance(failure.exception, HandlerTimeout)
    assert str(failure.exception) == ("handler slow did not end within 0.25 s; its thread is abandoned and runs on")


async def test_a_publisher_that_is_cancelled_abandons_the_thread_and_says_so(bus, gate, clean_loop, failures_logged):
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(event):
        loop.call_soon_threadsafe(started.set)
        gate.wait()

    bus.subscribe("thing.done", slow, in_thread=True)
    publisher = asyncio.create_task(bus.publish(done()))
    await started.wait()
    publisher.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publisher
    assert failures_logged(logging.WARNING) == [
        ("handler slow was cancelled; its thread is abandoned and runs on", None)
    ]


async def test_retry_calls_it_again_in_a_thread(bus, deliver):
    threads = []

    def shaky(event):
        threads.append(threading.current_thread().name)
        if len(threads) < 3:
            raise ConnectionError

    bus.subscribe("thing.done", shaky, in_thread=True, retry=Retry(delay=0.0001))
    assert (await deliver(bus, done())).ok
    assert threads == ["plugbus-worker"] * 3


def test_it_is_for_sync_handlers(bus):
    async def handler(event):
        pass

    with pytest.raises(InvalidHandler, match="is async: in_thread is for sync handlers"):
        bus.subscribe("thing.done", handler, in_thread=True)


# --- the threads themselves


@pytest.fixture
def workers():
    threads = WorkerThreads(2)
    yield threads
    threads.close()


def test_a_job_gives_what_its_call_returned_or_raised(workers):
    assert workers.submit(lambda: 1).future.result(20) == 1
    with pytest.raises(ZeroDivisionError):
        workers.submit(lambda: 1 / 0).future.result(20)


def test_idle_threads_are_used_again():
    workers = WorkerThreads(100)
    threads = {workers.submit(threading.current_thread).future.result(20) for _ in range(50)}
    assert len(threads) < 10  # a thread may not be idle yet when its result is there
    assert workers._count == len(threads)
    workers.close()


def test_there_are_no_more_threads_than_the_limit(workers, gate):
    running = threading.Semaphore(0)

    def block():
        running.release()
        gate.wait()
        return threading.get_ident()

    jobs = [workers.submit(block) for _ in range(5)]
    assert running.acquire(timeout=20)
    assert running.acquire(timeout=20)
    assert sum(job.future.running() for job in jobs) == 2
    gate.set()
    assert len({job.future.result(20) for job in jobs}) <= 2


def test_an_abandoned_thread_does_not_count_against_the_limit(workers, gate):
    running = threading.Semaphore(0)

    def block():
        running.release()
        gate.wait()

    blocked = [workers.submit(block) for _ in range(2)]
    for _ in blocked:
        assert running.acquire(timeout=20)
    waiting = workers.submit(lambda: "ran")
    assert workers.abandon(blocked[0])
    assert waiting.future.result(20) == "ran"


def test_an_abandoned_thread_ends_with_its_call(workers, gate):
    running = threading.Event()
    threads = []

    def block():
        threads.append(threading.current_thread())
        running.set()
        gate.wait()

    job = workers.submit(block)
    assert running.wait(20)
    assert workers.abandon(job)
    gate.set()
    threads[0].join(20)
    assert not threads[0].is_alive()


def test_after_a_rush_a_free_place_is_still_used(workers, gate):
    for job in [workers.submit(lambda: None) for _ in range(50)]:
        job.future.result(20)
    running = threading.Semaphore(0)

    def block():
        running.release()
        gate.wait()

    blocked = [workers.submit(block) for _ in range(2)]
    for _ in blocked:
        assert running.acquire(timeout=20)
    for job in blocked:
        assert workers.abandon(job)
    more = [workers.submit(block), workers.submit(lambda: "ran")]
    assert more[1].future.result(20) == "ran"


def test_a_job_that_has_not_begun_is_taken_back(workers, gate):
    for _ in range(2):
        workers.submit(gate.wait)
    waiting = workers.submit(lambda: "never")
    assert not workers.abandon(waiting)
    assert waiting.future.cancelled()


def test_a_job_that_has_ended_cannot_be_abandoned(workers):
    job = workers.submit(lambda: 1)
    job.future.result(20)
    assert not workers.abandon(job)


def test_jobs_that_wait_for_jobs_of_their_own_never_wait_for_each_other(workers):
    everybody = threading.Barrier(2)

    def outer(inner):
        depth.set(depth.get() + 1)
        if inner == 3:
            everybody.wait(20)
        return submit(outer, inner - 1).future.result(20) if inner else "innermost"

    def submit(call, *args):
        context = contextvars.copy_context()
        return workers.submit(lambda: context.run(call, *args))

    jobs = [submit(outer, 3) for _ in range(6)]
    assert [job.future.result(20) for job in jobs] == ["innermost"] * 6


def test_close_lets_the_threads_end_when_they_have_done_what_is_queued():
    workers = WorkerThreads(2)
    jobs = [workers.submit(threading.current_thread) for _ in range(5)]
    workers.close()
    threads = {job.future.result(20) for job in jobs}
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


def test_in_thread_handlers_that_publish_to_others_in_threads_do_not_wait_for_ever(bus):
    """Forty at a time, where the bus has thirty-two threads."""
    everybody = threading.Barrier(32)

    def outer(event):
        if event.payload["number"] < 32:
            everybody.wait(20)
        return bus.publish_sync(Event(type="inner.done")).values

    bus.subscribe("thing.done", outer, in_thread=True)
    bus.subscribe("inner.done", lambda event: "inside", in_thread=True)

    async def main():
        events = [Event(type="thing.done", payload={"number": number}) for number in range(40)]
        async with asyncio.timeout(20):
            return await bus.publish_many(events)

    assert [result.values for result in asyncio.run(main())] == [(("inside",),)] * 40
