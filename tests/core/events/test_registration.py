"""Registration happens in the decorator: which class stands for which type and version."""

from __future__ import annotations

import importlib
import sys

import attrs
import pytest

from plugbus import Event, EventBase, EventBus, codec, event, name_event
from plugbus.errors import DefinitionError, DuplicateEventType


MODULE = """
from plugbus import EventBase, event

@event({name!r}, version={version})
class Paid(EventBase):
    amount: int = 0
"""


@pytest.fixture
def write_module(tmp_path, monkeypatch):
    """Writes and imports a module with an event class `Paid`."""
    monkeypatch.syspath_prepend(str(tmp_path))
    written = []

    def write(module, name, version=1):
        (tmp_path / f"{module}.py").write_text(MODULE.format(name=name, version=version))
        importlib.invalidate_caches()
        written.append(module)
        return importlib.import_module(module)

    yield write
    for module in written:
        sys.modules.pop(module, None)


async def test_two_classes_of_one_name_in_two_modules_do_not_mix(write_module):
    shop, club = write_module("shop_events", "order.paid"), write_module("club_events", "fee.paid")
    bus, orders, fees = EventBus(), [], []
    bus.subscribe(shop.Paid, orders.append)
    bus.subscribe(club.Paid, fees.append)
    await bus.publish(shop.Paid(amount=1))
    await bus.publish(club.Paid(amount=2))
    assert (orders, fees) == ([shop.Paid(amount=1)], [club.Paid(amount=2)])
    assert shop.Paid(amount=1) != club.Paid(amount=1)


def test_two_classes_that_claim_one_type_and_version_are_an_error_that_names_both(write_module):
    first = write_module("first_events", "bill.paid")
    with pytest.raises(
        DuplicateEventType, match=r"first_events\.Paid and second_events\.Paid .*'bill\.paid'"
    ) as caught:
        write_module("second_events", "bill.paid")
    assert "version 1" in str(caught.value)
    assert codec.decode({"type": "bill.paid", "payload": {"amount": 3}}) == first.Paid(amount=3)


def test_versions_of_one_type_are_classes_of_their_own(write_module):
    first, second = write_module("v1_events", "rent.paid"), write_module("v2_events", "rent.paid", version=2)
    assert type(codec.decode({"type": "rent.paid"})) is first.Paid
    assert type(codec.decode({"type": "rent.paid", "version": 2})) is second.Paid
    assert type(codec.decode({"type": "rent.paid", "version": 3})) is Event


def test_a_module_that_is_reloaded_defines_its_classes_anew(write_module):
    module = write_module("reloaded_events", "tax.paid")
    before = module.Paid
    importlib.reload(module)
    assert module.Paid is not before
    assert type(codec.decode({"type": "tax.paid"})) is module.Paid
    assert before(amount=1).envelope.type == "tax.paid"


def test_a_class_that_is_defined_in_a_function_may_be_defined_again():
    def define():
        @event("toll.paid")
        class TollPaid(EventBase):
            amount: int

        return TollPaid

    first, second = define(), define()
    assert first is not second
    assert type(codec.decode({"type": "toll.paid", "payload": {"amount": 1}})) is second


def test_a_class_that_nobody_uses_any_more_gives_its_type_free():
    def one():
        @event("fine.paid")
        class FinePaid(EventBase):
            amount: int

        codec.decode(codec.encode(FinePaid(amount=1)))

    def other():
        @event("fine.paid")
        class OtherFinePaid(EventBase):
            amount: int

        return OtherFinePaid

    one()
    assert other()(amount=1).envelope.type == "fine.paid"


def test_a_failed_definition_leaves_the_type_free():
    with pytest.raises(DefinitionError):

        @event("debt.paid")
        class Wrong(EventBase):
            publish: int

    @event("debt.paid")
    class DebtPaid(EventBase):
        amount: int

    assert type(codec.decode({"type": "debt.paid", "payload": {"amount": 1}})) is DebtPaid


def test_a_foreign_class_and_an_event_class_cannot_claim_one_type():
    @event("wage.paid")
    class WagePaid(EventBase):
        pass

    class Wage:
        pass

    with pytest.raises(DuplicateEventType, match=r"WagePaid and .*Wage both claim"):
        name_event(Wage, "wage.paid")
    assert WagePaid() is not None


def test_a_foreign_class_can_be_named_twice_alike_but_not_differently():
    @attrs.frozen
    class Tip:
        amount: int

    name_event(Tip, "tip.paid")
    name_event(Tip, "tip.paid")
    with pytest.raises(DefinitionError, match=r"'tip\.paid' already"):
        name_event(Tip, "tip.given")
    assert type(codec.decode({"type": "tip.given", "payload": {"amount": 1}})) is Event


@pytest.mark.parametrize("version", [0, "1", True])
def test_the_version_of_a_foreign_class_is_a_whole_number_from_1(version):
    class Tip:
        pass

    with pytest.raises(DefinitionError, match="whole number from 1"):
        name_event(Tip, "tip.counted", version)


def test_name_event_is_for_classes_that_are_no_event_base():
    class Base(EventBase):
        pass

    for wrong in (Base, EventBase, Event, "Tip", Base):
        with pytest.raises(DefinitionError, match=r"name_event\(\) is for classes"):
            name_event(wrong, "tip.lost")
