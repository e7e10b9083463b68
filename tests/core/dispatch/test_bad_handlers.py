"""Handlers that could not be called, would do nothing, or would get the wrong events, are refused when subscribed."""

from __future__ import annotations

import contextlib
import functools
import typing
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, runtime_checkable
from unittest.mock import Mock

import pytest

from plugbus import Event, EventBase, EventHandler, event
from plugbus.errors import DefinitionError, InvalidHandler, InvalidPattern


if TYPE_CHECKING:
    from somewhere import Unknown

T = TypeVar("T")


class OrderEvent(EventBase):
    """A base of others."""


@event("bad.order.placed")
class OrderPlaced(OrderEvent):
    pass


@event("bad.order.paid")
class OrderPaid(OrderEvent):
    pass


class Foreign:
    pass


class HasNumber(Protocol):
    number: int


class Box(Generic[T]):
    pass


# --- arguments


def test_a_handler_that_takes_no_argument_is_refused(bus):
    def handler():
        pass

    with pytest.raises(InvalidHandler, match=r"handler handler\(\) must be callable with 1 argument \(event\)"):
        bus.subscribe("thing.done", handler)


def test_one_that_requires_two_is_refused(bus):
    async def handler(event, session):
        pass

    with pytest.raises(InvalidHandler, match="missing a required argument: 'session'"):
        bus.subscribe("thing.done", handler)


def test_one_that_requires_a_keyword_is_refused(bus):
    def handler(event, *, session):
        pass

    with pytest.raises(InvalidHandler, match="session"):
        bus.subscribe("thing.done", handler)


def test_a_method_that_takes_no_event_is_refused(bus):
    class Handler(EventHandler):
        event_types = ("thing.done",)

        def handle(self):
            pass

    with pytest.raises(InvalidHandler, match="handler Handler"):
        bus.subscribe(Handler())


def test_a_partial_that_has_taken_the_place_of_the_event_is_refused(bus):
    with pytest.raises(InvalidHandler):
        bus.subscribe("thing.done", functools.partial(lambda event: None, 1))


def test_optional_arguments_are_no_reason(bus):
    bus.subscribe("thing.done", lambda event, session=None, *rest, **more: None)
    bus.subscribe("thing.done", lambda *arguments: None)
    assert bus.publish_sync(Event(type="thing.done")).ok


def test_the_error_is_a_definition_error_and_so_a_type_error(bus):
    with pytest.raises(DefinitionError):
        bus.subscribe("thing.done", lambda: None)
    with pytest.raises(TypeError):
        bus.subscribe("thing.done", lambda: None)


def test_a_refused_handler_is_not_subscribed(bus):
    with contextlib.suppress(InvalidHandler):
        bus.subscribe("thing.done", lambda: None)
    assert bus.subscriptions() == ()


# --- what is no handler


class Handler(EventHandler):
    event_types = ("thing.done",)

    def handle(self, event):
        pass


@pytest.mark.parametrize("handler", [Handler, dict, 3, "handler", object()], ids=lambda handler: type(handler).__name__)
def test_what_is_no_function_and_no_object_with_a_handle_is_refused(bus, handler):
    with pytest.raises(InvalidHandler, match="a handler is a function or an EventHandler object"):
        bus.subscribe("thing.done", handler)


def test_an_event_handler_without_a_handle_cannot_be_made():
    class Empty(EventHandler):
        event_types = ("thing.done",)

    with pytest.raises(TypeError, match="handle"):
        Empty()


def test_an_event_handler_that_names_no_types_is_refused(bus):
    class Deaf(EventHandler):
        def handle(self, event):
            pass

    with pytest.raises(InvalidPattern, match="listens to nothing"):
        bus.subscribe(Deaf())


def test_an_event_handler_names_its_types_alone(bus):
    with pytest.raises(InvalidHandler, match="names its own event types: subscribe it alone"):
        bus.subscribe(Handler(), print)


def test_a_missing_handler_is_an_error_that_shows_the_decorator(bus):
    with pytest.raises(InvalidHandler, match=r"as a decorator write @bus.on\('thing.done'\)"):
        bus.subscribe("thing.done")
    with pytest.raises(InvalidHandler, match=r"no handler for OrderPlaced; .* write @bus.on\(OrderPlaced\)"):
        bus.subscribe(OrderPlaced)


