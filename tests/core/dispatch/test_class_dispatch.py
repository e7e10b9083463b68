"""A handler of a class gets its subclasses; one of a name or pattern gets what goes by such a name."""

from __future__ import annotations

import abc
import asyncio
import dataclasses

import pytest

from plugbus import Event, EventBase, event, name_event
from plugbus.errors import NotAnEvent


class Auditable:
    """A mixin that is no event."""

    __slots__ = ()


class OrderEvent(EventBase):
    number: int = 0


@event("classes.order.placed")
class OrderPlaced(OrderEvent):
    pass


@event("classes.order.placed_again")
class OrderPlacedAgain(OrderPlaced, Auditable):
    pass


@dataclasses.dataclass(frozen=True)
class Parcel:
    weight: int = 1


@dataclasses.dataclass(frozen=True)
class HeavyParcel(Parcel):
    pass


name_event(HeavyParcel, "classes.parcel.sent")


class Seen(list):
    """Who was called, by the name of what each listens to."""

    def __init__(self, bus):
        super().__init__()
        self.bus = bus

    def listen(self, *things):
        for what in things:
            name = what if isinstance(what, str) else what.__name__
            self.bus.subscribe(what, lambda event, name=name: self.append(name), name=name)


@pytest.fixture
def seen(bus):
    return Seen(bus)


async def test_a_handler_of_a_base_class_gets_its_subclasses(bus, seen, deliver):
    seen.listen(EventBase, OrderEvent, OrderPlaced, OrderPlacedAgain)
    await deliver(bus, OrderPlacedAgain())
    assert seen == ["EventBase", "OrderEvent", "OrderPlaced", "OrderPlacedAgain"]
    seen.clear()
    await deliver(bus, OrderPlaced())
    assert seen == ["EventBase", "OrderEvent", "OrderPlaced"]


async def test_a_mixin_will_do(bus, seen, deliver):
    seen.listen(Auditable)
    await deliver(bus, OrderPlaced())
    await deliver(bus, OrderPlacedAgain())
    assert seen == ["Auditable"]


async def test_object_gets_everything(bus, seen, deliver):
    seen.listen(object)
    for published in (OrderPlaced(), Event(type="thing.done"), Parcel(), HeavyParcel()):
        await deliver(bus, published)
    assert seen == ["object"] * 4


async def test_an_asterisk_gets_everything_events_without_a_name_included(bus, seen, deliver):
    seen.listen("*")
    for published in (OrderPlaced(), Event(type="thing.done"), Parcel(), HeavyParcel()):
        await deliver(bus, published)
    assert seen == ["*"] * 4


async def test_the_name_of_a_base_class_does_not_stand_for_its_subclasses(bus, seen, deliver):
    seen.listen("classes.order.placed", "classes.order.placed_again", "classes.order.*", "classes.*")
    await deliver(bus, OrderPlacedAgain())
    assert seen == ["classes.order.placed_again", "classes.order.*", "classes.*"]


async def test_foreign_objects_are_dispatched_by_class(bus, seen, deliver):
    seen.listen(Parcel, HeavyParcel, "classes.parcel.sent", EventBase)
    await deliver(bus, Parcel())
    await deliver(bus, HeavyParcel())
    assert seen == ["Parcel", "Parcel", "HeavyParcel", "classes.parcel.sent"]


async def test_the_class_event_gets_every_generic_event(bus, seen, deliver):
    seen.listen(Event, EventBase, OrderEvent)
    await deliver(bus, Event(type="thing.done"))
    assert seen == ["Event", "EventBase"]


async def test_an_abstract_base_with_registered_subclasses_will_do(bus, seen, deliver):
    class Shippable(metaclass=abc.ABCMeta):
        @abc.abstractmethod
        def ship(self):
            pass

    Shippable.register(Parcel)
    seen.listen(Shippable)
    await deliver(bus, HeavyParcel())
    assert seen == ["Shippable"]


