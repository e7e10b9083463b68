"""From what a user hands to `subscribe`, `unsubscribe` and `add_...` to what the dispatcher keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from plugbus._signatures import check_arguments
from plugbus._suggest import did_you_mean
from plugbus.errors import InvalidHandler, InvalidPattern
from plugbus.handlers import DEFAULT_OPTIONS, EventHandler, Options, Subscription, is_async
from plugbus.logger import guarded
from plugbus.middleware import _CARRIED, Monitor


if TYPE_CHECKING:
    from plugbus._call import InterceptorForms

__all__ = ("carried_by", "check_contribution", "forms_of", "subscription_of", "told")

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
        hint = did_you_mean(unknown[0], _OPTION_NAMES) or f"There are {', '.join(_OPTION_NAMES)}"
        raise InvalidHandler(f"a subscription has no option {unknown[0]!r}. {hint}")
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
        raise InvalidHandler(_incomplete(what))
    if not isinstance(what, str | type | Iterable):
        raise InvalidPattern(f"a handler listens to a class of events or a pattern of types, not to {what!r}")
    return Subscription(what, handler, Options(**options) if options else DEFAULT_OPTIONS, plugin)


def _incomplete(what: Any) -> str:
    if callable(what) and not isinstance(what, type):
        name = getattr(what, "__name__", repr(what))
        return f"subscribe() does not say what {name} listens to: bus.subscribe(..., {name}), or @bus.on(...) above it"
    shown = what.__name__ if isinstance(what, type) else repr(what)
    return f"subscribe() got no handler for {shown}; as a decorator write @bus.on({shown})"


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
        if hasattr(value, "intercept") and is_async(value.intercept):
            # It would wrap sync handlers alone, and could not await them.
            raise InvalidHandler(
                f"interceptor {label}: intercept is the sync form; name it intercept_async if it is async"
            )
        for form in forms or [value]:
            check_arguments(form, f"interceptor {label}", ("event", "call_next"))
    return str(label)


def told(monitors: Sequence[Monitor], method: str) -> tuple[Callable[..., None], ...]:
    """Return one method of those monitors that have it; what it raises is logged."""
    base = getattr(Monitor, method)
    return tuple(
        guarded(getattr(monitor, method)) for monitor in monitors if getattr(type(monitor), method, base) is not base
    )


def carried_by(handler: Any, bus: Any) -> tuple[InterceptorForms, ...]:
    """
    Return the interceptors that a handler brings along, the outermost first.

    Args:
        handler: What is called, perhaps in partials.
        bus: The bus that calls it.

    Raises:
        InvalidHandler: If one does not have the shape that is called.
    """
    found: list[Any] = []
    while True:
        found += getattr(handler, _CARRIED, ())
        if not isinstance(handler, partial):
            break
        handler = handler.func
    here = [one.for_bus(bus) if hasattr(type(one), "for_bus") else one for one in found]
    return tuple(forms_of(check_contribution("interceptors", one, None), one) for one in here if one is not None)


def forms_of(name: str, interceptor: Any) -> InterceptorForms:
    """Return the sync and the async form of an interceptor."""
    from plugbus._call import InterceptorForms

    sync, asynchronous = getattr(interceptor, "intercept", None), getattr(interceptor, "intercept_async", None)
    if sync is None and asynchronous is None:
        sync, asynchronous = (None, interceptor) if is_async(interceptor) else (interceptor, None)
    return InterceptorForms(name, sync, asynchronous)
