"""Handlers, and what binds them to the events they listen to."""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from itertools import count
from types import BuiltinMethodType, MethodType, MethodWrapperType
from typing import Any, Literal, TypedDict, cast

import attrs

from plugbus._kinds import EventKind
from plugbus._names import EVERYTHING, Pattern, parse_pattern
from plugbus.errors import DefinitionError, InvalidHandler, InvalidPattern


__all__ = (
    "DEFAULT_OPTIONS",
    "EventHandler",
    "Handler",
    "OptionKeywords",
    "Options",
    "Pattern",
    "Retry",
    "Subscription",
    "What",
    "check_what",
    "identity",
    "is_async",
    "parse_pattern",
)

# What a handler listens to: a class of events (and its subclasses), or a pattern of event types.
What = str | type

Handler = Callable[[Any], Any]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _positive(_: object, attribute: attrs.Attribute[Any], value: float | None) -> None:
    if value is not None and not (_is_number(value) and value > 0):
        raise DefinitionError(f"{attribute.name} is a number greater than 0, got {value!r}")


def _not_negative(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not (_is_number(value) and value >= 0):
        raise DefinitionError(f"{attribute.name} is a number from 0, got {value!r}")


def _count(_: object, attribute: attrs.Attribute[Any], value: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise DefinitionError(f"{attribute.name} is a whole number from 1, got {value!r}")


def _part(_: object, attribute: attrs.Attribute[Any], value: float) -> None:
    if not (_is_number(value) and 0 <= value <= 1):
        raise DefinitionError(f"{attribute.name} is a number from 0 to 1, got {value!r}")


def _flag(_: object, attribute: attrs.Attribute[Any], value: bool) -> None:
    if not isinstance(value, bool):
        raise DefinitionError(f"{attribute.name} is True or False, got {value!r}")


def _text(_: object, attribute: attrs.Attribute[Any], value: str | None) -> None:
    if value is not None and not (isinstance(value, str) and value):
        raise DefinitionError(f"{attribute.name} is a string that is not empty, got {value!r}")


def _exceptions(value: type[Exception] | Iterable[type[Exception]]) -> tuple[type[Exception], ...]:
    classes = (value,) if isinstance(value, type) else tuple(value)
    if not all(isinstance(one, type) and issubclass(one, Exception) for one in classes):
        raise DefinitionError(f"on names classes of exceptions that derive from Exception, got {value!r}")
    return classes


@attrs.frozen(kw_only=True)
class Retry:
    """
    How often and when a failed handler is called again.

    Args:
        attempts: Calls in all, the first included.
        delay: Seconds before the second call.
        factor: What the delay is multiplied with for each further call.
        max_delay: The longest delay, in seconds.
        jitter: Part of the delay, from 0 to 1, that is left to chance, so that failures do not come back in step.
        on: The exceptions that are worth another call.
    """

    attempts: int = attrs.field(default=3, validator=_count)
    delay: float = attrs.field(default=0.1, validator=_not_negative)
    factor: float = attrs.field(default=2.0, validator=_positive)
    max_delay: float = attrs.field(default=30.0, validator=_not_negative)
    jitter: float = attrs.field(default=0.1, validator=_part)
    on: tuple[type[Exception], ...] = attrs.field(default=(Exception,), converter=_exceptions)

    def pause(self, attempt: int, chance: float) -> float:
        """Return the seconds to wait after a failed attempt, counted from 1; `chance` is from 0 to 1."""
        try:
            longest = min(self.delay * self.factor ** (attempt - 1), self.max_delay)
        except OverflowError:
            longest = self.max_delay
        return longest * (1 - self.jitter * chance)


def _names(value: str | Iterable[str]) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    for name in names:
        if not isinstance(name, str):
            raise DefinitionError(f"before and after take names of handlers, got {name!r}")
    return names


@attrs.frozen(kw_only=True)
class Options:
    """
    How a subscription is dispatched.

    Args:
        name: The handler's name in results, logs, `before` and `after`; a new subscription of the same name to the same
            thing replaces the old one. Default: the function's name, a method's with its class, an object's class.
        timeout: Seconds after which a call has failed; on a sync handler together with `in_thread`.
        retry: When a failed handler is called again.
        when: Tells whether an event is for this handler; called before everything else.
        once: Unsubscribe with the first event.
        before: Names of handlers whose stage comes after this one's.
        after: Names of handlers whose stage comes before this one's.
        first: Run in a stage ahead of all others.
        replay: Take replayed events too.
        in_thread: Run this sync handler in a worker thread.
        loop: The loop of an async handler: the publisher's, or with "bus" the one where plugins were started.
    """

    name: str | None = attrs.field(default=None, validator=_text)
    timeout: float | None = attrs.field(default=None, validator=_positive)
    retry: Retry | None = None
    when: Callable[[Any], bool] | None = None
    once: bool = attrs.field(default=False, validator=_flag)
    before: tuple[str, ...] = attrs.field(default=(), converter=_names)
    after: tuple[str, ...] = attrs.field(default=(), converter=_names)
    first: bool = attrs.field(default=False, validator=_flag)
    replay: bool = attrs.field(default=False, validator=_flag)
    in_thread: bool = attrs.field(default=False, validator=_flag)
    loop: Literal["publisher", "bus"] = "publisher"

    def __attrs_post_init__(self) -> None:
        if self.loop not in ("publisher", "bus"):
            raise DefinitionError(f"loop is 'publisher' or 'bus', got {self.loop!r}")
        if self.retry is not None and not isinstance(self.retry, Retry):
            raise DefinitionError(f"retry is a Retry(...), got {self.retry!r}")
        if self.when is not None and (not callable(self.when) or is_async(self.when)):
            raise DefinitionError(f"when is a sync function that takes the event, got {self.when!r}")
        if self.first and self.after:
            raise DefinitionError("first=True comes ahead of all other handlers, so it cannot come after one")


DEFAULT_OPTIONS = Options()


class OptionKeywords(TypedDict, total=False):
    """The fields of `Options` as keywords of `subscribe`, `on` and `on_event`."""

    name: str | None
    timeout: float | None
    retry: Retry | None
    when: Callable[[Any], bool] | None
    once: bool
    before: str | Iterable[str]
    after: str | Iterable[str]
    first: bool
    replay: bool
    in_thread: bool
    loop: Literal["publisher", "bus"]


class EventHandler(ABC):
    """
    A handler that names its own event types, for handlers with state or settings.

    Attributes:
        event_types: What it listens to: classes of events and patterns of event types.
        options: How it is dispatched.
    """

    event_types: Iterable[What] = ()
    options: Options = DEFAULT_OPTIONS

    @abstractmethod
    def handle(self, event: Any) -> Any:
        """React to an event. May be a coroutine function."""


def is_async(handler: Handler) -> bool:
    """Tell whether calling a handler gives a coroutine, seen through partials and callable objects."""
    target: Any = handler
    while isinstance(target, functools.partial):
        target = target.func
    try:
        if inspect.iscoroutinefunction(target):
            return True
    except TypeError:  # a mock that poses as a function
        return False
    return inspect.iscoroutinefunction(getattr(type(target), "__call__", None))  # noqa: B004  (its kind, not its presence)


def identity(handler: object) -> object:
    """Return what makes two handlers the same: instance and function of a bound method, else the object itself."""
    if isinstance(handler, MethodType):
        return (id(handler.__self__), id(handler.__func__))
    if isinstance(handler, BuiltinMethodType | MethodWrapperType):  # `a_list.append` is a new object each time
        return (id(handler.__self__), handler.__name__)
    return id(handler)


def _own_name(handler: object) -> str:
    while isinstance(handler, functools.partial):
        handler = handler.func
    if isinstance(handler, MethodType):
        owner = handler.__self__
        kind = owner if isinstance(owner, type) else type(owner)
        return f"{kind.__name__}.{_own_name(handler.__func__)}"
    name = getattr(handler, "__name__", None)
    return name if isinstance(name, str) else type(handler).__name__


def check_what(what: tuple[object, ...]) -> None:
    """
    Check what a handler shall listen to.

    Raises:
        InvalidPattern: If it is nothing, or neither class nor pattern.
    """
    if not what:
        raise InvalidPattern("a handler listens to something: name a class of events or a pattern, as in 'user.*'")
    for one in what:
        if isinstance(one, str):
            parse_pattern(one)
        elif not isinstance(one, type):
            hint = "; as a decorator write @bus.on(...) with what it listens to" if callable(one) else ""
            raise InvalidPattern(f"a handler listens to a class of events or a pattern of types, not to {one!r}{hint}")
        else:
            _check_class(one)


def _check_class(cls: type) -> None:
    try:
        issubclass(object, cls)
    except TypeError as error:  # at each publish it would be raised again, to publishers who cannot help it
        raise InvalidPattern(
            f"whether {cls.__name__} fits cannot be told from the class of an event: {error}. "
            f"Listen to a class or a pattern, with when= if need be"
        ) from None


def _things(what: What | Iterable[What]) -> tuple[What, ...]:
    return (what,) if isinstance(what, str | type) else tuple(what)


@attrs.define(eq=False)
class Subscription:
    """
    A handler bound to what it listens to, with its options.

    Yield one from the `handlers` hook of a plugin; elsewhere `bus.subscribe` makes it.

    Args:
        what: A class of events, a pattern, or several of them; an event that fits more than one is handled once.
        handler: A callable that takes the event, sync or async, or an `EventHandler`.
        options: How it is dispatched.
        plugin: The plugin that contributed it.

    Raises:
        InvalidPattern: If `what` is neither class nor pattern.
        InvalidHandler: If the handler cannot be called with an event, or the options do not fit it.
    """

    what: tuple[What, ...] = attrs.field(converter=_things)
    handler: Handler | EventHandler
    options: Options = DEFAULT_OPTIONS
    plugin: str | None = None
    name: str = attrs.field(init=False)
    call: Handler = attrs.field(init=False, repr=False)
    is_async: bool = attrs.field(init=False)
    _classes: tuple[type, ...] = attrs.field(init=False, repr=False)
    _patterns: tuple[Pattern, ...] = attrs.field(init=False, repr=False)
    _claims: count[int] | None = attrs.field(init=False, repr=False)
    # Names of `before` and `after` that were found.
    met: frozenset[str] = attrs.field(init=False, repr=False, default=frozenset())

    def __attrs_post_init__(self) -> None:
        from plugbus._signatures import check_handler

        if not self.what:
            raise InvalidPattern(f"{self.handler!r} listens to nothing; name a class of events or a pattern of types")
        check_what(self.what)
        self.call = self.handler.handle if isinstance(self.handler, EventHandler) else self.handler
        if not callable(self.call) or isinstance(self.call, type):
            raise InvalidHandler(f"a handler is a function or an EventHandler object, got {self.handler!r}")
        self.name = self.options.name or _own_name(self.handler)
        self.is_async = is_async(self.call)
        # One tuple where that will do: there may be many subscriptions.
        self._patterns = tuple(parse_pattern(what) for what in self.what if isinstance(what, str))
        classes = tuple(what for what in self.what if isinstance(what, type)) if self._patterns else self.what
        self._classes = cast(tuple[type, ...], classes)
        self._claims = count() if self.options.once else None
        check_handler(self)

    def matches(self, cls: type, kind: EventKind) -> bool:
        """Tell whether events of this class and kind reach the handler."""
        if self._classes and issubclass(cls, self._classes):
            return True
        if kind.named:
            return any(pattern.matches(kind.type) for pattern in self._patterns)
        return any(pattern.text == EVERYTHING for pattern in self._patterns)

    def claim(self) -> bool:
        """Tell the first caller, and no other, that the one event of `once` is its own."""
        return self._claims is None or next(self._claims) == 0

    def renew_claim(self) -> None:
        """Let a handler that is to run once do so again, since what was registered is put back."""
        if self._claims is not None:
            self._claims = count()

    @property
    def things(self) -> What | frozenset[What]:
        """What it listens to, whatever the order."""
        return self.what[0] if len(self.what) == 1 else frozenset(self.what)

    def marks(self) -> tuple[object, ...]:
        """Return what makes it the same as another subscription to the same things: its handler, or its given name."""
        own = identity(self.handler)
        return (own,) if self.options.name is None else (own, self.options.name)
