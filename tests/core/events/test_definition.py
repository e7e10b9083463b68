"""`@event` makes a subclass of `EventBase` an event type: frozen, keyword-only, slotted."""

from __future__ import annotations

import functools
from typing import ClassVar, Generic, TypeVar

import attrs
import pytest

from plugbus import Event, EventBase, EventBus, envelope, event
from plugbus.errors import DefinitionError, InvalidEventType


T = TypeVar("T")


@event("shelf.filled")
class ShelfFilled(EventBase):
    shelf: int
    label: str = "top"
    items: tuple[str, ...] = ()
    capacity: ClassVar[int] = 10

    @functools.cached_property
    def first(self) -> str:
        return self.items[0]

    def is_full(self) -> bool:
        return len(self.items) >= self.capacity


@event("box.opened")
class BoxOpened(EventBase, Generic[T]):
    content: T


def test_an_event_is_frozen():
    filled = ShelfFilled(shelf=1)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        filled.shelf = 2
    with pytest.raises(AttributeError):
        filled.unknown = 2
    with pytest.raises(AttributeError):
        del filled.shelf


def test_an_event_takes_keywords_only():
    with pytest.raises(TypeError):
        ShelfFilled(1)
    with pytest.raises(TypeError):
        ShelfFilled(shelf=1, color="red")
    with pytest.raises(TypeError):
        ShelfFilled()


def test_an_event_has_slots_and_no_dict():
    assert not hasattr(ShelfFilled(shelf=1), "__dict__")


def test_events_are_equal_if_class_and_fields_are():
    @event("shelf.emptied")
    class ShelfEmptied(EventBase):
        shelf: int

    assert ShelfFilled(shelf=1) == ShelfFilled(shelf=1)
    assert ShelfFilled(shelf=1) != ShelfFilled(shelf=2)
    assert ShelfFilled(shelf=1) != ShelfEmptied(shelf=1)
    assert len({ShelfFilled(shelf=1), ShelfFilled(shelf=1)}) == 1


def test_an_event_shows_its_fields_and_nothing_of_the_envelope():
    assert repr(ShelfFilled(shelf=1)) == "ShelfFilled(shelf=1, label='top', items=())"
    assert [field.name for field in attrs.fields(ShelfFilled)] == ["shelf", "label", "items"]


def test_a_class_variable_is_no_field():
    assert ShelfFilled(shelf=1, items=("a",) * 10).is_full()


def test_a_cached_property_works_on_an_event():
    filled = ShelfFilled(shelf=1, items=("book",))
    assert filled.first == "book"
    assert filled.replace(items=("pen",)).first == "pen"


def test_an_event_can_be_matched_by_its_fields():
    match ShelfFilled(shelf=3):
        case ShelfFilled(shelf=shelf):
            assert shelf == 3


def test_an_event_can_be_referenced_weakly():
    import weakref

    filled = ShelfFilled(shelf=1)
    assert weakref.ref(filled)() is filled


def test_the_decorator_gives_type_and_version():
    @event("shelf.moved", version=3)
    class ShelfMoved(EventBase):
        shelf: int

    known = envelope(ShelfMoved(shelf=1))
    assert (known.type, known.version) == ("shelf.moved", 3)
    assert envelope(ShelfFilled(shelf=1)).version == 1


def test_validators_and_converters_and_defaults_of_attrs_work():
    @event("shelf.weighed")
    class ShelfWeighed(EventBase):
        shelf: int = attrs.field(converter=int)
        grams: int = attrs.field(validator=attrs.validators.ge(0))
        parts: list[int] = attrs.field(factory=list)

        @parts.validator
        def _check(self, attribute: attrs.Attribute, value: list[int]) -> None:
            if sum(value) > self.grams:
                raise ValueError("parts are heavier than the whole")

    weighed = ShelfWeighed(shelf="7", grams=3, parts=[1, 2])
    assert weighed.shelf == 7
    assert ShelfWeighed(shelf=1, grams=1).parts == []
    with pytest.raises(ValueError, match="grams"):
        ShelfWeighed(shelf=1, grams=-1)
    with pytest.raises(ValueError, match="heavier"):
        weighed.replace(grams=2)


