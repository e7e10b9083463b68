"""
The three ways to stand beside the handlers.

A middleware sees every event before its handlers, an interceptor wraps every call of a handler, a monitor is told of
what happened.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable


if TYPE_CHECKING:
    from plugbus.handlers import Subscription
    from plugbus.result import HandlerFailure, PublishResult

__all__ = ("AsyncInterceptor", "Interceptor", "Middleware", "Monitor", "TypedMiddleware")

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
