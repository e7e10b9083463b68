"""Decoding bad input never raises anything but `DecodeError`, which says what was expected and what came."""

from __future__ import annotations

import contextlib
import json
import pickle
from decimal import Decimal
from uuid import UUID

import attrs
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plugbus import EventBase, codec, event, name_event
from plugbus.errors import DecodeError, EncodeError


class Odd(Exception):
    pass


def never(_):
    raise Odd("the user's own")


@event("strict.sent")
class StrictSent(EventBase):
    number: int
    at: UUID | None = None
    price: Decimal = attrs.field(default=Decimal(0), converter=Decimal)
    key: UUID = attrs.field(
        default=UUID(int=0), converter=lambda value: value if isinstance(value, UUID) else UUID(value)
    )
    code: object = attrs.field(default=None, converter=lambda value: value if value is None else value["code"])
    odd: object = attrs.field(default=None, converter=lambda value: value if value is None else never(value))
    names: tuple[str, ...] = ()
    positive: int = attrs.field(default=1, validator=attrs.validators.gt(0))


class Packed(msgspec.Struct):
    size: int


class Plain:
    def __init__(self, size):
        self.size = 10 / size


name_event(Packed, "packed.sent")
name_event(Plain, "plain.sent")

ENVELOPE = ["type", "payload", "source", "id", "timestamp", "version", "correlation_id", "causation_id", "subject"]
CLOUDEVENT = ["specversion", "time", "data", "data_base64", "dataversion", "correlationid", "causationid"]
KEYS = st.sampled_from([*ENVELOPE, *CLOUDEVENT, "number", "at", "price", "size"])
TYPES = st.sampled_from(["strict.sent", "packed.sent", "plain.sent", "a.b", ""])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | TYPES
    | st.sampled_from(["1.0", "2026-01-31T12:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:00:00-23:00", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)


def attempt(data):
    """Decode; what comes out has an envelope, and can be encoded or says why not."""
    with contextlib.suppress(DecodeError):
        made = codec.decode(data)
        if isinstance(made, EventBase):
            assert made.envelope.type
        with contextlib.suppress(EncodeError):
            codec.encode(made)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=40) | st.text(max_size=40))
@example(b"")
@example(b"\xff\xfe")
@example("\ud800")
@example(b'"\\ud800"')
@example(b"[" * 100_000)
@example(b'{"type":"a.b","payload":' + b'{"a":' * 5000)
@example(b"1" * 10_000)
@example(b'{"type":"a.b","payload":{"a":1e999}}')
@example(b'{"type":"a.b","payload":{"a":NaN}}')
def test_bytes_and_text_of_any_kind(data):
    attempt(data)


@settings(deadline=None, max_examples=150)
@given(VALUES)
def test_json_of_any_shape(value):
    with contextlib.suppress(ValueError):
        attempt(json.dumps(value, allow_nan=False))
    if isinstance(value, dict):
        attempt(value)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(KEYS, VALUES, max_size=5), TYPES, st.none() | st.just("1.0"))
def test_objects_that_are_nearly_events(value, type, specversion):
    value["type"] = type
    if specversion is not None:
        value = {"id": "1", "source": "s", **value, "specversion": specversion}
    attempt(value)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from([field.name for field in attrs.fields(StrictSent)]), VALUES), VALUES)
