"""
The three ways to stand beside the handlers.

A middleware sees every event before its handlers, an interceptor wraps every call of a handler, a monitor is told of
what happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, runtime_checkable

from plugbus.errors import DefinitionError, InvalidHandler


if TYPE_CHECKING:
    from plugbus.handlers import Subscription
    from plugbus.result import HandlerFailure, PublishResult

__all__ = ("AsyncInterceptor", "Interceptor", "Middleware", "Monitor", "TypedMiddleware", "intercepted")

F = TypeVar("F", bound=Callable[..., Any])

# The attribute under which a handler holds the interceptors that it brings along.
_CARRIED = "__plugbus_interceptors__"

# Returns the event, another one in its place, or None to block it. What it raises goes to the publisher.
Middleware = Callable[[Any], Any]


@runtime_checkable
class TypedMiddleware(Protocol):
    """A middleware that is not interested in every type."""

    def __call__(self, event: Any, /) -> Any:
        """Return the event, another one in its place, or None to block it."""

    def for_type(self, event_type: str, /) -> Middleware | None:
        """Return what shall run for this event type, None if nothing; asked once for each type."""


@runtime_checkable
class Interceptor(Protocol):
    """
    Wraps the calls of sync handlers. May be offered beside `AsyncInterceptor` by the same object.

    A plain function `(event, call_next)` is an interceptor too: a sync one for sync handlers, an async one for all.
    """

    def intercept(self, event: Any, call_next: Callable[[Any], Any], /) -> Any:
        """Call the handler with `call_next(event)` and return what it returns."""


@runtime_checkable
class AsyncInterceptor(Protocol):
    """Wraps the calls of async handlers, and those of sync ones if the object has no `intercept`."""

    async def intercept_async(self, event: Any, call_next: Callable[[Any], Awaitable[Any]], /) -> Any:
        """Call the handler with `await call_next(event)` and return what it returns."""


def intercepted(interceptor: Any, /) -> Callable[[F], F]:
    """
    Have an interceptor wrap the calls of one handler, on every bus that the handler is subscribed on.

    It runs inside of the interceptors of the bus. Of several, the one that is written first is outermost. Called by its
    name, not by a bus, the function is not intercepted.

    Args:
        interceptor: As `bus.add_interceptor` takes it. One with a method `for_bus(bus)` is asked by each bus for the
            interceptor that shall run there; None is none.

    Returns:
        A decorator, for a function, for the method `handle` of an `EventHandler`, or for a callable object.

    Raises:
        InvalidHandler: If it is no interceptor.
        DefinitionError: If what is decorated cannot hold it, as bound methods.
    """
    shapes = ("intercept", "intercept_async", "for_bus")
    if isinstance(interceptor, type) or not (callable(interceptor) or any(hasattr(interceptor, one) for one in shapes)):
        raise InvalidHandler(
            f"{interceptor!r} is no interceptor: a function (event, call_next), or an object with intercept, "
            f"intercept_async or for_bus"
        )

    def mark(handler: F) -> F:
        try:
            setattr(handler, _CARRIED, (interceptor, *getattr(handler, _CARRIED, ())))
        except (AttributeError, TypeError):
            raise DefinitionError(
                f"{handler!r} cannot carry an interceptor: decorate the function where it is defined"
            ) from None
        return handler

    return mark


class Monitor:
    """
    Told of what happened. Derive from it and override what you want to hear; the rest costs nothing.

    What a monitor raises is logged and changes nothing.

    Attributes:
        replays: Whether it is told of events that are replayed being published or blocked, too.
    """

    replays: ClassVar[bool] = True

    def published(self, event: Any, result: PublishResult) -> None:
        """An event has reached its handlers."""

    def blocked(self, event: Any, by: str, error: Exception | None) -> None:
        """A middleware, `by` its name, returned None for an event, or raised `error`."""

    def handled(self, event: Any, subscription: Subscription, value: Any) -> None:
        """A handler has ended well."""

    def failed(self, event: Any, failure: HandlerFailure) -> None:
        """A handler has failed."""
