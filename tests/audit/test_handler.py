from __future__ import annotations

import json
import math

import pytest

from plugbus import Event, EventBase, EventBus, event, secret
from plugbus.codec import encode
from plugbus.errors import EncodeError
from plugbus.redaction import Redactor
from plugbus_audit.handler import AuditLogHandler
from plugbus_audit.records import Recorder


class Sink(list):
    """Keeps records in memory."""

    is_full = False
    put = list.append

    def records(self):
        """All but the bus's own reports of failures, without their kind."""
        made = [json.loads(row) for row in self]
        assert {one.pop("kind") for one in made} <= {"event"}
        return [one for one in made if one["type"] != "error.occurred"]


def handler_for(sink):
    return AuditLogHandler(sink, Recorder(Redactor()))


@event("account.opened")
class AccountOpened(EventBase):
    owner: str
    iban: str = secret()


class Parcel:
    def __init__(self, weight):
        self.weight = weight


@pytest.fixture
def sink():
    return Sink()


@pytest.fixture
def bus(sink):
    made = EventBus(source="bank")
    made.subscribe(handler_for(sink))
    return made


async def test_an_event_is_recorded_as_one_cloudevents_object(bus, sink):
    opened = AccountOpened(owner="Ada", iban="DE02")
    assert (await bus.publish(opened)).ok
    data = {"owner": "Ada", "iban": "[redacted:secret]"}
    assert sink.records() == [{**json.loads(encode(opened)), "data": data}]


async def test_secrets_are_masked(bus, sink):
    await bus.publish(AccountOpened(owner="Ada", iban="DE02-1203"))
    (record,) = sink.records()
    assert record["data"] == {"owner": "Ada", "iban": "[redacted:secret]"}
    assert b"DE02" not in sink[0]


async def test_events_of_every_kind_are_recorded(bus, sink):
    await bus.publish(AccountOpened(owner="Ada", iban="DE02"))
    await bus.publish(Event(type="user.login", payload={"user": 1}))
    await bus.publish(Parcel(7))
    typed, generic, foreign = sink.records()
    assert (typed["type"], typed["source"]) == ("account.opened", "bank")
    assert (generic["type"], generic["data"]) == ("user.login", {"user": 1})
    assert foreign["type"].endswith("Parcel")
    assert foreign["data"] == {"weight": 7}


async def test_a_replayed_event_is_not_recorded_again(bus, sink):
    await bus.replay(Event(type="user.login", payload={}))
    assert not sink


@pytest.mark.parametrize(
    ("value", "kind", "reason"),
    [
        (math.inf, "builtins.float", "payload.value: inf has no JSON form"),
        (object(), "builtins.object", "payload.value: a builtins.object has no JSON form"),
        ({1: "key"}, "builtins.int", "payload.value: the key 1 is no string"),
        ("\ud800", "builtins.str", "data.value: a string with a lone surrogate has no JSON form"),
        ({"\ud800": 1}, "builtins.str", "data.value: a key: a string with a lone surrogate has no JSON form"),
    ],
    ids=["infinity", "object", "key", "surrogate", "surrogate key"],
)
async def test_an_event_that_cannot_be_encoded_is_recorded_without_its_data_and_the_publisher_is_told(
    bus, sink, value, kind, reason
):
    made = Event(type="user.login", payload={"value": value}, correlation_id="c-1")
    result = await bus.publish(made)
    (failure,) = result.failures
    assert isinstance(failure.exception, EncodeError)
    (record,) = sink.records()
    assert record == {
        "specversion": "1.0",
        "id": made.id,
        "type": "user.login",
        "source": "bank",
        "time": made.timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "correlationid": "c-1",
        "unencodable": {"type": kind, "reason": reason},
    }


async def test_a_foreign_event_that_cannot_be_encoded_is_recorded_too(bus, sink):
    result = await bus.publish(Parcel(object()))
    assert not result.ok
    (record,) = sink.records()
    assert record["type"].endswith("Parcel")
    assert record["id"] == result.failures[0].event_id


async def test_without_correlation_too(sink):
    bus = EventBus(correlation=False)
    bus.subscribe(handler_for(sink))
    assert (await bus.publish(Parcel(1))).ok
    assert not (await bus.publish(Parcel(object()))).ok
    assert [record.get("data") for record in sink.records()] == [{"weight": 1}, None]


async def test_a_lone_surrogate_in_the_envelope_does_not_keep_an_event_from_the_trail(bus, sink):
    result = await bus.publish(Event(type="user.login", payload={}, source="caf\udce9"))
    assert not result.ok
    (record,) = sink.records()
    assert record["source"] == r"caf\udce9"
    assert record["unencodable"]


async def test_what_a_value_says_when_it_fails_is_not_recorded(bus, sink):
    class Talkative:
        def model_dump(self, **options):
            raise ValueError("bad password hunter2")

    result = await bus.publish(Event(type="user.login", payload={"value": Talkative()}))
    assert not result.ok
    (record,) = sink.records()
    assert record["unencodable"] == {"type": None, "reason": "ValueError while it was encoded"}


async def test_a_sink_that_takes_nothing_fails_the_publish(bus, sink):
    def refuse(record):
        raise OSError("disk on fire")

    bus = EventBus()
    sink.put = refuse
    bus.subscribe(handler_for(sink))
    (failure,) = (await bus.publish(Event(type="user.login"))).failures
    assert failure.handler == "AuditLogHandler"
    assert str(failure.exception) == "disk on fire"