def test_a_handler_without_what_it_listens_to_is_an_error_that_shows_the_call(bus):
    def greet(event):
        pass

    with pytest.raises(InvalidHandler, match=r"what greet listens to.*bus.subscribe\(\.\.\., greet\)"):
        bus.subscribe(greet)


@pytest.mark.parametrize("what", [3, None, Event(type="thing.done"), [3], []], ids=str)
def test_what_is_neither_class_nor_pattern_is_refused(bus, what):
    with pytest.raises(InvalidPattern):
        bus.subscribe(what, print)


class Bare(Protocol):
    def handled(self) -> None: ...


@runtime_checkable
class WithData(Protocol):
    number: int


@runtime_checkable
class WithMethod(Protocol):
    def handled(self) -> None: ...


@pytest.mark.parametrize("protocol", [Bare, WithData])
def test_a_protocol_that_no_class_can_be_checked_against_is_refused(bus, protocol):
    with pytest.raises(InvalidPattern, match=f"{protocol.__name__}.* cannot be told from the class of an event"):
        bus.subscribe(protocol, print)


def test_a_protocol_of_methods_that_is_checked_at_run_time_is_listened_to_like_a_class(bus):
    class Done:
        def handled(self):
            pass

    seen, done = [], Done()
    bus.subscribe(WithMethod, seen.append)
    bus.publish_sync(done)
    assert seen == [done]


def test_an_unknown_option_is_refused_with_a_suggestion(bus):
    with pytest.raises(InvalidHandler, match=r"no option 'tiemout'\. Did you mean 'timeout'"):
        bus.subscribe("thing.done", print, tiemout=3)


@pytest.mark.parametrize("option", ["once", "first", "replay", "in_thread"])
def test_an_option_that_is_on_or_off_takes_no_words(bus, option):
    with pytest.raises(DefinitionError, match=f"{option} is True or False, got 'no'"):
        bus.subscribe("thing.done", print, **{option: "no"})


@pytest.mark.parametrize("name", ["", 3, print])
def test_a_name_is_text_that_is_not_empty(bus, name):
    with pytest.raises(DefinitionError, match="name is a string that is not empty, got"):
        bus.subscribe("thing.done", print, name=name)


# --- handlers that would do nothing


def generator(event):
    yield event


async def async_generator(event):
    yield event


class Yielding:
    def __call__(self, event):
        yield event

    async def method(self, event):
        yield event


@pytest.mark.parametrize(
    "handler",
    [generator, async_generator, Yielding(), Yielding().method, functools.partial(generator)],
    ids=["generator", "async generator", "object", "method", "partial"],
)
def test_a_handler_that_yields_would_do_nothing_and_is_refused(bus, handler):
    with pytest.raises(InvalidHandler, match="yields, so calling it does nothing"):
        bus.subscribe("thing.done", handler)


# --- annotations


def takes(annotation):
    """Make handlers whose event is annotated: as a value, and as a string."""

    def by_value(event):
        pass

    by_value.__annotations__["event"] = annotation
    return by_value


FITTING = [
    (OrderPlaced, OrderPlaced),
    (OrderPlaced, OrderEvent),
    (OrderPlaced, EventBase),
    (OrderPlaced, object),
    (OrderPlaced, Any),
    (OrderPlaced, OrderPlaced | OrderPaid),
    (OrderPlaced, typing.Union[OrderPaid, OrderPlaced]),  # noqa: UP007  (both spellings)
    (OrderPlaced, typing.Optional[OrderPlaced]),  # noqa: UP045  (both spellings)
    (OrderPlaced, typing.Annotated[OrderPlaced, "remark"]),
    (OrderPlaced, HasNumber),
    (OrderPlaced, T),
    (OrderPlaced, Box[int]),
    (OrderPlaced, OrderPaid | Box[int]),
    (OrderPlaced, typing.Callable),
    ((OrderPlaced, OrderPaid), OrderPlaced | OrderPaid),
    ((OrderPlaced, OrderPaid), OrderEvent),
    ("bad.order.placed", OrderPlaced),
    ("bad.order.*", OrderPlaced),
    ("*", OrderPlaced),
    ("thing.done", Event),
    ("thing.done", EventBase),
    ("bad.order.placed", OrderEvent),
    ("thing.done", Foreign),
    ("thing.done", object),
    (Foreign, Foreign),
    (OrderPlaced, "OrderPlaced"),
    (OrderPlaced, "OrderPlaced | OrderPaid"),
    (OrderPlaced, "Unknown"),
    (OrderPlaced, "not even an annotation ("),
]


