from __future__ import annotations

import asyncio

import pytest

from plugbus import Event, EventBase, EventBus, event, secret
from plugbus.errors import LoopRunning, NotAnEvent
from plugbus.result import PublishResult
from plugbus.testing import MockEventBus


@event("mock.registered")
class UserRegistered(EventBase):
    user_id: int
    what: str = ""
    password: str = secret(default="")


class Foreign:
    number = 7


@pytest.fixture
def mock():
    return MockEventBus()


async def test_it_takes_events_by_every_verb_and_calls_no_handler(mock):
    called = []
    mock.subscribe("*", called.append)
    events = [UserRegistered(user_id=number) for number in range(7)]
    assert (await mock.publish(events[0])).ok
    assert (await asyncio.to_thread(mock.publish_sync, events[1])).ok
    assert (await mock.publish_soon(events[2])).ok
    assert [result.ok for result in await mock.publish_many(events[3:5])] == [True, True]
    assert (await mock.replay(events[5])).ok
    with EventBus.override(mock):
        assert (await events[6].publish()).ok
    assert mock.published_events == events
    assert mock.call_count == 7
    assert called == []


def test_published_events_are_found_by_class_pattern_and_fields(mock):
    first, second = UserRegistered(user_id=1), UserRegistered(user_id=2)
    login = Event(type="user.login", payload={"user_id": 1})
    for published in (first, second, login, Foreign()):
        mock.publish_sync(published)
    assert mock.get_published_events(UserRegistered) == [first, second]
    assert mock.get_published_events(EventBase) == [first, second, login]
    assert mock.get_published_events(UserRegistered, user_id=2) == [second]
    assert mock.get_published_events("mock.*") == [first, second]
    assert mock.get_published_events("user.login", user_id=1) == [login]
    assert mock.get_published_events("*", user_id=1) == [first, login]
    assert len(mock.get_published_events(Foreign, number=7)) == 1
    assert mock.get_published_events(f"{__name__.partition('.')[0]}.*") == []  # a class without a name has none
    assert mock.get_published_events(UserRegistered, no_such_field=None) == []


def test_a_field_may_have_any_name(mock):
    mock.publish_sync(UserRegistered(user_id=1, what="this"))
    assert mock.assert_event_published(UserRegistered, what="this").user_id == 1


def test_assert_event_published_returns_the_event_or_lists_what_was_published(mock):
    with pytest.raises(AssertionError, match=r"no UserRegistered\(\) was published; published were:\n  nothing"):
        mock.assert_event_published(UserRegistered)
    published = UserRegistered(user_id=1, password="hunter2")
    mock.publish_sync(published)
    assert mock.assert_event_published(UserRegistered, user_id=1) is published
    with pytest.raises(AssertionError) as caught:
        mock.assert_event_published(UserRegistered, user_id=2)
    assert "no UserRegistered(user_id=2) was published" in str(caught.value)
    assert "user_id=1" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_reset_forgets_what_was_published(mock):
    mock.publish_sync(UserRegistered(user_id=1))
    mock.reset()
    assert mock.published_events == []
    assert mock.call_count == 0


def test_it_can_play_a_failure(mock):
    mock.result = PublishResult(blocked_by="guards")
    assert mock.publish_sync(UserRegistered(user_id=1)).blocked_by == "guards"


@pytest.mark.parametrize("nothing", [None, "user.created", UserRegistered])
def test_what_a_bus_refuses_it_refuses_too(mock, nothing):
    with pytest.raises(NotAnEvent):
        mock.publish_sync(nothing)
    assert mock.call_count == 0


async def test_publish_sync_inside_a_loop_is_refused_as_a_bus_does(mock):
    with pytest.raises(LoopRunning, match=r"await bus\.publish"):
        mock.publish_sync(UserRegistered(user_id=1))
    assert mock.call_count == 0


async def test_what_is_deferred_counts_when_the_block_has_succeeded(mock):
    async with mock.deferred():
        assert (await mock.publish(UserRegistered(user_id=1))).deferred
        assert mock.call_count == 0
    assert mock.call_count == 1

    async def fail():
        async with mock.deferred():
            await mock.publish(UserRegistered(user_id=2))
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert mock.call_count == 1


def test_the_handle_of_a_generic_event_names_its_type(mock):
    assert mock.publish_soon(Event(type="user.login")).event_type == "user.login"
