"""Copy, pickle and `replace` keep the envelope; `attrs.evolve` makes a new event."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

from plugbus import Event, EventBase, EventBus, codec, correlation, envelope, event


@event("parcel.sent", version=2)
class ParcelSent(EventBase):
    weight: int = 0
    items: list[str] = attrs.field(factory=list)


class Dated(EventBase):
    day: str = "monday"


@event("parcel.returned")
class ParcelReturned(Dated):
    weight: int = 0


def sample(kind):
    if kind == "typed":
        return ParcelSent(weight=3, items=["book"])
    if kind == "with a base":
        return ParcelReturned(weight=3, day="friday")
    if kind == "generic":
        return Event(type="parcel.sent", payload={"weight": 3}, source="depot", correlation_id="c-1")
    return codec.decode(
        {"type": "parcel.weighed", "version": 7, "payload": {"weight": 3}, "correlation_id": "c-1", "causation_id": "x"}
    )


WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {p}": lambda made, p=p: pickle.loads(pickle.dumps(made, p)) for p in range(2, 6)},
    "replace": lambda made: made.replace(),
}


@pytest.fixture(params=["typed", "with a base", "generic", "decoded"])
def made(request):
    return sample(request.param)


@pytest.fixture(params=WAYS)
def twin_of(request):
    return WAYS[request.param]


def test_a_copy_is_equal_and_keeps_the_envelope(made, twin_of):
    twin = twin_of(made)
    assert twin == made
    assert type(twin) is type(made)
    assert envelope(twin) == envelope(made)


def test_a_copy_keeps_an_envelope_that_nobody_has_asked_for(made, twin_of):
    twin = twin_of(made)
    assert envelope(twin) == envelope(made)
    assert envelope(twin_of(twin)) == envelope(made)


async def test_a_copy_keeps_what_its_publish_has_added(made, twin_of):
    bus, copies = EventBus(source="shop"), []
    bus.subscribe(EventBase, lambda handled: copies.append(twin_of(handled)))
    with correlation("r-1"):
        await bus.publish(made)
    assert [envelope(twin) for twin in copies] == [envelope(made)]
    assert envelope(copies[0]).source in ("shop", "depot")
    assert envelope(copies[0]).correlation_id in ("r-1", "c-1")


async def test_a_copy_of_an_event_that_was_caused_keeps_its_cause(twin_of):
    bus, pairs = EventBus(), []

    async def publish_another(_: ParcelSent) -> None:
        await bus.publish(ParcelReturned())

    bus.subscribe(ParcelSent, publish_another)
    bus.subscribe(ParcelReturned, lambda returned: pairs.append((returned, twin_of(returned))))
    await bus.publish(ParcelSent())
    ((returned, twin),) = pairs
    assert envelope(twin) == envelope(returned)
    assert envelope(twin).causation_id is not None


async def test_a_copy_of_an_event_that_is_not_published_yet_inherits_like_the_event_itself(made, twin_of):
    bus, seen = EventBus(), []
    twin = twin_of(made)

    async def publish_twin(opened: Event) -> None:
        await bus.publish(twin)
        seen.append(opened.correlation_id)

    bus.subscribe("depot.opened", publish_twin)
    await bus.publish(Event(type="depot.opened"))
    own = {"c-1"} & {envelope(made).correlation_id}
    assert {envelope(twin).correlation_id} == (own or set(seen))


def test_a_copy_shares_its_values_and_a_deep_copy_does_not():
    made = ParcelSent(items=["book"])
    assert copy.copy(made).items is made.items
    assert copy.deepcopy(made).items is not made.items


def test_the_payload_of_a_copy_is_read_only_too(twin_of):
    twin = twin_of(sample("generic"))
    with pytest.raises(TypeError):
        twin.payload["weight"] = 5
    assert hash(twin) == hash(sample("generic"))


def test_a_copy_is_frozen_too(made, twin_of):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        twin_of(made).weight = 5


def test_replace_changes_fields_and_nothing_else():
    made = ParcelSent(weight=3, items=["book"])
    changed = made.replace(weight=4)
    assert (changed.weight, changed.items) == (4, ["book"])
    assert made.weight == 3
    assert envelope(changed) == envelope(made)
    with pytest.raises(TypeError):
        made.replace(color="red")


def test_replace_works_on_a_class_with_a_constructor_of_the_users_own():
    @event("parcel.packed")
    class ParcelPacked(EventBase):
        weight: int
        by: str

        def __init__(self, weight: int) -> None:
            self.__attrs_init__(weight=weight, by="Ann")

    made = ParcelPacked(3)
    changed = made.replace(by="Bob")
    assert (changed.weight, changed.by) == (3, "Bob")
    assert envelope(changed) == envelope(made)


def test_evolve_makes_a_new_event():
    for made in (ParcelSent(weight=3), ParcelReturned(weight=3)):
        other = attrs.evolve(made, weight=4)
        assert other.weight == 4
        assert envelope(other).id != envelope(made).id
    other = attrs.evolve(sample("generic"), payload={})
    assert envelope(other).id != envelope(sample("generic")).id
    assert other.type == "parcel.sent"


def test_evolve_inside_a_correlation_starts_from_nothing():
    with correlation("r-1"):
        made = sample("generic")
    assert envelope(attrs.evolve(made)).correlation_id != "c-1"


def test_an_event_can_be_the_field_of_another_and_keeps_its_envelope_in_copies():
    @event("parcel.forwarded")
    class ParcelForwarded(EventBase):
        parcel: ParcelSent

    inner = ParcelSent(weight=1)
    twin = copy.deepcopy(ParcelForwarded(parcel=inner))
    assert envelope(twin.parcel) == envelope(inner)
