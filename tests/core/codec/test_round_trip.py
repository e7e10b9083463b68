"""What is encoded comes back equal: any finite JSON value with string keys, any Unicode, every kind of event."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple, TypedDict
from uuid import UUID

import attrs
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plugbus import Event, EventBase, codec, correlation, envelope, event


# Lone surrogates have no UTF-8 form; they are no Unicode text.
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT)
JSON = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner), st.dictionaries(TEXT, inner)), max_leaves=8)
PAYLOAD = st.dictionaries(TEXT, JSON)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Email(str):
    __slots__ = ()


class Point(NamedTuple):
    x: int
    y: int


class Address(TypedDict):
    city: str


@dataclasses.dataclass
class Line:
    item: str
    count: int = 1


class Packed(msgspec.Struct, rename="camel", tag="packed"):
    box_size: int


@attrs.frozen
class Money:
    amount: Decimal
    currency: str = "EUR"


@event("typed.sent", version=3)
class TypedSent(EventBase):
    number: int = 0
    ratio: float = 0.0
    text: str = ""
    data: bytes = b""
    flag: bool = False
    maybe: int | None = None
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    day: date = date(2026, 1, 1)
    hour: time = time(12)
    took: timedelta = timedelta(0)
    price: Decimal = Decimal(0)
    key: UUID = UUID(int=0)
    color: Color = Color.RED
    kind: Literal["a", "b"] = "a"
    names: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    numbers: list[int] = attrs.field(factory=list)
    by_name: dict[str, list[int]] = attrs.field(factory=dict)


@event("nested.sent")
class NestedSent(EventBase):
    money: Money
    line: Line
    packed: Packed
    point: Point
    address: Address
    path: Path
    pure: PurePosixPath
    email: Email
    inner: TypedSent
    lines: tuple[Line, ...] = ()
    prices: Mapping[str, Money] = attrs.field(factory=dict)
    anything: object = None


ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
FINITE = {"allow_nan": False, "allow_infinity": False}
TYPED = st.builds(
    TypedSent,
    number=st.integers(-(2**63), 2**64 - 1),
    ratio=st.floats(**FINITE),
    text=TEXT,
    data=st.binary(),
    flag=st.booleans(),
    maybe=st.none() | st.integers(-(2**63), 2**64 - 1),
    at=st.datetimes(timezones=ZONES),
    day=st.dates(),
    hour=st.times(),
    took=st.timedeltas(-timedelta(days=9999), timedelta(days=9999)),
    price=st.decimals(**FINITE),
    key=st.uuids(),
    color=st.sampled_from(Color),
    kind=st.sampled_from(["a", "b"]),
    names=st.lists(TEXT).map(tuple),
    tags=st.frozensets(TEXT),
    numbers=st.lists(st.integers(-(2**63), 2**64 - 1)),
    by_name=st.dictionaries(TEXT, st.lists(st.integers(0, 9))),
)


def same(one, other):
    """Equal, and of the same types: 1 is not 1.0 and not True."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float):
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return one == other


def without_source(known):
    return attrs.evolve(known, source=None)


@settings(deadline=None, max_examples=50)
@given(PAYLOAD)
@example({"": "", "\x00": "\x00", "a.b": {"\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"): "😀"}})
@example({"big": 2**200, "small": -(2**200), "edge": 2**64, "float": 1e308, "tiny": 5e-324, "minus": -0.0})
def test_any_finite_json_value_with_string_keys_comes_back_equal(payload):
    made = Event(type="json.sent", payload=payload)
    again = codec.decode(codec.encode(made))
    assert same(dict(again.payload), payload)
    assert again == made
    assert without_source(envelope(again)) == envelope(made)


@settings(deadline=None, max_examples=50)
@given(PAYLOAD)
def test_the_encoded_form_is_one_line_of_json_in_utf_8_that_others_read_alike(payload):
    encoded = codec.encode(Event(type="json.sent", payload=payload))
    assert b"\n" not in encoded
    assert b"\r" not in encoded
    assert same(json.loads(encoded.decode("utf-8"))["data"], payload)


@settings(deadline=None, max_examples=25)
@given(PAYLOAD)
def test_an_event_as_a_dict_comes_back_equal_directly_and_through_json(payload):
    made = Event(type="json.sent", payload=payload, source="shop", correlation_id="c-1")
    described = codec.to_dict(made)
    for again in (codec.from_dict(described), codec.decode(json.dumps(described)), codec.decode(described)):
        assert same(dict(again.payload), payload)
        assert envelope(again) == envelope(made)


@settings(deadline=None, max_examples=50)
@given(TYPED)
def test_a_typed_event_comes_back_as_its_class_with_its_values_in_their_types(made):
    again = codec.decode(codec.encode(made))
    assert type(again) is TypedSent
    assert again == made
    for field in attrs.fields(TypedSent):
        assert type(getattr(again, field.name)) is type(getattr(made, field.name))
    assert without_source(envelope(again)) == envelope(made)
    assert codec.from_dict(made.to_dict()) == made


def test_nested_values_of_all_kinds_come_back_as_their_classes():
    made = NestedSent(
        money=Money(Decimal("1.50")),
        line=Line("book", 2),
        packed=Packed(box_size=3),
        point=Point(1, 2),
        address={"city": "Bern"},
        path=Path("a/b"),
        pure=PurePosixPath("/c"),
        email=Email("a@example.org"),
        inner=TypedSent(number=5),
        lines=(Line("pen"),),
        prices={"book": Money(Decimal(3), "CHF")},
        anything={"a": [1, None]},
    )
    again = codec.decode(codec.encode(made))
    assert again == made
    assert type(again.email) is Email
    assert type(again.packed) is Packed
    assert again.inner.envelope.type == "typed.sent"


def test_the_envelope_of_a_caused_event_comes_back():
    with correlation("r-1", source="web"):
        made = codec.decode({"type": "caused.sent", "causation_id": "cause", "correlation_id": "r-2", "source": "own"})
    again = codec.decode(codec.encode(made))
    assert envelope(again) == envelope(made)
    assert (envelope(again).causation_id, envelope(again).correlation_id) == ("cause", "r-2")


def test_an_event_without_a_source_comes_back_with_the_one_that_cloudevents_demands():
    assert codec.decode(codec.encode(Event(type="json.sent"))).source == "plugbus"
    assert codec.decode(codec.to_dict(Event(type="json.sent"))).source is None


@pytest.mark.parametrize("version", [1, 2, 17])
def test_the_version_comes_back(version):
    made = codec.decode({"type": "versioned.sent", "version": version})
    assert envelope(made).version == version
    assert envelope(codec.decode(codec.encode(made))) == attrs.evolve(envelope(made), source="plugbus")
    assert envelope(codec.from_dict(codec.to_dict(made))) == envelope(made)


@pytest.mark.parametrize(
    "type", ["user.created", "com.example/Thing v2", "a", "UPPER.case", "äöü.😀", "a..b", "*", "with space"]
)
def test_a_type_from_outside_may_be_any_string(type):
    made = codec.decode({"type": type, "payload": {"a": 1}})
    assert made.type == type
    again = codec.decode(codec.encode(made))
    assert again == made
    assert envelope(again).id == envelope(made).id
