from __future__ import annotations

import copy
import pickle

import pytest

from plugbus import Event, EventBase, EventBus, codec, event
from plugbus.catalog import ServiceShutdown
from plugbus.plugins import own_event, publisher_of


@event("thing.marked", version=7)
class Marked(EventBase):
    number: int


@pytest.mark.parametrize("made", [Event(type="thing.made", payload={}), Marked(number=1)], ids=["generic", "typed"])
def test_a_plugin_s_own_event_is_told_from_an_application_s(made):
    assert publisher_of(made) is None
    assert own_event(made, "cache") is made
    assert publisher_of(made) == "cache"


def test_asking_makes_no_envelope():
    made = Marked(number=1)
    publisher_of(made)
    assert not hasattr(made, "_plugbus_record")


def test_an_object_of_another_class_has_no_publisher():
    assert publisher_of(object()) is None


def test_a_changed_copy_is_still_the_plugin_s_own():
    assert publisher_of(own_event(Marked(number=1), "cache").replace(number=2)) == "cache"


@pytest.mark.parametrize(
    "travel",
    [
        lambda made: pickle.loads(pickle.dumps(made)),
        lambda made: codec.decode(codec.encode(made)),
    ],
    ids=["pickle", "codec"],
)
def test_the_mark_does_not_come_from_outside(travel):
    assert publisher_of(travel(own_event(Marked(number=1), "cache"))) is None


def test_a_copy_in_this_process_keeps_it_or_not_but_never_invents_one():
    assert publisher_of(copy.copy(Marked(number=1))) is None


def test_what_the_bus_raises_itself_is_its_own():
    seen = []
    bus = EventBus()
    bus.subscribe("error.occurred", seen.append)
    bus.subscribe(ServiceShutdown, seen.append)
    bus.subscribe("thing.made", lambda event: 1 / 0)
    bus.publish_sync(Event(type="thing.made", payload={}))
    bus.publish_sync(Event(type="error.occurred", payload={}))
    bus.stop_sync()
    assert [publisher_of(one) for one in seen] == ["plugbus", None, "plugbus"]
