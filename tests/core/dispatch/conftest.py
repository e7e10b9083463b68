"""What the tests of dispatch share."""

from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from plugbus import EventBus


VERBS = ("publish", "publish_sync", "publish_soon", "publish_many")


async def publish_by(verb, bus, event):
    match verb:
        case "publish":
            return await bus.publish(event)
        case "publish_sync":
            return await asyncio.to_thread(bus.publish_sync, event)
        case "publish_soon":
            return await bus.publish_soon(event)
        case _:
            return (await bus.publish_many([event]))[0]


@pytest.fixture(params=VERBS)
def verb(request):
    """The name of each verb in turn."""
    return request.param


@pytest.fixture
def deliver(verb):
    """A function `await deliver(bus, event)` that publishes by each verb in turn."""

    async def by(bus, event):
        return await publish_by(verb, bus, event)

    return by


@pytest.fixture
def by_verb():
    """A function `await by_verb(verb, bus, event)`."""
    return publish_by


@pytest.fixture
def failures_logged(caplog):
    """A function that returns the lines of the event log at ERROR, with their exceptions."""
    caplog.set_level(logging.WARNING, logger="plugbus")

    def logged(level=logging.ERROR):
        return [
            (record.getMessage(), record.exc_info and record.exc_info[1])
            for record in caplog.records
            if record.name == "plugbus" and record.levelno == level
        ]

    return logged


@pytest.fixture
async def clean_loop():
    """Hold that a test leaves no task behind and nothing for the loop's exception handler, in asyncio's debug mode."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 60
    reports = []
    loop.set_exception_handler(lambda _, context: reports.append(context))
    gc.freeze()  # what was there before need not be looked through
    yield loop
    left = asyncio.all_tasks() - {asyncio.current_task()}
    gc.collect()
    gc.unfreeze()
    await asyncio.sleep(0)
    assert not left
    assert not reports


@pytest.fixture
def other_bus():
    """A function that builds further buses, stopped at the end."""
    buses = []

    def build(**settings):
        buses.append(EventBus(**settings))
        return buses[-1]

    yield build
    for bus in buses:
        bus.stop_sync()
