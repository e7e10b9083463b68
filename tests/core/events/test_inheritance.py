"""Classes without `@event` are bases for others; a handler of a base class gets its subclasses."""

from __future__ import annotations

from abc import ABC, abstractmethod

import attrs
import pytest

from plugbus import EventBase, EventBus, envelope, event, secret
from plugbus.errors import DefinitionError


class Ours(EventBase):
    tenant: str = "acme"


class OfUsers(Ours):
    user_id: int = attrs.field(validator=attrs.validators.instance_of(int))
    password: str = secret(default="")


@event("member.joined")
class MemberJoined(OfUsers):
    email: str


@event("member.upgraded")
class MemberUpgraded(MemberJoined):
    plan: str = "gold"


class Trial(MemberUpgraded):
    pass


def handled_by(bus, *what):
    seen = []
    bus.subscribe(what, seen.append)
    return seen


def test_an_undecorated_class_gives_its_fields_to_those_that_derive_from_it():
    joined = MemberJoined(user_id=1, email="a@example.org")
    assert (joined.tenant, joined.user_id, joined.email) == ("acme", 1, "a@example.org")
    assert [field.name for field in attrs.fields(MemberJoined)] == ["tenant", "user_id", "password", "email"]


def test_each_base_shows_the_fields_that_it_inherits():
    assert [field.name for field in attrs.fields(OfUsers)] == ["tenant", "user_id", "password"]


def test_validators_and_secrets_of_a_base_hold_in_its_subclasses():
    with pytest.raises(TypeError):
        MemberJoined(user_id="1", email="")
    assert "hunter2" not in repr(MemberJoined(user_id=1, email="", password="hunter2"))


def test_a_subclass_may_give_an_inherited_field_another_default():
    @event("member.invited")
    class MemberInvited(MemberJoined):
        tenant: str = "other"
        email: str = "nobody@example.org"

    assert MemberInvited(user_id=1).tenant == "other"


@pytest.mark.parametrize("cls", [EventBase, Ours, OfUsers, Trial])
def test_a_class_without_the_decorator_cannot_be_instantiated(cls):
    with pytest.raises(DefinitionError, match=rf'{cls.__name__} has no event type: put @event\("entity.action"\)'):
        cls()


def test_a_class_without_the_decorator_cannot_be_instantiated_even_with_a_constructor_of_its_own():
    class Built(EventBase):
        def __init__(self) -> None:
            pass

    with pytest.raises(DefinitionError, match="Built has no event type"):
        Built()


def test_a_constructor_of_an_undecorated_base_can_be_called_by_its_subclasses():
    class Numbered(EventBase):
        number: int

        def __init__(self, number: int) -> None:
            self.__attrs_init__(number=number)

    @event("ticket.drawn")
    class TicketDrawn(Numbered):
        def __init__(self) -> None:
            super().__init__(7)

    assert TicketDrawn().number == 7


def test_a_base_stays_without_instances_after_a_subclass_was_decorated():
    assert MemberJoined(user_id=1, email="").tenant == "acme"
    with pytest.raises(DefinitionError):
        OfUsers(user_id=1)


def test_events_of_an_undecorated_base_are_frozen_too():
    joined = MemberJoined(user_id=1, email="")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        joined.tenant = "evil"
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        joined.unknown = 1


def test_each_class_has_the_type_that_its_own_decorator_gave_it():
    assert envelope(MemberJoined(user_id=1, email="")).type == "member.joined"
    assert envelope(MemberUpgraded(user_id=1, email="")).type == "member.upgraded"


async def test_a_handler_of_a_base_class_gets_its_subclasses():
    bus = EventBus()
    everything, ours, joins = handled_by(bus, EventBase), handled_by(bus, Ours), handled_by(bus, MemberJoined)
    upgrades = handled_by(bus, MemberUpgraded)
    joined, upgraded = MemberJoined(user_id=1, email=""), MemberUpgraded(user_id=1, email="")
    await bus.publish(joined)
    await bus.publish(upgraded)
    assert everything == ours == joins == [joined, upgraded]
    assert upgrades == [upgraded]


async def test_a_handler_of_a_type_name_does_not_get_subclasses_with_another_name():
    bus = EventBus()
    joins = handled_by(bus, "member.joined")
    await bus.publish(MemberUpgraded(user_id=1, email=""))
    assert joins == []


def test_a_mixin_gives_methods():
    class Loud:
        __slots__ = ()

        def shout(self) -> str:
            return f"{self.name}!"

    @event("member.greeted")
    class MemberGreeted(Loud, EventBase):
        name: str

    assert MemberGreeted(name="Ann").shout() == "Ann!"


def test_a_mixin_made_by_attrs_gives_fields():
    @attrs.frozen(kw_only=True, slots=False)
    class Located:
        city: str

    @event("member.moved")
    class MemberMoved(EventBase, Located):
        name: str

    assert MemberMoved(name="Ann", city="Bern").city == "Bern"


def test_a_mixin_may_take_keywords_of_the_class_statement():
    tables = []

    class Stored:
        __slots__ = ()

        def __init_subclass__(cls, table: str = "", **others: object) -> None:
            super().__init_subclass__(**others)
            tables.append(table)

    class Base(Stored, EventBase, table="members"):
        name: str

    class Other(EventBase, Stored, table="others"):
        name: str

    assert tables == ["members", "others"]
    assert issubclass(Base, EventBase)
    assert issubclass(Other, EventBase)


def test_a_mixin_need_not_pass_the_class_statement_on():
    class Closed:
        __slots__ = ()

        def __init_subclass__(cls) -> None:
            pass

    @event("member.closed")
    class MemberClosed(Closed, EventBase):
        name: str

    @event("member.reopened")
    class MemberReopened(Closed, EventBase):
        name: str

        def __init__(self) -> None:
            self.__attrs_init__(name="Ann")

    assert MemberClosed(name="Ann").envelope.type == "member.closed"
    assert MemberReopened().name == "Ann"


def test_a_base_may_be_abstract():
    class Countable(EventBase, ABC):
        @abstractmethod
        def count(self) -> int: ...

    @event("member.counted")
    class MemberCounted(Countable):
        members: tuple[str, ...]

        def count(self) -> int:
            return len(self.members)

    @event("member.miscounted")
    class MemberMiscounted(Countable):
        pass

    assert MemberCounted(members=("Ann",)).count() == 1
    with pytest.raises(TypeError, match="abstract"):
        MemberMiscounted()


async def test_a_handler_may_listen_to_a_mixin():
    class Billable:
        __slots__ = ()

    @event("member.billed")
    class MemberBilled(Billable, EventBase):
        amount: int

    bus = EventBus()
    bills = handled_by(bus, Billable)
    await bus.publish(MemberBilled(amount=1))
    assert bills == [MemberBilled(amount=1)]
