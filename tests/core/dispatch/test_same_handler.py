"""When two subscriptions are one, and how they end."""

from __future__ import annotations

import functools
from unittest.mock import Mock

import pytest

from plugbus import Event, EventBase, EventHandler, event


@event("same.order.placed")
class OrderPlaced(EventBase):
    pass


@event("same.order.paid")
class OrderPaid(EventBase):
    pass


class Stock:
    """A handler with state: its methods are made anew whenever they are asked for."""

    def __init__(self, calls):
        self.calls = calls

    def reserve(self, event):
        self.calls.append(self)

    @classmethod
    def audit(cls, event):
        pass

    def __call__(self, event):
        self.calls.append(self)

    def __eq__(self, other):
        return True

    __hash__ = None


def done():
    return Event(type="thing.done")


@pytest.fixture
def calls():
    return []


def test_the_same_function_subscribed_twice_is_one_subscription(bus, calls):
    bus.subscribe("thing.done", calls.append)
    bus.subscribe("thing.done", calls.append)
    bus.publish_sync(done())
    assert len(calls) == 1


def test_the_later_options_win(bus, calls):
    def handler(event):
        calls.append(event)

    bus.subscribe("thing.done", handler, when=lambda event: False)
    bus.subscribe("thing.done", handler)
    bus.publish_sync(done())
    (subscription,) = bus.subscriptions()
    assert subscription.options.when is None
    assert len(calls) == 1


def test_the_place_in_the_order_stays(bus):
    order = []

    def a(event):
        order.append("a")

    def b(event):
        order.append("b")

    for handler in (a, b, a):
        bus.subscribe("thing.done", handler)
    bus.publish_sync(done())
    assert order == ["a", "b"]


def test_the_same_function_for_another_thing_is_another_subscription(bus, calls):
    bus.subscribe("thing.done", calls.append)
    bus.subscribe("other.done", calls.append)
    assert len(bus.subscriptions()) == 2


def test_the_same_things_in_another_order_are_the_same(bus, calls):
    bus.subscribe(["thing.done", OrderPlaced], calls.append)
    bus.subscribe((OrderPlaced, "thing.done"), calls.append)
    assert len(bus.subscriptions()) == 1


def test_an_event_that_fits_two_things_of_one_subscription_is_handled_once(bus, calls):
    bus.subscribe((OrderPlaced, "same.order.*", EventBase, "*"), calls.append)
    bus.publish_sync(OrderPlaced())
    assert len(calls) == 1


def test_bound_methods_are_the_same_by_instance_and_function(bus, calls):
    one, two = Stock(calls), Stock(calls)
    for stock in (one, one, two):
        bus.subscribe("thing.done", stock.reserve)
    bus.publish_sync(done())
    assert [call is one for call in calls] == [True, False]


def test_methods_of_classes_and_of_builtin_objects_are_compared_alike(bus, calls):
    for _ in range(2):
        bus.subscribe("thing.done", Stock.audit)
        bus.subscribe("thing.done", calls.append)
        bus.subscribe("thing.done", Stock(calls).__call__)
    assert len(bus.subscriptions()) == 4  # two different instances behind `__call__`


def test_callable_objects_partials_and_mocks_are_the_same_by_identity(bus, calls):
    for handler in (Stock(calls), functools.partial(calls.append), Mock()):
        bus.subscribe("thing.done", handler)
        bus.subscribe("thing.done", handler)
    bus.subscribe("thing.done", functools.partial(calls.append))
    assert len(bus.subscriptions()) == 4


def test_two_lambdas_are_two_handlers(bus, calls):
    for _ in range(2):
        bus.subscribe("thing.done", lambda event: calls.append(event))
    bus.publish_sync(done())
    assert len(calls) == 2


def test_an_equal_explicit_name_replaces(bus, calls):
    bus.subscribe("thing.done", lambda event: calls.append("old"), name="note")
    bus.subscribe("thing.done", lambda event: calls.append("new"), name="note")
    bus.publish_sync(done())
    assert calls == ["new"]


def test_an_equal_name_for_another_thing_does_not(bus, calls):
    bus.subscribe("thing.done", lambda event: calls.append("thing"), name="note")
    bus.subscribe("other.done", lambda event: calls.append("other"), name="note")
    bus.publish_sync(done())
    assert calls == ["thing"]


