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
