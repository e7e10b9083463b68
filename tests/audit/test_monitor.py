from __future__ import annotations

import pytest

from plugbus import Event, EventType
from plugbus.errors import Refusal


class NotAllowed(Refusal):
    pass


def of_kind(trail, kind):
    return [record for record in trail.bodies() if record["kind"] == kind]


def fail(event):
    raise KeyError("its text may hold anything")


def test_what_became_of_an_event_is_recorded_if_a_handler_failed(make_bus, trail):
    bus = make_bus()
    bus.subscribe("user.login", fail)
    bus.subscribe("user.logout", lambda event: None, name="fine")
    login = Event(type="user.login", source="shop")
    bus.publish_sync(login)
    bus.publish_sync(Event(type="user.logout"))
    bus.flush()
    (record,) = of_kind(trail, "outcome")
    assert (record["id"], record["type"], record["source"]) == (login.id, "user.login", "shop")
    assert record["outcome"] == {
        "handlers": ["AuditLogHandler", "fail"],
        "failures": [{"handler": "fail", "plugin": None, "error": "builtins.KeyError"}],
    }
    (happened,) = (one for one in of_kind(trail, "event") if one["type"] == "error.occurred")
    assert happened["data"]["message"] == "[redacted:error]"


def test_or_of_every_event_if_that_is_asked_for(make_bus, trail):
    bus = make_bus(record_results="all")
    bus.subscribe("user.logout", lambda event: None, name="fine")
    bus.publish_sync(Event(type="user.logout"))
    bus.flush()
    (record,) = of_kind(trail, "outcome")
    assert record["outcome"] == {"handlers": ["AuditLogHandler", "fine"], "failures": []}


def test_what_exceptions_say_is_recorded_only_if_that_is_asked_for(make_bus, trail):
    bus = make_bus(error_texts=True)
    bus.subscribe("user.login", fail)
    bus.publish_sync(Event(type="user.login"))
    bus.flush()
    (record,) = of_kind(trail, "outcome")
    assert record["outcome"]["failures"][0]["reason"] == "'its text may hold anything'"


def test_an_event_that_a_middleware_has_blocked_is_recorded_with_its_data_and_who_it_was(make_bus, trail):
    bus = make_bus()
    bus.add_middleware(lambda event: event if event.type != "user.login" else None, name="doorman")
    login = Event(type="user.login", payload={"user": 7, "password": "x"}, source="shop")
    bus.publish_sync(login)
    bus.flush()
    assert of_kind(trail, "event") == []
    (record,) = of_kind(trail, "blocked")
    assert record["blocked"] == {"by": "doorman"}
    assert (record["id"], record["source"]) == (login.id, "shop")
    assert record["data"] == {"user": 7, "password": "[redacted:name]"}


async def test_and_why_if_it_raised(make_bus, trail):
    def refuse(event):
        raise NotAllowed("only on weekdays, token=abc")

    bus = make_bus()
    bus.add_middleware(refuse, name="doorman")
    with pytest.raises(NotAllowed):
        await bus.publish(Event(type="user.login"))
    bus.flush()
    (record,) = of_kind(trail, "blocked")
    assert record["blocked"] == {
        "by": "doorman",
        "error": f"{__name__}.NotAllowed",
        "reason": "only on weekdays, token=[redacted:name]",
    }
    await bus.stop()


def test_an_error_that_somebody_handles_further_up_is_no_reason(make_bus, trail):
    bus = make_bus()
    bus.add_middleware(lambda event: event if event.type != "user.login" else None, name="doorman")
    try:
        raise NotAllowed("something else")
    except NotAllowed:
        bus.publish_sync(Event(type="user.login"))

    def publish_another(event):
        try:
            raise NotAllowed("something else")
        except NotAllowed:
            bus.publish_sync(Event(type="user.login"))

    bus.subscribe("user.logout", publish_another)
    bus.publish_sync(Event(type="user.logout"))
    bus.flush()
    assert [record["blocked"] for record in of_kind(trail, "blocked")] == [{"by": "doorman"}] * 2


def test_a_blocked_event_whose_data_cannot_be_recorded_is_recorded_without(make_bus, trail):
    bus = make_bus()
    bus.add_middleware(lambda event: event if event.type != "user.login" else None, name="doorman")
    bus.publish_sync(Event(type="user.login", payload={"x": object()}))
    bus.flush()
    (record,) = of_kind(trail, "blocked")
    assert record["blocked"] == {"by": "doorman"}
    assert record["unencodable"]["type"] == "builtins.object"


def test_an_application_records_what_it_does_itself(make_bus, trail):
    bus = make_bus()
    action = {"actor": "ada", "action": "user.delete", "object": "user/7", "result": "denied"}
    bus.publish_sync(Event(type=EventType.AUDIT_LOG, payload=action))
    bus.flush()
    (record,) = of_kind(trail, "event")
    assert (record["type"], record["data"]) == ("audit.log", action)
