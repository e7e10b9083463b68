"""The generic `Event`: a type and a read-only payload, for those that have no class of their own."""

from __future__ import annotations

import enum

import attrs
import pytest

from plugbus import Event, EventBus, EventType, codec, envelope
from plugbus.errors import DefinitionError, InvalidEventType


STANDARD = [
    "user.created",
    "user.updated",
    "user.deleted",
    "user.login",
    "user.logout",
    "user.login_failed",
    "item.created",
    "item.updated",
    "item.deleted",
    "cache.invalidated",
    "error.occurred",
    "audit.log",
]


class Ours(str, enum.Enum):  # noqa: UP042  (as many programs still write it)
    PAID = "order.paid"


def test_event_type_names_the_twelve_standard_types():
    assert [member.value for member in EventType] == STANDARD


def test_event_type_is_a_string():
    assert EventType.USER_LOGIN == "user.login"
    assert f"{EventType.USER_LOGIN}" == str(EventType.USER_LOGIN) == "user.login"
    assert {"user.login": 1}[EventType.USER_LOGIN] == 1
    assert EventType("audit.log") is EventType.AUDIT_LOG


def test_an_event_takes_type_payload_source_and_correlation_id():
    made = Event(type=EventType.USER_LOGIN, payload={"user_id": 1}, source="auth_service", correlation_id="r-1")
    assert made.type == "user.login"
    assert made.payload == {"user_id": 1}
    assert made.source == "auth_service"
    assert made.correlation_id == "r-1"
    assert made.id == envelope(made).id
    assert made.timestamp == envelope(made).timestamp


def test_only_the_type_is_required():
    made = Event(type="order.placed")
    assert made.payload == {}
    assert made.source is None
    assert made.correlation_id == made.id
    with pytest.raises(TypeError):
        Event()
    with pytest.raises(TypeError):
        Event("order.placed")


@pytest.mark.parametrize("type", [EventType.ITEM_CREATED, Ours.PAID, "order.sent"])
def test_the_type_is_kept_as_its_string(type):
    made = Event(type=type)
    assert made.type == (type.value if isinstance(type, enum.Enum) else type)
    assert made.type.__class__ is str
    assert codec.to_dict(made)["type"] == envelope(made).type == made.type


async def test_members_of_an_enum_with_str_are_types_and_patterns():
    bus, seen = EventBus(), []
    bus.subscribe(Ours.PAID, seen.append)
    bus.subscribe(EventType.USER_LOGIN, seen.append)
    await bus.publish(Event(type=Ours.PAID))
    await bus.publish(Event(type="user.login"))
    assert [made.type for made in seen] == ["order.paid", "user.login"]


@pytest.mark.parametrize("type", ["login", "User.Login", "", None, 5, b"user.login"])
def test_a_type_that_is_no_entity_action_is_refused(type):
    with pytest.raises(InvalidEventType, match=r"user\.created"):
        Event(type=type)


@pytest.mark.parametrize("payload", [[("a", 1)], "text", 5, {1: "one"}])
def test_a_payload_that_is_no_mapping_with_string_keys_is_refused(payload):
    with pytest.raises(DefinitionError, match=r"the payload of 'user\.login'"):
        Event(type="user.login", payload=payload)


@pytest.mark.parametrize("facts", [{"source": ""}, {"source": 5}, {"correlation_id": ""}, {"correlation_id": 5}])
def test_a_source_or_correlation_id_that_is_no_text_is_refused(facts):
    with pytest.raises(DefinitionError, match="a string that is not empty"):
        Event(type="user.login", **facts)


def test_the_payload_is_read_only():
    made = Event(type="user.login", payload={"user_id": 1})
    with pytest.raises(TypeError):
        made.payload["user_id"] = 2
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.payload = {}


def test_the_payload_does_not_follow_the_mapping_that_it_came_from():
    given = {"user_id": 1}
    made = Event(type="user.login", payload=given)
    given["user_id"] = 2
    assert made.payload == {"user_id": 1}


def test_events_are_equal_if_type_and_payload_are():
    assert Event(type="user.login", payload={"a": [1]}) == Event(type="user.login", payload={"a": [1]}, source="auth")
    assert Event(type="user.login") != Event(type="user.logout")
    assert Event(type="user.login", payload={"a": 1}) != Event(type="user.login", payload={"a": 2})
    assert Event(type="user.login") != "user.login"


def test_events_are_hashable_whatever_their_payload_holds():
    assert len({Event(type="user.login", payload={"a": [1]}), Event(type="user.login", payload={"a": [1]})}) == 1


def test_an_event_shows_type_and_payload():
    assert repr(Event(type="user.login", payload={"a": 1})) == "Event(type='user.login', payload={'a': 1})"


def test_replace_changes_what_it_is_told_and_keeps_the_rest():
    made = Event(type="user.login", payload={"a": 1}, source="auth", correlation_id="r-1")
    changed = made.replace(payload={"b": 2})
    assert (changed.type, changed.payload) == ("user.login", {"b": 2})
    assert envelope(changed) == envelope(made)
    assert made.payload == {"a": 1}


def test_replace_can_change_the_type():
    made = Event(type="user.login")
    changed = made.replace(type=EventType.USER_LOGOUT)
    assert changed.type == "user.logout"
    assert envelope(changed) == attrs.evolve(envelope(made), type="user.logout")


def test_replace_can_change_source_and_correlation_id():
    made = Event(type="user.login", source="auth", correlation_id="r-1")
    assert made.replace(source="web").source == "web"
    assert made.replace(source=None).source is None
    assert made.replace(correlation_id="r-2").correlation_id == "r-2"
    assert made.replace(source="web").correlation_id == "r-1"
    assert made.replace(source="web").id == made.id


def test_replace_refuses_what_an_event_does_not_take():
    made = Event(type="user.login")
    with pytest.raises(TypeError, match="not 'id'"):
        made.replace(id="1")
    with pytest.raises(InvalidEventType):
        made.replace(type="Login")
    with pytest.raises(DefinitionError):
        made.replace(payload=5)
    with pytest.raises(DefinitionError):
        made.replace(source=5)


def test_an_event_from_outside_keeps_a_type_that_is_no_entity_action_through_replace():
    made = codec.decode({"type": "com.Example/Thing", "payload": {"a": 1}, "version": 3})
    changed = made.replace(payload={})
    assert changed.type == "com.Example/Thing"
    assert envelope(changed) == envelope(made)
    assert envelope(changed).version == 3


async def test_generic_events_are_dispatched_by_their_type():
    bus, logins, everything, generic = EventBus(), [], [], []
    bus.subscribe("user.login", logins.append)
    bus.subscribe("*", everything.append)
    bus.subscribe(Event, generic.append)
    login, logout = Event(type="user.login"), Event(type="user.logout")
    await bus.publish(login)
    await bus.publish(logout)
    assert logins == [login]
    assert everything == generic == [login, logout]


def test_an_event_publishes_itself_on_the_default_bus():
    bus, seen = EventBus(), []
    bus.subscribe("user.login", seen.append)
    with EventBus.override(bus):
        result = Event(type="user.login").publish()
    assert result.ok
    assert len(seen) == 1
