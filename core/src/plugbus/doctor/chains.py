"""The way of an event through a bus: middleware, interceptors and handlers in their order, with the reasons for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import attrs

from plugbus._call import compose
from plugbus._kinds import EventKind, kind_of
from plugbus._order import arrange, check_names
from plugbus.doctor._types import kinds_of, named_kinds, place_of
from plugbus.errors import OrderError
from plugbus.events import Event
from plugbus.handlers import Subscription, is_async


if TYPE_CHECKING:
    from plugbus._registry import Contribution
    from plugbus.bus import EventBus
    from plugbus.plugins.host import PluginHost

__all__ = ("Chain", "Link", "chains")


@attrs.frozen
class Link:
    """
    One thing that an event meets.

    Args:
        kind: What it is.
        name: Its name, as in results and logs.
        place: Where it was written: module and name.
        reasons: Why it is where it is.
        plugin: The plugin that contributed it; None if the application did.
        is_async: Whether it is awaited.
    """

    kind: Literal["middleware", "interceptor", "handler"]
    name: str
    place: str
    reasons: tuple[str, ...]
    plugin: str | None = None
    is_async: bool = False


@attrs.frozen
class Chain:
    """
    The way of one type of events.

    Args:
        type: The event type.
        version: Its version.
        cls: The class, as module and name; None for generic events.
        middleware: In the order in which it sees an event.
        left_out: Middleware that is not interested in this type.
        interceptors: The outermost first.
        stages: The handlers of each stage: first those that are called, in order, then those that are awaited.
        sequential: Whether the latter are awaited one by one instead of side by side.
        problem: Why there is no order of handlers; None if there is one.
    """

    type: str
    version: int
    cls: str | None
    middleware: tuple[Link, ...]
    left_out: tuple[Link, ...]
    interceptors: tuple[Link, ...]
    stages: tuple[tuple[Link, ...], ...]
    sequential: bool = False
    problem: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        return attrs.asdict(self)


def chains(bus: EventBus, what: str | type | None = None, *, host: PluginHost | None = None) -> tuple[Chain, ...]:
    """
    Return the way of each type of events.

    Args:
        bus: The bus.
        what: A class of events or the name of a type; None for all that are known and reach a handler.
        host: The plugins, for the reasons of their order; by default those of the bus.
    """
    host = host if host is not None else bus._host
    if what is None:
        subscriptions = bus.subscriptions()
        kinds = [
            (cls, kind)
            for cls, kind in kinds_of(subscriptions)
            if any(subscription.matches(cls, kind) for subscription in subscriptions)
        ]
    elif isinstance(what, type):
        kinds = [(what, kind_of(what))]
    else:
        kinds = named_kinds(str(what))
    return tuple(_chain(bus, host, cls, kind) for cls, kind in kinds)


def _chain(bus: EventBus, host: PluginHost | None, cls: type[Any], kind: EventKind) -> Chain:
    dispatcher = bus._dispatcher
    registry = dispatcher.state()
    middleware, left_out = [], []
    for index, contribution in enumerate(registry.middleware):
        for_type = getattr(contribution.value, "for_type", None)
        function = for_type(kind.type) if callable(for_type) else contribution.value
        link = _contributed("middleware", index, contribution, host)
        if function is None:
            left_out.append(link)
        else:
            middleware.append(attrs.evolve(link, is_async=is_async(function)))
    problem = None
    matching = dispatcher.matching(cls, kind)
    try:
        check_names(registry.subscriptions)
        stages = arrange(matching)
    except OrderError as error:
        stages, problem = [], str(error)
    return Chain(
        type=kind.type,
        version=kind.version,
        cls=None if cls is Event else place_of(cls),
        middleware=tuple(middleware),
        left_out=tuple(left_out),
        interceptors=tuple(
            _contributed("interceptor", index, contribution, host)
            for index, contribution in enumerate(registry.interceptors)
        ),
        stages=tuple(_stage(bus, host, stage, matching) for stage in stages),
        sequential=kind.sequential or bus._engine.sequential,
        problem=problem,
    )


def _contributed(
    kind: Literal["middleware", "interceptor"], index: int, contribution: Contribution, host: PluginHost | None
) -> Link:
    value = contribution.value
    awaited = hasattr(value, "intercept_async") and not hasattr(value, "intercept")
    return Link(
        kind=kind,
        name=contribution.name,
        place=place_of(value),
        reasons=_of_plugin(contribution.plugin, host) or (f"added by the application, number {index + 1}",),
        plugin=contribution.plugin,
        is_async=awaited or is_async(value),
    )


def _of_plugin(plugin: str | None, host: PluginHost | None) -> tuple[str, ...]:
    if plugin is None:
        return ()
    found = host.arrangement.reasons(plugin) if host is not None else ()
    return tuple(f"order of plugins: {reason}" for reason in found) or (f"plugin {plugin}",)


def _stage(
    bus: EventBus, host: PluginHost | None, stage: Sequence[Subscription], matching: Sequence[Subscription]
) -> tuple[Link, ...]:
    links = [
        Link(
            kind="handler",
            name=subscription.name,
            place=place_of(subscription.handler),
            reasons=tuple(_reasons(subscription, matching, host)),
            plugin=subscription.plugin,
            is_async=compose(subscription, bus._dispatcher).is_async,
        )
        for subscription in stage
    ]
    return tuple(sorted(links, key=lambda link: link.is_async))


def _reasons(subscription: Subscription, matching: Sequence[Subscription], host: PluginHost | None) -> Iterator[str]:
    options, name = subscription.options, subscription.name
    names = {other.name for other in matching}
    if options.first:
        yield "first=True"
    yield from (f"after={other!r}" for other in options.after if other in names)
    yield from (f"before={other!r}" for other in options.before if other in names)
    for other in matching:
        if name in other.options.after:
            yield f"handler {other.name} says after={name!r}"
        if name in other.options.before:
            yield f"handler {other.name} says before={name!r}"
    yield f"subscribed as number {matching.index(subscription) + 1}"
    yield from _of_plugin(subscription.plugin, host)
