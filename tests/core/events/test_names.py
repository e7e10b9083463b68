"""Only `envelope`, `publish`, `replace` and `to_dict` are reserved; all other field names are the user's."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

from plugbus import EventBase, EventBus, codec, envelope, event
from plugbus.errors import DefinitionError


@event("names.used", version=2)
class NamesUsed(EventBase):
    id: int
    type: str
    version: str
    source: bytes
    timestamp: str
    payload: list[int]
    correlation_id: None = None
    causation_id: float = 0.5
    time: int = 0
    record: str = "r"
    handlers: tuple[int, ...] = ()


@event("alias.given")
class AliasGiven(EventBase):
    _token: str
    kind: str = attrs.field(alias="class_")


def used():
    return NamesUsed(id=1, type="t", version="v9", source=b"s", timestamp="noon", payload=[1])


def test_fields_may_be_called_like_parts_of_the_envelope():
    made = used()
    assert (made.id, made.type, made.version, made.source, made.timestamp) == (1, "t", "v9", b"s", "noon")
    assert made.payload == [1]
    assert (made.correlation_id, made.causation_id) == (None, 0.5)


def test_the_envelope_is_not_confused_by_such_fields():
    known = envelope(used())
    assert (known.type, known.version, known.source, known.causation_id) == ("names.used", 2, None, None)
    assert known.correlation_id == known.id != "1"


def test_such_fields_come_through_copies_and_replace():
    made = used()
    for twin in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), made.replace()):
        assert twin == made
        assert twin.envelope == made.envelope


def test_such_fields_stand_under_payload_in_to_dict_and_survive_the_codec():
    made = used()
    assert made.to_dict()["payload"]["id"] == 1
    assert made.to_dict()["type"] == "names.used"
    again = codec.decode(codec.encode(made))
    assert again == made
    assert again.envelope.id == made.envelope.id


async def test_such_fields_do_not_disturb_a_publish():
    bus, seen = EventBus(source="shop"), []
    bus.subscribe(NamesUsed, lambda made: seen.append((made.source, made.envelope.source)))
    await bus.publish(used())
    assert seen == [(b"s", "shop")]


def test_a_private_field_and_an_alias_go_by_the_names_that_attrs_gives_them():
    made = AliasGiven(token="x", class_="y")
    assert (made._token, made.kind) == ("x", "y")
    assert made.replace(token="z")._token == "z"
    assert codec.decode(codec.encode(made)) == made
    assert pickle.loads(pickle.dumps(made)) == made


@pytest.mark.parametrize("name", ["envelope", "publish", "replace", "to_dict"])
def test_a_reserved_name_is_refused_as_a_field(name):
    body = {"__annotations__": {name: str}, "__module__": __name__}
    with pytest.raises(DefinitionError, match=f"reserved name '{name}'"):
        event("names.reserved")(type("Reserved", (EventBase,), body))


@pytest.mark.parametrize("name", ["envelope", "publish", "replace", "to_dict"])
def test_a_reserved_name_is_refused_as_a_method(name):
    with pytest.raises(DefinitionError, match=f"reserved name '{name}'"):
        event("names.reserved")(type("Reserved", (EventBase,), {name: lambda self: None}))


@pytest.mark.parametrize("name", ["envelope", "publish", "replace", "to_dict"])
def test_a_reserved_name_is_refused_in_an_undecorated_base_and_in_a_mixin(name):
    field = {"__annotations__": {name: str}, "__module__": __name__}
    base = type("Base", (EventBase,), field)
    mixin = type("Mixin", (), {name: lambda self: None})
    for bases in [(base,), (mixin, EventBase)]:
        with pytest.raises(DefinitionError, match=f"reserved name '{name}'"):
            event("names.reserved")(type("Reserved", bases, {}))
