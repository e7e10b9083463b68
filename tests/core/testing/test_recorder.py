from __future__ import annotations

import pytest

from plugbus import Event, EventBase, event
from plugbus.testing import EventRecorder


@event("recorder.registered")
class UserRegistered(EventBase):
    user_id: int


@pytest.fixture
def recorder(bus):
    with EventRecorder(bus) as recorder:
        yield recorder


async def test_it_records_events_and_results_while_handlers_run_as_ever(bus, recorder):
    called = []

    @bus.on(UserRegistered)
    async def handler(event):
        called.append(event)
        return "value"

    made = UserRegistered(user_id=1)
    result = await bus.publish(made)
    await bus.publish_soon(Event(type="user.login"))
    await bus.publish_many([UserRegistered(user_id=2)])
    assert called[0] is made
    assert [type(event) for event in recorder.events] == [UserRegistered, Event, UserRegistered]
    assert recorder.results[0] == result


async def test_it_records_what_a_middleware_stopped(bus, recorder):
    @bus.add_middleware
    def guard(event):
        return None if event.user_id else event

    blocked = UserRegistered(user_id=1)
    await bus.publish(blocked)
    assert recorder.events == []
    assert recorder.blocked_events == [(blocked, "guard")]


async def test_it_records_failures(bus, recorder):
    @bus.on(UserRegistered)
    def broken(event):
        raise ValueError("no")

    await bus.publish(UserRegistered(user_id=1))
    (failure,) = recorder.failures
    assert (failure.handler, str(failure.exception)) == ("broken", "no")


async def test_recorded_events_are_found_and_asserted(bus, recorder):
    first, second = UserRegistered(user_id=1), UserRegistered(user_id=2)
    await bus.publish_many([first, second])
    assert recorder.find(UserRegistered) == [first, second]
    assert recorder.find("recorder.*", user_id=2) == [second]
    assert recorder.assert_published(UserRegistered, user_id=2) is second
    with pytest.raises(AssertionError, match=r"no user\.login\(\) was published"):
        recorder.assert_published("user.login")


async def test_clear_forgets(bus, recorder):
    bus.subscribe(UserRegistered, lambda _: 1 / 0)
    await bus.publish(UserRegistered(user_id=1))
    recorder.clear()
    assert (recorder.events, recorder.results, recorder.blocked_events, recorder.failures) == ([], [], [], [])


async def test_closed_it_records_no_more_and_others_do(bus, recorder):
    with EventRecorder(bus) as other:
        await bus.publish(UserRegistered(user_id=1))
    await bus.publish(UserRegistered(user_id=2))
    assert len(other.events) == 1
    assert len(recorder.events) == 2


async def test_what_is_deferred_is_recorded_when_it_is_published(bus, recorder):
    async with bus.deferred():
        await bus.publish(UserRegistered(user_id=1))
        assert recorder.events == []
    assert len(recorder.events) == 1