def test_start_up_code_that_runs_twice_subscribes_once(bus, calls):
    def set_up():
        @bus.on("thing.done", name="count")
        def count(event):
            calls.append(event)

    set_up()
    set_up()
    bus.publish_sync(done())
    assert len(calls) == 1


def test_on_returns_the_function_as_it_was(bus):
    @bus.on("thing.done", "other.done")
    def handler(event):
        return "called"

    assert handler(None) == "called"
    assert bus.publish_sync(Event(type="other.done")).values == ("called",)


# --- unsubscribe


def test_a_subscription_can_be_unsubscribed(bus, calls):
    subscription = bus.subscribe("thing.done", calls.append)
    assert bus.unsubscribe(subscription) is True
    bus.publish_sync(done())
    assert not calls
    assert bus.unsubscribe(subscription) is False


def test_a_handler_alone_is_unsubscribed_from_everything(bus, calls):
    bus.subscribe("thing.done", calls.append)
    bus.subscribe(OrderPlaced, calls.append)
    bus.subscribe(OrderPlaced, calls.extend, name="other")
    assert bus.unsubscribe(calls.append) is True
    assert [subscription.name for subscription in bus.subscriptions()] == ["other"]


def test_a_handler_is_unsubscribed_from_one_thing(bus, calls):
    bus.subscribe("thing.done", calls.append)
    bus.subscribe("other.done", calls.append)
    assert bus.unsubscribe("thing.done", calls.append) is True
    assert bus.unsubscribe("thing.done", calls.append) is False
    assert [subscription.what for subscription in bus.subscriptions()] == [("other.done",)]


def test_bound_methods_are_found_though_they_are_new_objects(bus, calls):
    stock = Stock(calls)
    bus.subscribe("thing.done", stock.reserve)
    bus.subscribe("thing.done", stock)
    assert bus.unsubscribe(stock.reserve) is True
    assert bus.unsubscribe(stock) is True
    assert bus.subscriptions() == ()


def test_an_event_handler_can_be_unsubscribed(bus, calls):
    class Handler(EventHandler):
        event_types = ("thing.done", OrderPlaced)

        def handle(self, event):
            calls.append(event)

    handler = Handler()
    bus.subscribe(handler)
    assert bus.unsubscribe(Handler()) is False
    assert bus.unsubscribe(handler) is True
    bus.publish_sync(OrderPlaced())
    assert not calls


def test_to_unsubscribe_an_unknown_handler_is_no_error(bus):
    assert bus.unsubscribe(print) is False
    assert bus.unsubscribe("thing.done", print) is False
    assert bus.unsubscribe(OrderPlaced, print) is False


def test_a_replaced_subscription_does_not_take_its_successor_along(bus, calls):
    old = bus.subscribe("thing.done", calls.append)
    bus.subscribe("thing.done", calls.append)
    assert bus.unsubscribe(old) is False
    bus.publish_sync(done())
    assert len(calls) == 1


async def test_to_unsubscribe_inside_a_handler_takes_effect_with_the_next_publish(bus, deliver, calls):
    async def late(event):
        calls.append("late")

    def early(event):
        bus.unsubscribe(late)

    bus.subscribe("thing.done", early)
    bus.subscribe("thing.done", late)
    await deliver(bus, done())
    await deliver(bus, done())
    assert calls == ["late"]


async def test_to_subscribe_inside_a_handler_takes_effect_with_the_next_publish(bus, deliver, calls):
    async def added(event):
        calls.append("added")

    def add(event):
        bus.subscribe("thing.done", added)

    bus.subscribe("thing.done", add)
    await deliver(bus, done())
    assert calls == []
    await deliver(bus, done())
    assert calls == ["added"]


async def test_a_publish_inside_a_handler_sees_what_that_handler_has_subscribed(bus, deliver, calls):
    async def add(event):
        bus.subscribe("inner.done", lambda event: calls.append("added"))
        await bus.publish(Event(type="inner.done"))

    await bus.publish(Event(type="inner.done"))
    bus.subscribe("thing.done", add, once=True)
    await deliver(bus, done())
    assert calls == ["added"]