@pytest.mark.parametrize(("what", "annotation"), FITTING, ids=repr)
def test_an_annotation_that_fits_the_subscription(bus, what, annotation):
    assert bus.subscribe(what, takes(annotation))


CONTRADICTING = [
    (OrderPlaced, OrderPaid, "takes OrderPaid, but is subscribed to OrderPlaced"),
    (OrderEvent, OrderPlaced, "takes OrderPlaced, but is subscribed to OrderEvent"),
    ((OrderPlaced, OrderPaid), OrderPlaced, "but is subscribed to OrderPaid"),
    (OrderPlaced, Event, "takes Event, but"),
    (OrderPlaced, int, "takes int, but"),
    (OrderPlaced, OrderPaid | int, r"takes OrderPaid \| int, but"),
    (OrderPlaced, "OrderPaid", "takes OrderPaid, but"),
    (OrderPlaced, "OrderPaid | Foreign", r"takes OrderPaid \| Foreign, but"),
    (object, OrderPlaced, "is subscribed to object"),
    ("bad.order.paid", OrderPlaced, "takes OrderPlaced, but is subscribed to bad.order.paid"),
    ("bad.item.*", OrderPlaced, r"is subscribed to bad\.item\.\*"),
    (("bad.order.placed", "thing.done"), OrderPlaced, "is subscribed to thing.done"),
    (Foreign, OrderPlaced, "is subscribed to Foreign"),
]


@pytest.mark.parametrize(("what", "annotation", "message"), CONTRADICTING, ids=repr)
def test_an_annotation_that_contradicts_the_subscription_is_refused(bus, what, annotation, message):
    with pytest.raises(InvalidHandler, match=message):
        bus.subscribe(what, takes(annotation))


def test_annotations_of_methods_partials_and_decorated_functions_count(bus):
    class Stock:
        def reserve(self, event: OrderPaid):
            pass

        async def __call__(self, event: OrderPaid):
            pass

    def with_more(stock: int, event: OrderPaid):
        pass

    @functools.wraps(with_more)
    def decorated(*arguments):
        pass

    @functools.wraps(Stock.__call__)
    async def forwarding(*arguments):
        pass

    for handler in (Stock().reserve, Stock(), functools.partial(with_more, 1)):
        with pytest.raises(InvalidHandler, match="takes OrderPaid"):
            bus.subscribe(OrderPlaced, handler)
        assert bus.subscribe(OrderPaid, handler)


def test_only_the_annotation_of_the_event_counts(bus):
    def handler(event, attempts: int = 3, *, log: Any = None) -> str:
        return "called"

    def unresolved(event: OrderPlaced, session: Unknown = None) -> Unknown:
        return "called"

    bus.subscribe(OrderPlaced, handler)
    bus.subscribe(OrderPlaced, unresolved)
    assert bus.publish_sync(OrderPlaced()).values == ("called", "called")
    with pytest.raises(InvalidHandler, match="takes OrderPlaced"):
        bus.subscribe(OrderPaid, unresolved)


def test_a_decorator_that_adds_arguments_of_its_own_is_no_contradiction(bus):
    def in_session(handler):
        @functools.wraps(handler)
        def wrapper(event):
            return handler("a session", event)

        return wrapper

    @bus.on(OrderPlaced)
    @in_session
    def handler(session: str, event: OrderPlaced):
        return session

    assert bus.publish_sync(OrderPlaced()).values == ("a session",)


def test_a_mock_takes_everything(bus):
    assert bus.subscribe(OrderPlaced, Mock())
    assert bus.subscribe(OrderPlaced, Mock(spec=lambda event: None))