def test_post_init_can_set_a_field_that_init_does_not_take():
    @event("shelf.measured")
    class ShelfMeasured(EventBase):
        width: int
        height: int
        area: int = attrs.field(init=False)

        def __attrs_post_init__(self) -> None:
            object.__setattr__(self, "area", self.width * self.height)

    measured = ShelfMeasured(width=2, height=3)
    assert measured.area == 6
    assert measured.replace(height=4).area == 8


def test_post_init_may_already_look_at_the_envelope():
    seen = []

    @event("shelf.scanned")
    class ShelfScanned(EventBase):
        shelf: int

        def __attrs_post_init__(self) -> None:
            seen.append(self.envelope.id)

    scanned = ShelfScanned(shelf=1)
    assert seen == [scanned.envelope.id]
    assert scanned.replace(shelf=2).envelope.id == scanned.envelope.id


def test_a_constructor_of_the_users_own_may_fill_the_fields_through_attrs():
    @event("shelf.built")
    class ShelfBuilt(EventBase):
        shelf: int
        by: str

        def __init__(self, shelf: int) -> None:
            self.__attrs_init__(shelf=shelf, by="carpenter")

    built = ShelfBuilt(3)
    assert (built.shelf, built.by) == (3, "carpenter")
    assert built.envelope.timestamp == built.envelope.timestamp


def test_a_constructor_of_the_users_own_that_fills_the_fields_itself_has_a_timestamp_of_its_creation():
    @event("shelf.painted")
    class ShelfPainted(EventBase):
        color: str

        def __init__(self, color: str) -> None:
            object.__setattr__(self, "color", color)

    first, second = ShelfPainted("red"), ShelfPainted("blue")
    assert second.envelope.timestamp >= first.envelope.timestamp
    assert first.envelope.type == "shelf.painted"


async def test_a_generic_class_is_an_event_whatever_its_parameter():
    bus, seen = EventBus(), []
    bus.subscribe(BoxOpened, lambda opened: seen.append(opened.content))
    await bus.publish(BoxOpened[int](content=1))
    await bus.publish(BoxOpened(content="pen"))
    assert seen == [1, "pen"]


def test_a_method_may_call_super():
    class Named(EventBase):
        def title(self) -> str:
            return "event"

    @event("shelf.named")
    class ShelfNamed(Named):
        shelf: int

        def title(self) -> str:
            return f"{super().title()} of shelf {self.shelf}"

    assert ShelfNamed(shelf=1).title() == "event of shelf 1"


@pytest.mark.parametrize(
    "name", ["user", "User.created", "user.", ".created", "user..created", "user created", "", "user.*"]
)
def test_a_name_that_is_no_entity_action_is_refused_with_an_example(name):
    with pytest.raises(InvalidEventType, match=r"'user\.created'"):
        event(name)


def test_the_decorator_without_a_name_says_what_it_needs():
    with pytest.raises(InvalidEventType, match=r"an event type is a string such as 'user\.created'"):

        @event
        class Nameless(EventBase):
            pass


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, True, None])
def test_a_version_is_a_whole_number_from_1(version):
    with pytest.raises(DefinitionError, match="whole number from 1"):
        event("shelf.versioned", version=version)


@pytest.mark.parametrize("other", [int, object, "UserCreated", lambda: None])
def test_the_decorator_takes_only_classes_that_derive_from_event_base(other):
    with pytest.raises(DefinitionError, match="derive from EventBase"):
        event("shelf.other")(other)


def test_a_class_is_made_an_event_once():
    with pytest.raises(DefinitionError, match="an event or attrs class already"):
        event("shelf.filled_again")(ShelfFilled)


def test_the_generic_event_has_no_subclasses():
    with pytest.raises(DefinitionError, match="derive from EventBase"):

        class Special(Event):
            pass


def test_the_envelope_is_made_before_the_fields_and_that_hook_is_taken():
    with pytest.raises(DefinitionError, match="__attrs_post_init__"):

        @event("shelf.hooked")
        class ShelfHooked(EventBase):
            def __attrs_pre_init__(self) -> None:
                pass


def test_that_hook_is_taken_for_a_mixin_too():
    class Mixin:
        def __attrs_pre_init__(self) -> None:
            pass

    with pytest.raises(DefinitionError, match="__attrs_post_init__"):

        @event("shelf.mixed")
        class ShelfMixed(Mixin, EventBase):
            pass
