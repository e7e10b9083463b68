"""The order of handlers: `first`, `before` and `after` form stages that run one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plugbus._suggest import did_you_mean
from plugbus.errors import OrderError
from plugbus.handlers import Subscription, identity


__all__ = ("arrange", "check_names")


def check_names(subscriptions: Iterable[Subscription]) -> None:
    """
    Check that every name in a `before` or `after` stands for exactly one handler of the bus.

    A name that once stood for one may stand for none later: that handler ran once, or was unsubscribed.

    Raises:
        OrderError: If it stands for none, or for several different ones.
    """
    subscriptions = list(subscriptions)
    for subscription in subscriptions:
        for name in subscription.options.before + subscription.options.after:
            _check_name(name, subscription, subscriptions)


def _check_name(name: str, asking: Subscription, subscriptions: list[Subscription]) -> None:
    word = "before" if name in asking.options.before else "after"
    found = {identity(other.handler): other for other in subscriptions if other.name == name}
    if found:
        asking.met |= {name}
    elif name not in asking.met:
        known = sorted({other.name for other in subscriptions} - {asking.name})
        hint = did_you_mean(name, known) or f"Known handlers: {', '.join(known) or 'none'}."
        raise OrderError(f"handler {asking.name} runs {word} {name!r}, but no handler has that name. {hint}")
    if len(found) > 1:
        places = " and ".join(sorted(_place(other) for other in found.values()))
        raise OrderError(
            f"handler {asking.name} runs {word} {name!r}, but that is ambiguous: {places}. "
            f"Give one of them a name of its own with name=..."
        )


def _place(subscription: Subscription) -> str:
    handler = subscription.handler
    named = handler if hasattr(handler, "__qualname__") else type(handler)
    return f"{named.__module__}.{named.__qualname__}"


def arrange(subscriptions: Sequence[Subscription]) -> list[list[Subscription]]:
    """
    Return the stages of one event type's handlers, each in the order of subscription.

    A name that is not among these handlers has no effect here: it listens to other events.

    Raises:
        OrderError: If the wishes form a cycle; the message prints it.
    """
    ahead = [subscription for subscription in subscriptions if subscription.options.first]
    others = [subscription for subscription in subscriptions if not subscription.options.first]
    for subscription in others:
        for name in subscription.options.before:
            if any(other.name == name for other in ahead):
                raise OrderError(
                    f"handler {subscription.name} runs before {name!r}, which is subscribed with first=True"
                )
    return _stages(ahead) + _stages(others)


def _stages(subscriptions: Sequence[Subscription]) -> list[list[Subscription]]:
    if not any(subscription.options.before or subscription.options.after for subscription in subscriptions):
        return [list(subscriptions)] if subscriptions else []
    from graphlib import CycleError, TopologicalSorter

    predecessors = _predecessors(subscriptions)
    level: dict[Subscription, int] = {}
    try:
        for subscription in TopologicalSorter(predecessors).static_order():
            level[subscription] = 1 + max((level[other] for other in predecessors[subscription]), default=-1)
    except CycleError as error:
        cycle: list[Subscription] = error.args[1]
        raise OrderError(
            f"the order of handlers is a cycle: {' before '.join(one.name for one in cycle)}. "
            f"Remove one before= or after=."
        ) from None
    stages: list[list[Subscription]] = [[] for _ in range(1 + max(level.values()))]
    for subscription in subscriptions:
        stages[level[subscription]].append(subscription)
    return stages


def _predecessors(subscriptions: Sequence[Subscription]) -> dict[Subscription, list[Subscription]]:
    named: dict[str, list[Subscription]] = {}
    for subscription in subscriptions:
        named.setdefault(subscription.name, []).append(subscription)
    predecessors: dict[Subscription, list[Subscription]] = {subscription: [] for subscription in subscriptions}
    for subscription in subscriptions:
        options = subscription.options
        if subscription.name in options.before + options.after:
            raise OrderError(f"handler {subscription.name} runs before or after itself")
        for name in options.after:
            predecessors[subscription] += named.get(name, ())
        for name in options.before:
            for other in named.get(name, ()):
                predecessors[other].append(subscription)
    return predecessors
