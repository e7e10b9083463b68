"""From what a user hands to `subscribe`, `unsubscribe` and `add_...` to what the dispatcher keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from plugbus._signatures import check_arguments
from plugbus.errors import InvalidHandler, InvalidPattern
from plugbus.handlers import EventHandler, Options, Subscription, identity
from plugbus.middleware import Monitor


__all__ = ("check_contribution", "concerns", "subscription_of")

_OPTION_NAMES = tuple(field.name for field in attrs.fields(Options))


def subscription_of(what: Any, handler: Any, options: dict[str, Any], plugin: str | None = None) -> Subscription:
    """
    Make the subscription that `bus.subscribe(what, handler, **options)` asks for.

    Raises:
        InvalidHandler: If the handler is missing or no handler, or an option is unknown.
        InvalidPattern: If `what` is neither class nor pattern.
    """
    unknown = sorted(options.keys() - set(_OPTION_NAMES))
    if unknown:
        from difflib import get_close_matches

        close = get_close_matches(unknown[0], _OPTION_NAMES, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(_OPTION_NAMES)}"
        raise InvalidHandler(f"a subscription has no option {unknown[0]!r}; {hint}")
    if isinstance(what, EventHandler):
        if handler is not None:
            raise InvalidHandler(
                f"{type(what).__name__} is a handler and names its own event types: subscribe it alone"
            )
        handler, what = what, what.event_types
        chosen = attrs.evolve(handler.options, **options) if options else handler.options
        return Subscription(what, handler, chosen, plugin)
    if handler is None and isinstance(what, type) and issubclass(what, EventHandler):
        raise InvalidHandler(f"{what.__name__} is a class of handlers; put parentheses behind its name to make one")
    if handler is None:
        raise InvalidHandler(f"subscribe() got no handler for {what!r}; as a decorator write @bus.on({what!r})")
    if not isinstance(what, str | type | Iterable):
        raise InvalidPattern(f"a handler listens to a class of events or a pattern of types, not to {what!r}")
    return Subscription(what, handler, Options(**options), plugin)


def concerns(what: Any, handler: Any) -> Callable[[Subscription], bool]:
    """Return the condition for which subscriptions `bus.unsubscribe(what, handler)` means."""
    if handler is None:
        sought = identity(what)
        return lambda subscription: identity(subscription.handler) == sought
    sought = identity(handler)
    return lambda subscription: identity(subscription.handler) == sought and what in subscription.what


def check_contribution(kind: str, value: Any, name: str | None) -> str:
    """
    Check a middleware, interceptor or monitor, and return its name.

    Raises:
        InvalidHandler: If it does not have the shape that is called.
    """
    label = name or getattr(value, "name", None) or getattr(value, "__name__", None) or type(value).__name__
    if kind == "monitors":
        if not isinstance(value, Monitor):
            raise InvalidHandler(f"monitor {label} does not derive from plugbus.middleware.Monitor")
    elif kind == "middleware":
        if not callable(value) or isinstance(value, type):
            raise InvalidHandler(f"middleware {label} cannot be called: it takes an event and returns it, or None")
        check_arguments(value, f"middleware {label}", ("event",))
    else:
        forms = [getattr(value, form) for form in ("intercept", "intercept_async") if hasattr(value, form)]
        if isinstance(value, type) or not (forms or callable(value)):
            raise InvalidHandler(
                f"interceptor {label} is neither a function (event, call_next) nor an object with intercept or "
                f"intercept_async"
            )
        for form in forms or [value]:
            check_arguments(form, f"interceptor {label}", ("event", "call_next"))
    return str(label)
