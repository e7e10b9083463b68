"""What stands in `to_dict` and on the wire for values of each kind, and what is refused."""

from __future__ import annotations

import dataclasses
import enum
from collections import OrderedDict, deque
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from uuid import UUID

import attrs
import msgspec
import pytest

from plugbus import Event, EventBase, EventType, codec, envelope, event
from plugbus.errors import EncodeError


@event("value.sent", version=2)
class ValueSent(EventBase):
    value: object = None
    other: int = 0


class Level(enum.IntEnum):
    HIGH = 3


class Shade(str, enum.Enum):  # noqa: UP042  (as many programs still write it)
    DARK = "dark"


class Odd(enum.Enum):
    PAIR = (1, 2)
    ENDLESS = float("inf")


class Ratio(float):
    pass


class Count(int):
    pass


@dataclasses.dataclass
class Line:
    item: object


class Packed(msgspec.Struct, rename="camel", tag_field="kind", tag="box"):
    box_size: object


def payload_of(value):
    return codec.to_dict(Event(type="value.sent.once", payload={"value": value}))["payload"]["value"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**100, 2**100),
        (0.5, 0.5),
        ("text", "text"),
        ((1, 2), [1, 2]),
        ([1, [2]], [1, [2]]),
        ({3, 1, 2}, [1, 2, 3]),
        (frozenset("ab"), ["a", "b"]),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (MappingProxyType({"a": (1,)}), {"a": [1]}),
        ({Shade.DARK: 1}, {"dark": 1}),
        (b"\x00\xff", "AP8="),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00Z"),
        (date(2026, 1, 31), "2026-01-31"),
        (timedelta(seconds=1.5), "PT1.5S"),
        (Decimal("1.50"), "1.50"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Path("a/b"), "a/b"),
        (Level.HIGH, 3),
        (Shade.DARK, "dark"),
        (Odd.PAIR, [1, 2]),
        (Ratio(0.5), 0.5),
        (Count(5), 5),
        (Line(item=(1,)), {"item": [1]}),
        (Packed(box_size=1), {"kind": "box", "boxSize": 1}),
        (ValueSent(value=(1,)), {"value": [1], "other": 0}),
    ],
    ids=lambda value: type(value).__name__ if value is not None else "None",
)
def test_values_have_a_plain_form(value, expected):
    plain = payload_of(value)
    assert plain == expected
    assert type(plain) is type(expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), r"payload\.value: nan has no JSON form"),
        (float("inf"), r"payload\.value: inf has no JSON form"),
        (Ratio("-inf"), r"payload\.value: -inf has no JSON form"),
        (Odd.ENDLESS, r"payload\.value: inf has no JSON form"),
        ([1, {"a": object()}], r"payload\.value\[1\]\.a: a builtins\.object has no JSON form"),
        ({1: "a"}, r"payload\.value: the key 1 is no string"),
        ({"a": {None: 1}}, r"payload\.value\.a: the key None is no string"),
        (1j, r"payload\.value: a builtins\.complex has no JSON form"),
        (deque([1]), r"payload\.value: a collections\.deque has no JSON form"),
        (ValueError("x"), r"payload\.value: a builtins\.ValueError has no JSON form"),
        (int, r"payload\.value: a builtins\.type has no JSON form"),
        (Line(item=[float("nan")]), r"payload\.value\.item\[0\]: nan has no JSON form"),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
def test_a_value_without_a_json_form_is_an_error_that_names_its_place(value, message):
    made = Event(type="value.sent.once", payload={"value": value})
    for encode in (codec.to_dict, codec.to_cloudevent, codec.encode, Event.to_dict):
        with pytest.raises(EncodeError, match=message):
            encode(made)


def test_text_that_is_no_unicode_is_an_error():
    with pytest.raises(EncodeError, match=r"value\.sent\.once holds a value that has no JSON form"):
        codec.encode(Event(type="value.sent.once", payload={"value": "\ud800"}))


def test_a_value_that_holds_itself_is_an_error():
    value = []
    value.append(value)
    with pytest.raises(EncodeError, match="holds itself"):
        codec.encode(Event(type="value.sent.once", payload={"value": value}))


def test_an_object_without_data_is_an_error():
    class Empty:
        __slots__ = ()

    with pytest.raises(EncodeError, match="Empty shows no data"):
        codec.to_dict(Empty())


def test_to_dict_gives_the_envelope_and_the_payload():
    made = ValueSent(value=1)
    known = envelope(made)
    assert made.to_dict() == {
        "id": known.id,
        "type": "value.sent",
        "version": 2,
        "timestamp": known.timestamp.isoformat().replace("+00:00", "Z"),
        "source": None,
        "correlation_id": known.id,
        "causation_id": None,
        "payload": {"value": 1, "other": 0},
    }


def test_to_dict_gives_the_type_as_its_string():
    described = Event(type=EventType.USER_LOGIN).to_dict()
    assert described["type"] == "user.login"
    assert type(described["type"]) is str


def test_to_dict_shares_nothing_with_the_event():
    made = ValueSent(value={"a": [1]})
    made.to_dict()["payload"]["value"]["a"].append(2)
    assert made.value == {"a": [1]}


def test_a_foreign_objects_private_attributes_are_left_out():
    made = SimpleNamespace(a=1, _b=2)
    assert codec.to_dict(made)["payload"] == {"a": 1}


def test_a_foreign_object_is_masked_like_an_event():
    from plugbus import secret

    @attrs.define
    class Login:
        name: str
        password: str = secret(kw_only=True)

    assert codec.to_dict(Login("ann", password="hunter2"))["payload"] == {"name": "ann", "password": "***"}
