"""A plugin that the bus can do without, which cannot be started at first and can be later."""

from __future__ import annotations

import pytest

from plugbus import Event, EventBus


SOURCE = """
from contextlib import asynccontextmanager
from plugbus import EventHandler, Options, Subscription
from plugbus.middleware import Monitor

down = set()
heard = []

class Ear(Monitor):
    def published(self, event, result):
        heard.append(__name__)

class P(Plugin[None]):
    api = 1

    def handlers(self):
        yield Subscription("user.login", lambda event: "NAME", Options(name="NAME"))

    def middleware(self):
        def NAME(event):
            return event.replace(payload={"way": (*event.payload["way"], "NAME")})
        yield NAME

    def interceptors(self):
        def NAME(event, call_next):
            return f"NAME({call_next(event)})"
        yield NAME

    def monitors(self):
        yield Ear()

    LIFESPAN
"""
OPENS = """
    @asynccontextmanager
    async def lifespan(self):
        if "NAME" in down:
            raise OSError("no server")
        yield
"""
MAKES = """
    def lifespan(self):
        if "NAME" in down:
            raise OSError("no server")
"""


@pytest.fixture
def bus(site, configure):
    def bus(lifespan=OPENS):
        for name in ("one", "two", "three"):
            source = SOURCE.replace("LIFESPAN", lifespan.strip()).replace("NAME", name)
            site.add(f"demo-{name}", source)
        configure("".join(f"[plugins.{name}]\nrequired = false\n" for name in ("one", "two", "three")))
        made = EventBus.from_config()

        @made.add_middleware
        def own(event):
            way.append(event.payload["way"])
            return event

        made.add_interceptor(lambda event, call_next: f"own({call_next(event)})")
        made.subscribe("user.login", lambda event: "own", name="own")
        return made

    way = []
    bus.way = way
    return bus


def down(name):
    return __import__(f"demo_{name}").down


def states(bus):
    return {record.name: str(record.state) for record in bus.plugins if record.selected}


async def lives(bus):
    """One life of the bus: what its event's handlers returned."""
    async with bus:
        return (await bus.publish(Event(type="user.login", payload={"way": ()}))).values


@pytest.mark.parametrize("lifespan", [OPENS, MAKES])
async def test_what_it_contributes_is_there_again_in_its_place(bus, lifespan):
    made = bus(lifespan)
    for name in ("one", "two"):
        down(name).add(name)
    assert await lives(made) == ("three(own(three))", "three(own(own))")
    down("one").clear()
    assert await lives(made) == ("one(three(own(one)))", "one(three(own(three)))", "one(three(own(own)))")
    down("two").clear()
    values = await lives(made)
    assert values == tuple(f"one(two(three(own({name}))))" for name in ("one", "two", "three", "own"))
    assert bus.way == [("three",), ("one", "three"), ("one", "two", "three")]
    assert set(states(made).values()) == {"stopped"}
    assert not any(record.problems for record in made.plugins)
    assert [one.name for one in made.subscriptions()] == ["one", "two", "three", "own"]
    assert [len(__import__(f"demo_{name}").heard) for name in ("one", "two", "three")] == [2, 1, 3]


async def test_while_it_cannot_be_started_it_stays_out_however_often_that_is_tried(bus):
    made = bus()
    down("two").add("two")
    for _ in range(3):
        assert await lives(made) == tuple(f"one(three(own({name})))" for name in ("one", "three", "own"))
        assert states(made) == {"one": "stopped", "two": "degraded", "three": "stopped"}
    down("two").clear()
    assert len(await lives(made)) == 4


async def test_a_handler_that_has_taken_its_place_meanwhile_keeps_it(bus):
    made = bus()
    down("two").add("two")
    await lives(made)
    made.subscribe("user.login", lambda event: "another two", name="two")
    down("two").clear()
    values = await lives(made)
    assert [value for value in values if "(two)" in value] == []
    assert "one(two(three(own(another two))))" in values


async def test_a_snapshot_of_before_brings_it_back_once(bus):
    made = bus()
    down("two").add("two")
    with made.snapshot():
        await lives(made)
    down("two").clear()
    assert len(await lives(made)) == 4
    assert [one.name for one in made.subscriptions()] == ["one", "two", "three", "own"]
