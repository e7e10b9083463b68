"""Events of a known type and version are rebuilt as their class; all others are generic events."""

from __future__ import annotations

import dataclasses
import sys
import textwrap
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID, uuid4

import attrs
import msgspec
import pytest

from plugbus import Event, EventBase, EventBus, codec, envelope, event, name_event
from plugbus.errors import DecodeError


if TYPE_CHECKING:
    from fractions import Fraction

T = TypeVar("T")


@dataclasses.dataclass
class Booked:
    seat: int
    day: date | None = None


class Packed(msgspec.Struct, rename="camel", tag=True):
    box_size: int


@attrs.define
class Sent:
    number: int = attrs.field(converter=int)
    _token: str = ""


class Plain:
    def __init__(self, number, text=""):
        self.number, self.text = number, text


name_event(Booked, "seat.booked")
name_event(Packed, "box.packed", version=2)
name_event(Sent, "letter.sent")
name_event(Plain, "plain.made")


@event("meal.served")
class MealServed(EventBase):
    date: date
    type: type[Any] | None = None  # noqa: A003  (as a user may)
    price: Decimal = attrs.field(default=Decimal(1), converter=Decimal)


@event("cup.filled")
class CupFilled(EventBase, Generic[T]):
    content: T
    number: int = 0


@event("half.known")
class HalfKnown(EventBase):
    day: date
    share: Fraction | None = None
    typo: Unknown | None = None  # noqa: F821  (as it happens)


def test_an_unknown_type_or_version_becomes_a_generic_event():
    for data in (
        {"type": "some.thing", "payload": {"a": 1}},
        {"type": "meal.served", "version": 2, "payload": {"a": 1}},
    ):
        made = codec.decode(data)
        assert type(made) is Event
        assert made.payload == {"a": 1}
        assert envelope(made).version == data.get("version", 1)


def test_a_field_may_be_called_like_its_class():
    made = codec.decode({"type": "meal.served", "payload": {"date": "2026-01-31"}})
    assert made == MealServed(date=date(2026, 1, 31))


def test_a_converter_gets_what_came():
    assert codec.decode({"type": "meal.served", "payload": {"date": "2026-01-31", "price": "2.5"}}).price == Decimal(
        "2.5"
    )


def test_keys_that_the_class_does_not_know_are_left_out():
    made = codec.decode({"type": "meal.served", "payload": {"date": "2026-01-31", "color": "red"}})
    assert made == MealServed(date=date(2026, 1, 31))


def test_a_generic_class_takes_any_content():
    assert codec.decode(codec.encode(CupFilled(content=[1]))) == CupFilled(content=[1])


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the syntax came with 3.12")
def test_a_generic_class_in_the_new_syntax_is_an_event_like_others():
    names = {"EventBase": EventBase, "event": event, "__name__": __name__}
    source = '@event("new.filled")\nclass NewFilled[T](EventBase):\n    content: T\n    more: "T | None" = None\n'
    exec(source, names)
    cls = names["NewFilled"]
    made = cls[int](content=1)
    assert codec.decode(codec.encode(made)) == made
    assert made.envelope.type == "new.filled"


def test_an_annotation_that_is_unknown_at_run_time_concerns_no_other_field():
    made = codec.decode({"type": "half.known", "payload": {"day": "2026-01-31"}})
    assert made == HalfKnown(day=date(2026, 1, 31))


@pytest.mark.parametrize("name", ["share", "typo"])
def test_an_annotation_that_is_unknown_at_run_time_is_an_error_that_says_so(name):
    with pytest.raises(DecodeError, match=rf"a readable annotation of '{name}' .* known at run time"):
        codec.decode({"type": "half.known", "payload": {"day": "2026-01-31", name: "x"}})


def test_a_field_that_init_does_not_take_is_made_anew():
    @event("room.measured")
    class RoomMeasured(EventBase):
        width: int
        area: int = attrs.field(init=False)

        def __attrs_post_init__(self) -> None:
            object.__setattr__(self, "area", self.width**2)

    made = RoomMeasured(width=3)
    assert codec.decode(codec.encode(made)) == made
    assert codec.decode({"type": "room.measured", "payload": {"width": 2, "area": 5}}).area == 4