def test_payloads_of_any_kind_for_a_known_class(payload, size):
    attempt({"type": "strict.sent", "payload": {"number": 1, **payload}})
    attempt({"type": "packed.sent", "payload": {"size": size}})
    attempt({"type": "plain.sent", "payload": {"size": size}})


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.none() | st.integers() | st.text(max_size=3) | st.tuples(), VALUES))
def test_mappings_with_keys_that_are_no_strings(value):
    for given_ in (value, {"type": "a.b", "payload": value}, {**value, "specversion": "1.0", "id": "1", "type": "a.b"}):
        attempt(given_)


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [100, 300, 900, 1100])
def test_values_however_deep(depth):
    attempt(b"[" * depth + b"]" * depth)
    attempt({"type": nested(depth)})
    attempt({"type": "strict.sent", "payload": {"number": nested(depth)}})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "expected one JSON object, got invalid JSON"),
        ("{", "expected one JSON object, got invalid JSON"),
        (b"\xff", "expected one JSON object, got invalid JSON"),
        ("[1]", r"expected a JSON object, got \[1\]"),
        ("5", "expected a JSON object, got 5"),
        (None, "expected a JSON object, got None"),
        (bytearray(b"{}"), "expected a JSON object, got bytearray"),
        ("{}", "expected the key 'type', got none"),
        ('{"type": null}', "expected the key 'type', got null"),
        ('{"type": ""}', "expected a string that is not empty as type, got ''"),
        ('{"type": 5}', "expected a string that is not empty as type, got 5"),
        ('{"type": "a.b", "paylod": {}}', "expected the keys .*payload.*, got the key 'paylod'"),
        ('{"type": "a.b", "payload": [1]}', r"expected an object as payload, got \[1\]"),
        ('{"type": "a.b", "version": 0}', "expected a whole number from 1 as version, got 0"),
        ('{"type": "a.b", "version": "1"}', "expected a whole number from 1 as version, got '1'"),
        ('{"type": "a.b", "version": true}', "expected a whole number from 1 as version, got True"),
        ('{"type": "a.b", "version": 9999999999}', "expected a whole number from 1 as version"),
        ('{"type": "a.b", "timestamp": "2026-01-31"}', "expected an ISO 8601 time with an offset"),
        ('{"type": "a.b", "timestamp": "9999-12-31T23:59:59-01:00"}', "expected an ISO 8601 time with an offset"),
        ('{"type": "a.b", "id": 5}', "expected a string that is not empty as id, got 5"),
        ({"type": "a.b", "payload": {1: 2}}, "expected strings as keys of the payload, got 1"),
        ({"type": "strict.sent"}, "expected the field 'number' in the data of strict.sent, got no such field"),
        (
            {"type": "strict.sent", "payload": {"number": "7"}},
            "expected a fitting 'number' in the data of strict.sent, got Expected `int`, got `str`",
        ),
        (
            {"type": "strict.sent", "payload": {"number": 7, "names": ["a", 5]}},
            r"expected a fitting 'names' in the data of strict.sent, got Expected `str`, got `int` - at `\$\[1\]`",
        ),
        (
            {"type": "strict.sent", "payload": {"number": 7, "positive": 0}},
            "expected data that makes a StrictSent of strict.sent, got ValueError: 'positive' must be > 0: 0",
        ),
        (
            {"type": "strict.sent", "payload": {"number": 7, "odd": 1}},
            "expected data that makes a StrictSent of strict.sent, got Odd: the user's own",
        ),
        ({"type": "packed.sent"}, "expected data that makes a Packed of packed.sent, got .*`size`"),
        ({"type": "plain.sent"}, "expected data that makes a Plain of plain.sent, got TypeError"),
        ({"type": "plain.sent", "payload": {"size": 0}}, "got ZeroDivisionError"),
    ],
)
def test_the_error_says_what_was_expected_and_what_came(data, message):
    with pytest.raises(DecodeError, match=message):
        codec.decode(data)


def test_what_came_is_shortened():
    with pytest.raises(DecodeError) as caught:
        codec.decode({"type": "a.b", "version": "x" * 10_000})
    assert len(str(caught.value)) < 200


def test_the_error_has_its_parts_as_attributes_and_survives_pickle():
    with pytest.raises(DecodeError) as caught:
        codec.decode("5")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.expected, again.got, str(again)) == ("a JSON object", "5", "expected a JSON object, got 5")


def test_what_a_users_validator_raised_is_the_cause_of_the_error():
    with pytest.raises(DecodeError) as caught:
        codec.decode({"type": "strict.sent", "payload": {"number": 7, "odd": 1}})
    assert isinstance(caught.value.__cause__, Odd)
