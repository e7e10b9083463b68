"""What users run into at the edges of registering."""

from __future__ import annotations

from unittest.mock import MagicMock

import pytest

from plugbus import Event, EventBus, EventHandler
from plugbus.errors import InvalidHandler


class Clumsy(Exception):
    def __str__(self):
        raise RuntimeError("no text to be had")


class Activity(EventHandler):
    event_types = "small.*"

    def __init__(self):
        self.seen = []

    def handle(self, event):
        self.seen.append(event.type)


def test_a_snapshot_puts_back_handlers_that_ran_once_inside_it():
    bus, seen = EventBus(), []
    bus.subscribe("small.print", seen.append, once=True)
    with bus.snapshot():
        bus.publish_sync(Event(type="small.print"))
    bus.publish_sync(Event(type="small.print"))
    bus.publish_sync(Event(type="small.print"))
    assert len(seen) == 2


def test_a_handler_object_may_name_one_type_as_a_string():
    bus, activity = EventBus(), Activity()
    bus.subscribe(activity)
    bus.publish_sync(Event(type="small.print"))
    assert activity.seen == ["small.print"]


def test_a_class_of_handlers_is_refused_with_what_to_do():
    with pytest.raises(InvalidHandler, match="put parentheses behind its name"):
        EventBus().subscribe(Activity)


def test_a_mock_is_a_middleware_like_any_callable():
    bus, seen = EventBus(), []
    bus.subscribe("small.print", seen.append)
    bus.add_middleware(MagicMock(side_effect=lambda event: event), name="mock")
    bus.publish_sync(Event(type="small.print"))
    assert len(seen) == 1


def test_an_exception_without_a_text_is_told_by_its_class():
    bus = EventBus()

    @bus.on("small.print")
    def clumsy(event):
        raise Clumsy

    with pytest.raises(ExceptionGroup, match="clumsy: Clumsy"):
        bus.publish_sync(Event(type="small.print")).raise_failures()
    with pytest.raises(ExceptionGroup, match="clumsy: Clumsy"):
        bus.publish_sync(Event(type="small.print")).raise_failures()


def test_a_function_that_is_given_a_name_later_is_still_one_subscription():
    bus, seen = EventBus(), []

    def handler(event):
        seen.append(event)

    for options in ({}, {"name": "first"}, {"name": "second"}, {}):
        bus.subscribe("small.print", handler, **options)
        bus.publish_sync(Event(type="small.print"))
    assert len(seen) == 4
    assert [subscription.name for subscription in bus.subscriptions()] == ["handler"]


def test_a_name_that_has_been_given_up_replaces_nobody():
    bus, seen = EventBus(), []

    def handler(event):
        seen.append("handler")

    bus.subscribe("small.print", handler, name="first")
    bus.subscribe("small.print", handler, name="second")
    bus.subscribe("small.print", lambda event: seen.append("lambda"), name="first")
    bus.publish_sync(Event(type="small.print"))
    assert seen == ["handler", "lambda"]


def test_a_handler_takes_the_place_of_its_namesake_and_leaves_its_own():
    bus, seen = EventBus(), []

    def handler(event):
        seen.append("handler")

    bus.subscribe("small.print", lambda event: seen.append("old"), name="named")
    bus.subscribe("small.print", lambda event: seen.append("other"))
    bus.subscribe("small.print", handler)
    bus.subscribe("small.print", handler, name="named")
    bus.publish_sync(Event(type="small.print"))
    assert seen == ["handler", "other"]
    with bus.snapshot():
        bus.unsubscribe(handler)
    assert len(bus.subscriptions()) == 2


def test_a_handler_that_is_unsubscribed_from_one_thing_goes_on_to_listen_to_the_others():
    bus, seen = EventBus(), []
    bus.subscribe(["small.print", "small.talk"], seen.append, name="reader")
    assert bus.unsubscribe("small.print", seen.append)

    bus.publish_sync(Event(type="small.print"))
    bus.publish_sync(Event(type="small.talk"))
    assert [event.type for event in seen] == ["small.talk"]
    assert [subscription.name for subscription in bus.subscriptions()] == ["reader"]

    assert bus.unsubscribe("small.talk", seen.append)
    assert not bus.subscriptions()
    assert not bus.unsubscribe("small.talk", seen.append)
