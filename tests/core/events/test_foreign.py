"""Foreign events: any object, dispatched by class; `name_event` gives such a class a type name."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import namedtuple
from typing import Any

import attrs
import msgspec
import pytest

from plugbus import EventBus, codec, correlation, detached, envelope, name_event
from plugbus.errors import NoEnvelope, NotAnEvent


@dataclasses.dataclass
class Placed:
    order_id: int


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    order_id: int


class Packed(msgspec.Struct):
    order_id: int


@attrs.define
class Sent:
    order_id: int


class Plain:
    def __init__(self, order_id: int) -> None:
        self.order_id = order_id


class PlacedTwice(Placed):
    pass


class Named:
    pass


class Unhashable:
    __hash__ = None

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("events are compared by identity")


Point = namedtuple("Point", "order_id")  # noqa: PYI024  (an old program's)
KINDS = [Placed, Slotted, Packed, Sent, Plain, Point]

name_event(Named, "foreign.named", version=2)


def pydantic_model() -> Any:
    pydantic = pytest.importorskip("pydantic")
    return pydantic.create_model("Bought", order_id=(int, ...))


@pytest.fixture(params=[*KINDS, "pydantic"], ids=lambda kind: getattr(kind, "__name__", kind))
def foreign(request):
    """An object of each kind of class that a program may have already."""
    cls = pydantic_model() if request.param == "pydantic" else request.param
    return cls(order_id=7)


async def test_an_object_of_any_class_reaches_the_handlers_of_its_class(foreign):
    bus, seen = EventBus(), []
    bus.subscribe(type(foreign), lambda order: seen.append((order, envelope(order))))
    assert (await bus.publish(foreign)).ok
    ((order, known),) = seen
    assert order is foreign
    assert known.type == f"{type(foreign).__module__}.{type(foreign).__qualname__}"
    assert (known.version, known.correlation_id, known.causation_id) == (1, known.id, None)


async def test_a_handler_of_a_foreign_base_class_gets_its_subclasses():
    bus, seen = EventBus(), []
    bus.subscribe(Placed, seen.append)
    await bus.publish(PlacedTwice(order_id=1))
    assert len(seen) == 1


async def test_the_pattern_for_everything_gets_unnamed_objects_and_no_other_pattern_does():
    bus, everything, others = EventBus(), [], []
    bus.subscribe("*", everything.append)
    bus.subscribe(("*.*", "plugbus.*", f"{__name__}.*"), others.append)
    await bus.publish(Plain(1))
    assert (len(everything), others) == (1, [])


async def test_name_event_gives_a_class_a_type_that_names_and_patterns_find():
    bus, seen = EventBus(), []
    bus.subscribe("foreign.named", lambda named: seen.append(envelope(named)))
    bus.subscribe("foreign.*", lambda named: seen.append(envelope(named)))
    await bus.publish(Named())
    assert [(known.type, known.version) for known in seen] == [("foreign.named", 2)] * 2
    assert seen[0] == seen[1]


@pytest.mark.parametrize("subscribed_first", [True, False])
def test_a_class_may_be_named_after_its_first_publish(subscribed_first):
    class Late:
        pass

    bus, seen = EventBus(), []
    if subscribed_first:
        bus.subscribe("foreign.late", seen.append)
    bus.publish_sync(Late())
    name_event(Late, "foreign.late")
    if not subscribed_first:
        bus.subscribe("foreign.late", seen.append)
    late = Late()
    bus.publish_sync(late)
    assert seen == [late]


async def test_the_envelope_of_a_foreign_object_lives_as_long_as_its_publish():
    bus, order = EventBus(), Placed(order_id=1)
    inside = []
    bus.subscribe(Placed, lambda order: inside.append(envelope(order)))
    with pytest.raises(NoEnvelope, match="this Placed is not being published here"):
        envelope(order)
    await bus.publish(order)
    await bus.publish(order)
    with pytest.raises(NoEnvelope):
        envelope(order)
    first, second = inside
    assert first.id != second.id


async def test_all_handlers_middleware_and_monitors_see_one_envelope_of_a_foreign_object():
    bus, ids = EventBus(), []

    def look(order):
        ids.append(envelope(order).id)
        return order

    async def look_later(order):
        await asyncio.sleep(0)
        look(order)

    bus.add_middleware(look)
    bus.subscribe(Plain, look)
    bus.subscribe(Plain, look_later)
    bus.subscribe(Plain, lambda order: look(order) and None, in_thread=True, name="threaded")
    assert (await bus.publish(Plain(1))).ok
    assert len(ids) == 4
    assert len(set(ids)) == 1


async def test_a_foreign_object_keeps_its_envelope_while_its_handler_publishes_others():
    bus, ids = EventBus(), []

    async def outer(order: Plain) -> None:
        ids.append(envelope(order).id)
        await bus.publish(Placed(order_id=2))
        ids.append(envelope(order).id)

    bus.subscribe(Plain, outer)
    bus.subscribe(Placed, lambda placed: ids.append(envelope(placed).causation_id))
    await bus.publish(Plain(1))
    first, cause, last = ids
    assert first == cause == last


async def test_an_outer_foreign_object_has_its_envelope_in_inner_handlers():
    bus, ids, order = EventBus(), [], Plain(1)

    async def outer(plain: Plain) -> None:
        ids.append(envelope(plain).id)
        await bus.publish(Placed(order_id=2))

    bus.subscribe(Plain, outer)
    bus.subscribe(Placed, lambda _: ids.append(envelope(order).id))
    await bus.publish(order)
    assert len(ids) == 2
    assert ids[0] == ids[1]


async def test_a_foreign_object_has_its_envelope_inside_a_correlation_that_its_handler_sets():
    bus, seen = EventBus(), []

    def handle(plain: Plain) -> None:
        with correlation("part-1"):
            seen.append(envelope(plain))

    bus.subscribe(Plain, handle)
    await bus.publish(Plain(1))
    assert seen[0].correlation_id == seen[0].id


async def test_a_foreign_object_has_its_envelope_without_correlation_too():
    bus, seen = EventBus(correlation=False), []
    bus.subscribe(Plain, lambda plain: seen.append(envelope(plain)))
    await bus.publish(Plain(1))
    assert seen[0].correlation_id == seen[0].id


async def test_objects_are_told_apart_by_identity():
    bus, seen = EventBus(), []
    bus.subscribe(Unhashable, lambda odd: seen.append(envelope(odd).id))
    assert (await bus.publish(Unhashable())).ok
    assert len(seen) == 1


async def test_concurrent_publishes_of_one_object_have_an_envelope_each():
    bus, order, ids = EventBus(), Plain(1), []

    async def handle(plain: Plain) -> None:
        await asyncio.sleep(0)
        ids.append(envelope(plain).id)

    bus.subscribe(Plain, handle)
    await asyncio.gather(*(bus.publish(order) for _ in range(3)))
    assert len(set(ids)) == 3


async def deferred(bus, order):
    async with bus.deferred():
        await bus.publish(order)


VERBS = {
    "publish": lambda bus, order: bus.publish(order),
    "publish_soon": lambda bus, order: bus.publish_soon(order),
    "publish_many": lambda bus, order: bus.publish_many([order]),
    "replay": lambda bus, order: bus.replay(order),
    "deferred": deferred,
    "publish_sync": lambda bus, order: asyncio.to_thread(bus.publish_sync, order),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_every_verb_gives_a_foreign_object_one_envelope_for_all_its_handlers(verb):
    bus, ids = EventBus(), []

    def slow_handler():
        async def handle_slowly(plain: Plain) -> None:
            await asyncio.sleep(0)
            ids.append(envelope(plain).id)

        return handle_slowly

    bus.subscribe(Plain, slow_handler(), replay=True)
    bus.subscribe(Plain, slow_handler(), replay=True)
    bus.subscribe(Plain, lambda plain: ids.append(envelope(plain).id), replay=True)
    await VERBS[verb](bus, Plain(1))
    assert len(ids) == 3
    assert len(set(ids)) == 1


async def test_a_foreign_object_has_no_envelope_where_its_publish_was_cut_off():
    bus, caught = EventBus(), []

    def handle(plain: Plain) -> None:
        with detached():
            try:
                envelope(plain)
            except NoEnvelope as error:
                caught.append(error)

    bus.subscribe(Plain, handle)
    await bus.publish(Plain(1))
    assert len(caught) == 1


@pytest.mark.parametrize("wrong", [None, 5, "user.created", {"type": "user.created"}, ("a",), Plain, len], ids=repr)
async def test_what_is_no_event_is_refused(wrong):
    with pytest.raises(NotAnEvent, match="publish takes an event"):
        await EventBus().publish(wrong)


def test_a_foreign_object_can_be_encoded_outside_of_its_publish(foreign):
    known = codec.to_dict(foreign) if not isinstance(foreign, tuple) else None
    if known is not None:
        assert known["payload"] == {"order_id": 7}
        assert known["type"].endswith(type(foreign).__qualname__)


async def test_a_foreign_object_is_encoded_with_its_envelope_inside_of_its_publish():
    bus, seen = EventBus(), []
    bus.subscribe(Placed, lambda placed: seen.append((codec.to_dict(placed), envelope(placed).id)))
    await bus.publish(Placed(order_id=1))
    ((described, id),) = seen
    assert described["id"] == id
