"""Hooks belong to set-up: publishing an event calls nothing of pluggy."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path

import pluggy
import pytest

from plugbus import Event, EventBus


# Without the part that pytest, which runs this, uses whenever something is imported.
PLUGGY = {str(path) for path in Path(pluggy.__file__).parent.glob("*.py") if path.name != "_tracing.py"}
SOURCE = """
from plugbus import Options, Subscription
from plugbus.middleware import Monitor

class P(Plugin[None]):
    api = 1

    def middleware(self):
        yield lambda event: event

    def interceptors(self):
        yield lambda event, call_next: call_next(event)

    def monitors(self):
        yield Monitor()

    def handlers(self):
        yield Subscription("*", lambda event: 1, Options(name="sync"))
        yield Subscription("*", self.later, Options(name="async"))

    async def later(self, event):
        return 2
"""


@pytest.fixture
def bus(site, configure):
    site.add("demo-one", SOURCE)
    configure("[plugins.one]\n")
    return EventBus.from_config()


@contextmanager
def calls_of_pluggy():
    """Collect the calls of hooks in this thread."""
    counted = []

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_filename in PLUGGY:
            counted.append(frame.f_code.co_qualname)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield counted
    finally:
        sys.setprofile(before)


async def test_publishing_never_enters_pluggy(bus):
    async with bus:
        with calls_of_pluggy() as counted:
            for name in ("user.created", "user.deleted"):
                assert (await bus.publish(Event(type=name))).values == (1, 2)
                assert (await bus.publish_soon(Event(type=name))).values == (1, 2)
                assert (await bus.publish_many([Event(type=name)]))[0].values == (1, 2)
    assert counted == []


def test_publishing_from_sync_code_never_enters_it(bus):
    bus.publish_sync(Event(type="user.login"))  # starts the bus
    with calls_of_pluggy() as counted:
        assert bus.publish_sync(Event(type="user.created")).values == (1, 2)
    assert counted == []
    bus.stop_sync()


async def test_starting_does_enter_it(bus):
    with calls_of_pluggy() as counted:
        await bus.start()
    assert counted
    await bus.stop()