def test_annotations_are_read_where_the_class_was_written(tmp_path, monkeypatch):
    (tmp_path / "written_elsewhere.py").write_text(
        textwrap.dedent("""
            from __future__ import annotations
            from uuid import UUID as Key
            from plugbus import EventBase

            class Keyed(EventBase):
                key: Key
        """)
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    from written_elsewhere import Keyed

    @event("door.opened")
    class DoorOpened(Keyed):
        day: date

    made = DoorOpened(key=uuid4(), day=date(2026, 1, 31))
    assert codec.decode(codec.encode(made)) == made
    assert isinstance(made.key, UUID)


def test_an_event_whose_constructor_the_user_wrote_is_rebuilt_from_its_fields():
    @event("cake.baked")
    class CakeBaked(EventBase):
        size: int
        by: str

        def __init__(self, size: int) -> None:
            self.__attrs_init__(size=size, by="Ann")

    made = CakeBaked(3)
    assert codec.decode(codec.encode(made)) == made


@pytest.mark.parametrize(
    "made", [Booked(3, date(2026, 1, 31)), Packed(box_size=3), Sent(5, token="t")], ids=lambda made: type(made).__name__
)
def test_foreign_objects_with_a_name_are_rebuilt_as_their_class(made):
    again = codec.decode(codec.encode(made))
    assert again == made
    assert type(again) is type(made)


def test_a_plain_class_is_called_with_its_attributes():
    again = codec.decode(codec.encode(Plain(3, "x")))
    assert (type(again), vars(again)) == (Plain, {"number": 3, "text": "x"})


def test_a_model_of_pydantic_is_rebuilt_with_its_aliases_and_as_a_value_of_others():
    pydantic = pytest.importorskip("pydantic")
    price = pydantic.create_model("Price", amount=(Decimal, ...))
    fields = {"order_id": (int, pydantic.Field(alias="orderId")), "day": (date, ...), "price": (price, ...)}
    bought = pydantic.create_model("Bought", **fields)
    name_event(bought, "thing.bought")
    returned = event("thing.returned")(type("ThingReturned", (EventBase,), {"__annotations__": {"price": price}}))

    made = bought(orderId=1, day=date(2026, 1, 31), price=price(amount=Decimal("1.5")))
    assert codec.decode(codec.encode(made)) == made
    assert codec.to_dict(made)["payload"] == {"orderId": 1, "day": "2026-01-31", "price": {"amount": "1.5"}}
    nested = returned(price=price(amount=Decimal(1)))
    assert codec.decode(codec.encode(nested)) == nested
    with pytest.raises(DecodeError, match=r"a fitting 'price' in the data of thing\.returned"):
        codec.decode({"type": "thing.returned", "payload": {"price": {"amount": "much"}}})


class Custom(Generic[T]):
    pass


def test_a_value_of_a_class_that_cannot_be_rebuilt_is_an_error():
    @event("odd.sent")
    class OddSent(EventBase):
        plain: Plain | None = None
        custom: Custom[int] | None = None

    assert codec.decode({"type": "odd.sent", "payload": {"plain": None}}) == OddSent()
    for name in ("plain", "custom"):
        with pytest.raises(DecodeError, match=f"a fitting '{name}'"):
            codec.decode({"type": "odd.sent", "payload": {name: {"number": 1}}})


async def test_a_rebuilt_event_is_dispatched_as_its_class_and_keeps_its_envelope():
    bus, seen = EventBus(source="other"), []
    bus.subscribe(MealServed, lambda meal: seen.append(envelope(meal)))
    made = MealServed(date=date(2026, 1, 31))
    await bus.publish(codec.decode(codec.encode(made)))
    assert seen == [attrs.evolve(envelope(made), source="plugbus")]


def test_a_payload_that_is_absent_is_empty():
    for data in ({"type": "some.thing"}, {"type": "some.thing", "payload": None}):
        assert codec.decode(data).payload == {}


def test_what_is_not_known_of_the_envelope_is_made():
    made = codec.decode({"type": "some.thing", "id": None, "timestamp": None, "source": None, "version": None})
    known = envelope(made)
    assert known.correlation_id == known.id
    assert (known.version, known.source) == (1, None)


def test_an_event_may_be_asked_for_as_a_generic_one():
    encoded = codec.encode(MealServed(date=date(2026, 1, 31)))
    made = codec.decode(encoded, generic=True)
    assert type(made) is Event
    assert (made.type, made.payload["date"]) == ("meal.served", "2026-01-31")
    assert made.id == codec.decode(encoded).envelope.id
    plain = {"type": "meal.served", "payload": {"date": "no date"}}
    assert type(codec.decode(plain, generic=True)) is Event
