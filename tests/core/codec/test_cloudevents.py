"""CloudEvents 1.0: what we write is read by the official SDK, what the SDK writes is read by us."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugbus import Event, EventBase, EventBus, codec, correlation, envelope, event
from plugbus.errors import DecodeError


CloudEvent = pytest.importorskip("cloudevents.core.v1.event").CloudEvent
http = pytest.importorskip("cloudevents.core.bindings.http")

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
ATTRIBUTE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=12)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (bounds are naive)


@event("shipment.sent", version=2)
class ShipmentSent(EventBase):
    weight: float
    to: str = "Bern"


def read_by_the_sdk(encoded):
    headers = {"content-type": "application/cloudevents+json"}
    return http.from_structured_event(http.HTTPMessage(headers, encoded))


def written_by_the_sdk(attributes, data):
    return http.to_structured_event(CloudEvent(dict(attributes), data)).body


def test_the_sdk_reads_what_we_write():
    made = Event(type="shipment.sent.twice", payload={"a": [1, {"b": None}]}, source="shop", correlation_id="c-1")
    known, read = envelope(made), read_by_the_sdk(codec.encode(made))
    assert read.get_specversion() == "1.0"
    assert (read.get_id(), read.get_type(), read.get_source()) == (known.id, known.type, "shop")
    assert read.get_time() == known.timestamp
    assert read.get_datacontenttype() == "application/json"
    assert read.get_extension("correlationid") == "c-1"
    assert read.get_data() == {"a": [1, {"b": None}]}


async def test_the_sdk_reads_a_typed_event_with_its_version_and_cause():
    bus, seen = EventBus(), []

    async def send(_) -> None:
        await bus.publish(ShipmentSent(weight=1))

    bus.subscribe("order.packed", send)
    bus.subscribe(ShipmentSent, lambda sent: seen.append((read_by_the_sdk(codec.encode(sent)), envelope(sent))))
    root = Event(type="order.packed")
    await bus.publish(root)
    ((read, known),) = seen
    assert read.get_extension("dataversion") == "2"
    assert (known.causation_id, known.correlation_id) == (root.id, root.id)
    assert (read.get_extension("causationid"), read.get_extension("correlationid")) == (root.id, root.id)
    assert read.get_data() == {"weight": 1, "to": "Bern"}


@settings(deadline=None, max_examples=50)
@given(payload=st.dictionaries(TEXT, JSON, max_size=4), source=ATTRIBUTE, correlation_id=ATTRIBUTE)
def test_the_sdk_reads_whatever_we_write(payload, source, correlation_id):
    made = Event(type="sdk.read", payload=payload, source=source, correlation_id=correlation_id)
    read = read_by_the_sdk(codec.encode(made))
    assert read.get_data() == payload
    assert read.get_source() == source
    assert read.get_time() == envelope(made).timestamp


@settings(deadline=None, max_examples=50)
@given(
    data=st.dictionaries(TEXT, JSON, max_size=4),
    attributes=st.fixed_dictionaries(
        {"id": ATTRIBUTE, "source": ATTRIBUTE, "type": ATTRIBUTE, "time": TIMES},
        optional={
            "subject": ATTRIBUTE,
            "dataschema": st.just("https://example.org/schema"),
            "datacontenttype": st.just("application/json; charset=utf-8"),
            "correlationid": ATTRIBUTE,
            "causationid": ATTRIBUTE,
            "dataversion": st.integers(1, 99).map(str),
            "traceparent": st.just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            "timestamp": ATTRIBUTE,
            "version": ATTRIBUTE | st.booleans() | st.integers(),
            "payload": ATTRIBUTE,
        },
    ),
)
def test_we_read_whatever_the_sdk_writes(attributes, data):
    made = codec.decode(written_by_the_sdk(attributes, data))
    known = envelope(made)
    assert made.payload == data
    assert (known.id, known.source, known.type) == (attributes["id"], attributes["source"], attributes["type"])
    assert known.timestamp == attributes["time"]
    assert known.correlation_id == attributes.get("correlationid", known.id)
    assert known.causation_id == attributes.get("causationid")
    assert known.version == int(attributes.get("dataversion", 1))


def test_an_event_comes_back_through_the_sdk():
    made = ShipmentSent(weight=1.5, to="Genève")
    read = read_by_the_sdk(codec.encode(made))
    again = codec.decode(http.to_structured_event(read).body)
    assert again == made
    assert again.envelope.id == made.envelope.id
    assert again.envelope.timestamp == made.envelope.timestamp


def test_we_read_what_is_no_json_object_under_a_key_of_its_own():
    attributes = {"id": "1", "source": "s", "type": "text.sent", "datacontenttype": "text/plain"}
    assert codec.decode(written_by_the_sdk(attributes, "hello")).payload == {"data": "hello"}
    del attributes["datacontenttype"]
    assert codec.decode(written_by_the_sdk(attributes, [1, 2])).payload == {"data": [1, 2]}
    assert codec.decode(written_by_the_sdk(attributes, b"\x00\xff")).payload == {"data_base64": "AP8="}
    assert codec.decode(written_by_the_sdk(attributes, None)).payload == {}


def test_the_attributes_that_we_write_are_those_of_the_specification():
    with correlation("c-1"):
        made = codec.to_cloudevent(ShipmentSent(weight=1))
    assert {key: value for key, value in made.items() if key not in ("id", "time", "correlationid")} == {
        "specversion": "1.0",
        "source": "plugbus",
        "type": "shipment.sent",
        "datacontenttype": "application/json",
        "dataversion": "2",
        "data": {"weight": 1, "to": "Bern"},
    }
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in made)
    assert RFC3339.fullmatch(made["time"])
    assert json.loads(codec.encode(ShipmentSent(weight=1))).keys() == made.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31t12:00:00z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00.5+02:00", datetime(2026, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-01-31T12:00:00.123456789-00:30", datetime(2026, 1, 31, 12, 30, 0, 123_456, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime.max.replace(tzinfo=UTC)),
        ("1969-12-31T23:59:59.999999Z", datetime(1970, 1, 1, tzinfo=UTC) - timedelta(microseconds=1)),
    ],
)
def test_we_read_any_time_of_rfc_3339(text, expected):
    made = codec.decode({"specversion": "1.0", "id": "1", "source": "s", "type": "a.b", "time": text})
    assert envelope(made).timestamp == expected.astimezone(timezone(timedelta(0)))
    assert codec.decode(codec.encode(made)).timestamp == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"specversion": "0.3"}, "specversion '1.0', got '0.3'"),
        ({"specversion": 1.0}, "specversion '1.0', got 1.0"),
        ({"id": None}, "the CloudEvents attribute 'id', got null"),
        ({"source": None}, "the CloudEvents attribute 'source'"),
        ({"type": None}, "the CloudEvents attribute 'type'"),
        ({"id": ""}, "a string that is not empty as id, got ''"),
        ({"id": 5}, "a string that is not empty as id, got 5"),
        ({"source": ["a"]}, "as source"),
        ({"type": {}}, "as type"),
        ({"time": "yesterday"}, "as timestamp, got 'yesterday'"),
        ({"time": "2026-01-31T12:00:00"}, "with an offset"),
        ({"time": 1700000000}, "as timestamp"),
        ({"dataversion": "two"}, "a whole number from 1 as version, got 'two'"),
        ({"dataversion": "0"}, "a whole number from 1 as version"),
        ({"dataversion": "99999999999"}, "a whole number from 1 as version"),
        ({"correlationid": 5}, "as correlation_id"),
    ],
)
def test_what_is_no_cloudevent_is_refused_with_what_was_expected_and_what_came(changes, message):
    good = {"specversion": "1.0", "id": "1", "source": "s", "type": "a.b"}
    codec.decode(good)
    with pytest.raises(DecodeError, match=re.escape(message)) as caught:
        codec.decode({**good, **changes})
    assert caught.value.expected
    assert caught.value.got


@pytest.mark.parametrize("missing", ["id", "source", "type"])
def test_a_required_attribute_that_is_missing_is_named(missing):
    good = {"specversion": "1.0", "id": "1", "source": "s", "type": "a.b"}
    del good[missing]
    with pytest.raises(DecodeError, match=f"the CloudEvents attribute '{missing}'"):
        codec.decode(good)
