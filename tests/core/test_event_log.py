"""The event log: the standard library's logger `plugbus`."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref

import pytest

from plugbus import Event, EventBase, EventBus, Refusal, event, secret


@event("log.published")
class Published(EventBase):
    name: str = "Ada Lovelace"
    password: str = secret(default="hunter2")


class Foreign:
    pass


@pytest.fixture
def log(caplog):
    """The lines at a level, as they come."""
    caplog.set_level(logging.DEBUG, logger="plugbus")

    def lines(level=logging.DEBUG):
        return [
            record.getMessage() for record in caplog.records if record.name == "plugbus" and record.levelno == level
        ]

    return lines


def test_registrations_are_told_at_debug(log):
    bus = EventBus()

    def handler(event):
        pass

    def middleware(event):
        return event

    subscription = bus.subscribe((Published, "user.*"), handler)
    bus.add_middleware(middleware)
    bus.unsubscribe(subscription)
    assert log() == [
        "subscribed handler to Published, user.*",
        "added middleware to middleware",
        "unsubscribed handler from Published, user.*",
    ]


@pytest.mark.parametrize("verb", ["publish", "publish_sync", "publish_soon", "publish_many"])
def test_publishes_are_told_at_debug_by_every_verb(bus, log, verb):
    bus.subscribe(Published, lambda _: None)

    def use(made):
        if verb == "publish":
            asyncio.run(bus.publish(made))
        elif verb == "publish_many":
            asyncio.run(bus.publish_many([made]))
        else:
            getattr(bus, verb)(made)

    use(Published())
    use(Event(type="log.nobody"))
    use(Foreign())
    assert [line for line in log() if line.startswith("published")] == [
        "published log.published: 1 handlers",
        "published log.nobody: nobody listens",
        f"published {__name__}.Foreign: nobody listens",
    ]


def test_a_blocked_event_is_told_at_debug(bus, log):
    @bus.add_middleware
    def guard(event):
        return None if event.name else event

    bus.publish_sync(Published())
    assert "log.published blocked by guard" in log()


def test_a_level_that_is_set_at_run_time_is_heeded_though_plans_were_compiled_before(bus, caplog):
    logger = logging.getLogger("plugbus")
    bus.subscribe(Published, lambda _: None)

    def told():
        caplog.clear()
        bus.publish_sync(Published())
        bus.publish_sync(Event(type="log.nobody"))
        asyncio.run(bus.publish(Published()))
        return [record.getMessage().partition(" ")[0] for record in caplog.records if record.name == "plugbus"]

    root = logging.getLogger()
    with caplog.at_level(logging.DEBUG, logger="plugbus"), caplog.at_level(logging.WARNING):
        caplog.handler.setLevel(logging.DEBUG)
        for level, heard in [(logging.WARNING, False), (logging.DEBUG, True), (logging.INFO, False)]:
            logger.setLevel(level)
            assert told() == ["published"] * 3 * heard
        logger.setLevel(logging.NOTSET)
        for level, heard in [(logging.WARNING, False), (logging.DEBUG, True)]:
            root.setLevel(level)
            assert told() == ["published"] * 3 * heard
        logging.disable(logging.CRITICAL)
        try:
            assert told() == []
        finally:
            logging.disable(logging.NOTSET)
        assert told() == ["published"] * 3


def test_a_bus_that_is_gone_is_told_no_more_of_levels():
    bus = EventBus()
    gone = weakref.ref(bus)
    del bus
    gc.collect()
    assert gone() is None
    logging.getLogger("plugbus").setLevel(logging.NOTSET)


def test_levels_may_change_while_threads_publish(bus):
    logger = logging.getLogger("plugbus")
    before, propagates = logger.level, logger.propagate
    logger.propagate = False
    seen = []
    bus.subscribe(Published, seen.append)
    done = threading.Event()

    def churn():
        while not done.is_set():
            logger.setLevel(logging.DEBUG)
            logger.setLevel(logging.WARNING)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(300):
            assert bus.publish_sync(Published()).ok
    finally:
        done.set()
        thread.join()
        logger.setLevel(before)
        logger.propagate = propagates
    assert len(seen) == 300


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_failure_is_told_once_at_error_with_its_traceback(bus, caplog, kind):
    def broken(event):
        raise ValueError("no")

    async def broken_async(event):
        raise ValueError("no")

    bus.subscribe(Published, broken if kind == "sync" else broken_async, name="broken")
    seen = []
    bus.subscribe("error.occurred", seen.append)
    result = bus.publish_sync(Published())
    (record,) = [record for record in caplog.records if record.name == "plugbus"]
    assert record.levelno == logging.ERROR
    assert record.getMessage() == f"handler broken failed on log.published {result.failures[0].event_id}"
    assert record.exc_info[1] is result.failures[0].exception
    assert "raise ValueError" in caplog.text
    assert len(seen) == 1


def test_a_refusal_is_told_at_warning_without_traceback(bus, caplog):
    @bus.on(Published)
    def guard(event):
        raise Refusal("not on Sundays")

    bus.publish_sync(Published())
    (record,) = [record for record in caplog.records if record.name == "plugbus"]
    assert record.levelno == logging.WARNING
    assert "not on Sundays" in record.getMessage()
    assert not record.exc_info


async def test_no_line_holds_an_events_data(bus, caplog):
    caplog.set_level(logging.DEBUG)

    @bus.on("*")
    def broken(event):
        raise KeyError

    @bus.on("*", name="slow", timeout=0.001)
    async def slow(event):
        await asyncio.Event().wait()

    @bus.on("*", name="refuses")
    async def refuses(event):
        raise Refusal("no")

    for made in (Published(), Event(type="log.generic", payload={"name": "Ada Lovelace", "password": "hunter2"})):
        await bus.publish(made)
        await bus.publish_soon(made)
        await bus.publish_many([made])
    bus.add_middleware(lambda event: None if event else event)
    await bus.publish(Published())
    await bus.stop()
    assert "log.published" in caplog.text
    assert "log.generic" in caplog.text
    assert "Ada" not in caplog.text
    assert "hunter2" not in caplog.text
