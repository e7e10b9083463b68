from __future__ import annotations

import pytest

from plugbus import Event, EventBase, EventBus, event, on_event
from plugbus.doctor import examine


@event("doctor_order.placed")
class OrderPlaced(EventBase):
    number: int


@event("doctor_order.paid")
class OrderPaid(EventBase):
    number: int


class OrderEvent(EventBase):
    number: int


@pytest.fixture
def bus():
    return EventBus()


def anything(event): ...


@pytest.mark.parametrize(
    ("what", "remedy"),
    [
        ("doctor_order.plaecd", "Did you mean 'doctor_order.placed'?"),
        ("user.creatd", "Did you mean 'user.created'?"),
        ("service.shutdwn", "Did you mean 'service.shutdown'?"),
        ("nowhere.*", None),
        ("*.*.nowhere", None),
    ],
)
def test_a_handler_that_listens_to_what_nobody_defines_is_found(bus, what, remedy):
    bus.subscribe(["user.login", what], anything)
    (finding,) = (one for one in examine(bus).findings if one.number == "PB301")
    assert finding.message == f"handler anything listens to {what!r}, which no class of events has"
    assert finding.place == f"{__name__}.anything"
    assert remedy in {None, finding.remedy}


def test_a_base_of_events_with_no_type_below_it_is_found(bus, found):
    bus.subscribe(OrderEvent, anything)
    assert found("PB301", bus) == [
        "handler anything listens to class OrderEvent, which has no event type and no class below it has one"
    ]


@pytest.mark.parametrize(
    "what", ["*", "user.*", "*.created", "service.shutdown", "doctor_order.paid", OrderPaid, Event, EventBase, dict]
)
def test_a_handler_that_listens_to_something_is_fine(bus, found, what):
    bus.subscribe(what, anything)
    assert found("PB301", bus) == []


def test_a_type_that_nobody_listens_to_is_a_note(bus, found):
    bus.subscribe(OrderPaid, anything)
    messages = found("PB302", bus)
    assert "nobody listens to 'doctor_order.placed'" in messages
    assert "nobody listens to 'doctor_order.paid'" not in messages
    assert not any("service.shutdown" in message for message in messages)
    bus.subscribe("*", anything)
    assert found("PB302", bus) == []


def test_a_pattern_that_brings_more_than_the_handler_takes_is_found(bus, found):
    def send(event: OrderPlaced): ...

    bus.subscribe("doctor_order.*", send)
    assert found("PB303", bus) == ["handler send takes OrderPlaced, but also gets doctor_order.paid (OrderPaid)"]


def test_a_handler_of_generic_events_that_gets_typed_ones_is_found(bus, found):
    def send(event: Event): ...

    bus.subscribe("doctor_order.paid", send)
    assert found("PB303", bus) == ["handler send takes Event, but also gets doctor_order.paid (OrderPaid)"]


def test_many_misfits_are_counted(bus, found):
    kept = [event(f"doctor_many.n{number}")(type(f"N{number}", (EventBase,), {})) for number in range(5)]

    def send(event): ...

    send.__annotations__["event"] = kept[0]
    bus.subscribe("doctor_many.*", send)
    assert found("PB303", bus) == [
        "handler send takes N0, but also gets doctor_many.n1 (N1), doctor_many.n2 (N2), doctor_many.n3 (N3) and 1 more"
    ]


@pytest.mark.parametrize("annotation", ["OrderPlaced | OrderPaid", "EventBase", "object", "'Unknown'", "None"])
def test_handlers_that_take_what_they_get_or_do_not_say_are_fine(bus, found, annotation):
    def send(event): ...

    send.__annotations__["event"] = annotation
    if annotation == "None":
        send.__annotations__.clear()
    bus.subscribe("doctor_order.*", send)
    assert found("PB303", bus) == []


def test_every_name_in_an_order_that_stands_for_nobody_is_found(bus, found):
    bus.subscribe("user.created", anything, after=["one", "two"])
    bus.subscribe("user.created", print, name="print", before="three")
    messages = found("PB304", bus)
    assert len(messages) == 3
    assert messages[0].startswith("handler anything runs after 'one', but no handler has that name")


def test_an_ambiguous_name_is_found(bus, found):
    bus.subscribe("user.created", lambda event: None, name="twin")
    bus.subscribe("user.deleted", lambda event: None, name="twin")
    bus.subscribe("user.created", anything, after="twin")
    (message,) = found("PB304", bus)
    assert "that is ambiguous" in message


def test_a_circle_of_handlers_is_found_once(bus, found):
    bus.subscribe("user.*", anything, after="other")
    bus.subscribe("user.*", lambda event: None, name="other", after="anything")
    (message,) = found("PB304", bus)
    assert message.startswith("the order of handlers is a cycle: ")


def test_an_order_that_holds_is_fine(bus, found):
    bus.subscribe("user.*", anything)
    bus.subscribe(OrderPaid, lambda event: None, name="other", after="anything")
    assert found("PB304", bus) == []


def test_handlers_that_wait_for_a_default_bus_that_nobody_builds_are_found(bus, found):
    try:

        @on_event("user.created")
        def waiting(event): ...

        @on_event("user.created")
        def here(event): ...

        bus.subscribe("user.created", here)
        assert found("PB305", bus) == [
            "waiting: declared with on_event, so waiting for the default bus, which this is not"
        ]
        with EventBus.override(bus):

            @on_event("user.deleted")
            def direct(event): ...

        assert "direct" not in found("PB305", bus)[0]
    finally:
        EventBus.reset()
    assert found("PB305", bus) == []
