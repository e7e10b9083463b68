from __future__ import annotations

import dataclasses
import json

import attrs
import msgspec
import pydantic
import pytest

from plugbus import Event, EventBase, EventBus, EventType, event, name_event, secret
from plugbus.doctor import FieldView, Listener, catalog


@event("catalog_user.registered", version=2)
class UserRegistered(EventBase):
    """
    Somebody has an account now.

    At length.
    """

    user_id: int
    email: str = secret()
    token: str = secret(default="hunter2")
    tags: tuple[str, ...] = ()
    notes: list[str] = attrs.field(factory=list)
    shown: str = attrs.field(init=False, default="made, not given")


@dataclasses.dataclass
class Order:
    number: int
    note: str = "none"
    items: list[str] = dataclasses.field(default_factory=list)


class Payment(pydantic.BaseModel):
    amount: int
    card: pydantic.SecretStr
    note: str | None = None


class Shipment(msgspec.Struct):
    number: int
    note: str = "x" * 100


class Plain:
    number: int


Bare = attrs.make_class("Bare", ["number"])

for name, cls in {"bare": Bare, "order": Order, "payment": Payment, "shipment": Shipment, "plain": Plain}.items():
    name_event(cls, f"catalog_{name}.made")


@pytest.fixture
def view():
    """What the catalog says of a type."""

    def view(name, bus=None):
        (found,) = (one for one in catalog(bus) if one.type == name)
        return found

    return view


def test_a_typed_event_is_listed_with_its_fields_and_secrets_are_masked(view):
    found = view("catalog_user.registered")
    assert (found.version, found.cls) == (2, f"{__name__}.UserRegistered")
    assert found.summary == "Somebody has an account now."
    assert found.fields == (
        FieldView("user_id", "int"),
        FieldView("email", "str", secret=True),
        FieldView("token", "str", required=False, default="***", secret=True),
        FieldView("tags", "tuple[str, ...]", required=False, default="()"),
        FieldView("notes", "list[str]", required=False, default="..."),
    )
    assert "hunter2" not in json.dumps([one.as_json() for one in catalog()])


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        (
            "order",
            (
                FieldView("number", "int"),
                FieldView("note", "str", required=False, default="'none'"),
                FieldView("items", "list[str]", required=False, default="..."),
            ),
        ),
        (
            "payment",
            (
                FieldView("amount", "int"),
                FieldView("card", "SecretStr", secret=True),
                FieldView("note", "str | None", required=False, default="None"),
            ),
        ),
        (
            "shipment",
            (FieldView("number", "int"), FieldView("note", "str", required=False, default="'" + "x" * 56 + "...")),
        ),
        ("plain", (FieldView("number", "int"),)),
        ("bare", (FieldView("number", "Any"),)),
    ],
)
def test_classes_of_others_are_listed_with_their_fields(view, name, fields):
    found = view(f"catalog_{name}.made")
    assert found.fields == fields
    assert found.summary is None


def test_who_handles_a_type_is_listed_in_the_order_of_subscription(view):
    bus = EventBus()

    def handle(event): ...

    bus.subscribe("catalog_user.*", handle)
    bus.subscribe(UserRegistered, lambda event: None, name="other")
    assert view("catalog_user.registered", bus).handlers == (Listener("handle"), Listener("other"))
    assert view("catalog_order.made", bus).handlers == ()


def test_a_plugin_s_handler_is_listed_with_its_plugin(view, install, configure):
    source = """
    class P(Plugin[None]):
        api = 1
        def handlers(self): yield Subscription("catalog_user.*", print)
    """
    install("one", source)
    configure("[plugins.one]\n")
    assert view("catalog_user.registered", EventBus.from_config()).handlers == (Listener("print", "one"),)


def test_standard_and_technical_types_and_names_that_a_handler_gives_are_listed(view):
    bus = EventBus()
    bus.subscribe(["catalog_other.happened", "catalog_wild.*", Event], print)
    listed = {one.type: one.cls for one in catalog(bus)}
    assert set(EventType) <= set(listed)
    assert listed["user.created"] is None
    assert listed["service.shutdown"] == "plugbus.catalog.ServiceShutdown"
    assert listed["catalog_other.happened"] is None
    assert not any("*" in name for name in listed)
    assert view("user.created", bus).handlers == (Listener("print"),)


def test_the_list_is_sorted_and_can_be_written_as_json():
    found = catalog()
    assert [(one.type, one.version) for one in found] == sorted((one.type, one.version) for one in found)
    assert json.loads(json.dumps([one.as_json() for one in found]))[0]["type"] == found[0].type
