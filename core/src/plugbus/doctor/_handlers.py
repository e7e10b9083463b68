"""Findings about who listens to what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from plugbus import _order, _signatures
from plugbus._default import slot
from plugbus._kinds import kind_of
from plugbus._names import EVERYTHING, EventType, parse_pattern
from plugbus._suggest import did_you_mean
from plugbus.doctor._types import event_classes, kinds_of, place_of, theirs
from plugbus.doctor.findings import Finding
from plugbus.errors import OrderError
from plugbus.events import Event, EventBase
from plugbus.handlers import Subscription, identity


if TYPE_CHECKING:
    from plugbus.bus import EventBus

__all__ = ("elsewhere", "listeners", "misfits", "unheard", "unordered")


def listeners(subscriptions: Iterable[Subscription]) -> Iterator[Finding]:
    """Find handlers that listen to what nobody defines."""
    types = {*map(str, EventType), *(kind_of(cls).type for cls in event_classes())}
    for subscription in subscriptions:
        for what in subscription.what:
            if isinstance(what, type):
                heard = not _is_base(what) or any(issubclass(cls, what) for cls in event_classes())
                text, hint = f"class {what.__name__}, which has no event type and no class below it has one", None
            else:
                heard = what == EVERYTHING or any(map(parse_pattern(what).matches, types))
                text, hint = f"{str(what)!r}, which no class of events has", did_you_mean(what, types)
            if not heard:
                message = f"handler {subscription.name} listens to {text}"
                place = place_of(subscription.handler)
                yield Finding.of("PB301", message, place=place, plugin=subscription.plugin, remedy=hint)


def unheard(subscriptions: Sequence[Subscription]) -> Iterator[Finding]:
    """Find classes of events, other than those of plugbus, that reach no handler."""
    for cls in theirs():
        kind = kind_of(cls)
        if not any(subscription.matches(cls, kind) for subscription in subscriptions):
            yield Finding.of("PB302", f"nobody listens to {kind.type!r}", place=place_of(cls))


def misfits(subscriptions: Iterable[Subscription]) -> Iterator[Finding]:
    """Find handlers whose pattern brings events of another class than the one that they take."""
    for subscription in subscriptions:
        taken = _signatures._annotation(subscription.call)
        if taken is None or object in taken:
            continue
        brought = [cls for cls in theirs() if subscription.matches(cls, kind_of(cls)) and not issubclass(cls, taken)]
        if brought:
            others = ", ".join(f"{kind_of(cls).type} ({cls.__name__})" for cls in brought[:3])
            more = f" and {len(brought) - 3} more" if len(brought) > 3 else ""
            names = " | ".join(cls.__name__ for cls in taken)
            message = f"handler {subscription.name} takes {names}, but also gets {others}{more}"
            place = place_of(subscription.handler)
            yield Finding.of("PB303", message, place=place, plugin=subscription.plugin)


def unordered(subscriptions: Sequence[Subscription]) -> Iterator[Finding]:
    """Find `before` and `after` that name nobody, more than one, or that close a circle."""
    every = list(subscriptions)
    for subscription in every:
        for name in subscription.options.before + subscription.options.after:
            try:
                _order._check_name(name, subscription, every)
            except OrderError as error:
                place = place_of(subscription.handler)
                yield Finding.of("PB304", str(error).rstrip("."), place=place, plugin=subscription.plugin)
    for cls, kind in kinds_of(every):
        try:
            _order.arrange([subscription for subscription in every if subscription.matches(cls, kind)])
        except OrderError as error:
            yield Finding.of("PB304", str(error).rstrip("."))


def elsewhere(bus: EventBus) -> Iterator[Finding]:
    """Find handlers that `on_event` keeps for a default bus that nobody has built, while this one is in use."""
    here = {identity(subscription.handler) for subscription in bus.subscriptions()}
    waiting: dict[str, list[str]] = {}
    for declaration in slot.queue:
        if identity(declaration.handler) not in here:
            name = getattr(declaration.handler, "__name__", repr(declaration.handler))
            waiting.setdefault(declaration.module, []).append(name)
    for module, names in waiting.items():
        message = f"{', '.join(names)}: declared with on_event, so waiting for the default bus, which this is not"
        yield Finding.of("PB305", message, place=module)


def _is_base(cls: type) -> bool:
    """Tell whether a class is one for events without a type of its own."""
    return issubclass(cls, EventBase) and cls not in {Event, EventBase} and "__event_kind__" not in cls.__dict__
