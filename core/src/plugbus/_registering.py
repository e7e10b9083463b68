"""What is registered on a bus: handlers, middleware, interceptors, monitors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

from plugbus.dispatcher import Dispatcher
from plugbus.handlers import EventHandler, Handler, OptionKeywords, Subscription, What, check_what, identity


if TYPE_CHECKING:
    from plugbus._registry import Kind
    from plugbus.middleware import AsyncInterceptor, Interceptor, Middleware, Monitor

__all__ = ("Registering",)

F = TypeVar("F", bound=Handler)


class Registering:
    """The half of a bus through which things are registered on it."""

    _dispatcher: Dispatcher

    def on(self, *what: What, **options: Unpack[OptionKeywords]) -> Callable[[F], F]:
        """
        Subscribe the decorated function.

        Args:
            what: Classes of events and patterns of event types.
            options: As in `Options`.
        """
        check_what(what)

        def decorate(handler: F) -> F:
            self.subscribe(what, handler, **options)
            return handler

        return decorate

    @overload
    def subscribe(self, what: EventHandler, /, **options: Unpack[OptionKeywords]) -> Subscription: ...

    @overload
    def subscribe(
        self, what: What | Iterable[What], handler: Handler | EventHandler, /, **options: Unpack[OptionKeywords]
    ) -> Subscription: ...

    def subscribe(
        self,
        what: What | Iterable[What] | EventHandler,
        handler: Handler | EventHandler | None = None,
        /,
        **options: Any,
    ) -> Subscription:
        """
        Subscribe a handler.

        The same handler subscribed to the same thing again is one subscription; the later options win.

        Args:
            what: A class of events (its subclasses included), a pattern, or several of them; or an `EventHandler`
                alone, which names its own.
            handler: A callable that takes the event, sync or async.
            options: As in `Options`.

        Raises:
            InvalidPattern: If `what` is neither class nor pattern.
            InvalidHandler: If the handler cannot be called with such events, or an option does not fit it.
        """
        from plugbus._contributions import subscription_of

        subscription = subscription_of(what, handler, dict(options))
        self._dispatcher.add(subscription)
        return subscription

    @overload
    def unsubscribe(self, what: Subscription | Handler | EventHandler, /) -> bool: ...

    @overload
    def unsubscribe(self, what: What, handler: Handler | EventHandler, /) -> bool: ...

    def unsubscribe(self, what: Any, handler: Any = None, /) -> bool:
        """
        Unsubscribe a subscription, all subscriptions of a handler, or a handler from one thing.

        A handler that is subscribed to several things goes on to listen to the others.

        Returns:
            Whether there was anything to unsubscribe; it is no error if not.
        """
        if isinstance(what, Subscription):
            return self._dispatcher.discard(what)
        if handler is not None:
            check_what((what,))
            return self._dispatcher.narrow(what, identity(handler))
        mark = identity(what)
        return bool(self._dispatcher.remove(lambda subscription: identity(subscription.handler) == mark))

    def add_middleware(self, middleware: Middleware, *, name: str | None = None) -> Callable[[], None]:
        """
        Add a middleware behind those that are there.

        Args:
            middleware: Takes an event; returns it, another one, or None to block it. Sync or async. May offer
                `for_type(event_type)`, asked once for each type, to leave itself out.
            name: Its name in results and logs.

        Returns:
            A function that takes it back.

        Raises:
            InvalidHandler: If it cannot be called with an event.
        """
        return self._add("middleware", middleware, name)

    def add_interceptor(
        self, interceptor: Interceptor | AsyncInterceptor | Callable[[Any, Any], Any], *, name: str | None = None
    ) -> Callable[[], None]:
        """
        Add an interceptor inside of those that are there: it wraps each call of a handler.

        Args:
            interceptor: `(event, call_next) -> value`, sync or async; or an object with `intercept`,
                `intercept_async`, or both.
            name: Its name in logs.

        Returns:
            A function that takes it back.

        Raises:
            InvalidHandler: If it cannot be called so.
        """
        return self._add("interceptors", interceptor, name)

    def add_monitor(self, monitor: Monitor, *, name: str | None = None) -> Callable[[], None]:
        """
        Add a monitor: it is told of what happened.

        Returns:
            A function that takes it back.

        Raises:
            InvalidHandler: If it does not derive from `Monitor`.
        """
        return self._add("monitors", monitor, name)

    def _add(self, kind: Kind, value: Any, name: str | None) -> Callable[[], None]:
        from plugbus._contributions import check_contribution
        from plugbus._registry import Contribution

        return self._dispatcher.extend(kind, Contribution(check_contribution(kind, value, name), value))

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Return all subscriptions, in the order in which they were made."""
        return self._dispatcher.subscriptions

    @contextmanager
    def snapshot(self) -> Iterator[Self]:
        """Put back the handlers, middleware, interceptors and monitors at the end of the block. For tests."""
        state = self._dispatcher.state()
        try:
            yield self
        finally:
            self._dispatcher.restore(state)