async def test_two_generic_types_have_plans_of_their_own(bus, seen, deliver):
    seen.listen("thing.done", "other.done")
    for name in ("thing.done", "other.done", "third.done", "thing.done"):
        await deliver(bus, Event(type=name))
    assert seen == ["thing.done", "other.done", "thing.done"]


async def test_a_handler_added_for_a_base_reaches_plans_that_were_there(bus, seen, deliver):
    await deliver(bus, OrderPlacedAgain())
    await deliver(bus, Parcel())
    seen.listen(OrderEvent, object)
    await deliver(bus, OrderPlacedAgain())
    await deliver(bus, Parcel())
    assert seen == ["OrderEvent", "object", "object"]


@pytest.mark.parametrize("wrong", [None, 3, "thing.done", {"type": "thing.done"}, [], OrderPlaced, ...], ids=repr)
async def test_what_is_no_event_is_refused(bus, deliver, wrong):
    with pytest.raises(NotAnEvent, match="publish takes an event"):
        await deliver(bus, wrong)


# --- more handlers than a plan writes out


async def test_more_handlers_than_are_written_out_are_called_in_order(bus, deliver):
    order = []

    def sync(number):
        def handle(event):
            order.append(number)

        return handle

    def asynchronous(number):
        async def handle(event):
            order.append(number)

        return handle

    for number in range(150):
        bus.subscribe("thing.done", (sync if number % 2 else asynchronous)(number), name=str(number))
    result = await deliver(bus, Event(type="thing.done"))
    assert order == [*range(1, 150, 2), *range(0, 150, 2)]
    assert result.handlers == tuple(map(str, order))
    assert result.values == ()


@pytest.mark.parametrize("count", [63, 64, 65, 66])
async def test_the_number_makes_no_difference(bus, deliver, count):
    async def last(event):
        return "async"

    for number in range(count - 1):
        bus.subscribe("thing.done", lambda event, number=number: number or None, name=str(number))
    bus.subscribe("thing.done", last)
    result = await deliver(bus, Event(type="thing.done"))
    assert result.values == (*range(1, count - 1), "async")


async def test_in_stages_too(bus, deliver):
    order = []
    for stage in range(3):
        for number in range(40):

            async def asynchronous(event, stage=stage):
                order.append(stage)

            options = {"after": f"{stage - 1} 0"} if stage else {}
            handler = asynchronous if number % 2 else lambda event, stage=stage: order.append(stage)
            bus.subscribe("thing.done", handler, name=f"{stage} {number}", **options)
    assert (await deliver(bus, Event(type="thing.done"))).ok
    assert order == [0] * 40 + [1] * 40 + [2] * 40


async def test_one_async_among_many_is_awaited_in_place(bus):
    tasks = []

    async def alone(event):
        tasks.append(asyncio.current_task())

    for number in range(70):
        bus.subscribe("thing.done", lambda event: None, name=str(number))
    bus.subscribe("thing.done", alone)
    await bus.publish(Event(type="thing.done"))
    assert tasks == [asyncio.current_task()]


@pytest.mark.parametrize("sequential", [True, False])
async def test_failures_among_many_are_isolated(other_bus, deliver, sequential):
    bus = other_bus(sequential=sequential)

    async def fail_async(event):
        raise KeyError

    for number in range(100):
        handler = (lambda event: 1 / 0, fail_async, lambda event: "value", lambda event: None)[number % 4]
        bus.subscribe("thing.done", lambda event, handler=handler: handler(event), name=str(number))
    result = await deliver(bus, Event(type="thing.done"))
    assert [type(failure.exception) for failure in result.failures] == [ZeroDivisionError, KeyError] * 25
    assert result.values == ("value",) * 25


async def test_full_success_of_many_is_the_shared_result(bus, deliver):
    async def nothing(event):
        pass

    for number in range(70):
        bus.subscribe("thing.done", lambda event: nothing(event), name=f"hidden {number}")
        bus.subscribe("thing.done", lambda event: None, name=f"sync {number}")
    assert await deliver(bus, Event(type="thing.done")) is await deliver(bus, Event(type="thing.done"))
