"""From what is registered on a bus to the plan of one event type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from plugbus._call import Call, compose
from plugbus._desk import Desk, Stage
from plugbus._order import arrange, check_names
from plugbus._plan import build
from plugbus._shape import Shape
from plugbus.events import EventBase
from plugbus.handlers import is_async
from plugbus.logger import logger, tells_publishes


if TYPE_CHECKING:
    from plugbus._kinds import EventKind
    from plugbus._registry import Contribution, Registry
    from plugbus._runner import Runner
    from plugbus.dispatcher import Dispatcher, Plan, Verb

__all__ = ("compile_plan",)


def compile_plan(
    dispatcher: Dispatcher, registry: Registry, runner: Runner, verb: Verb, cls: type, kind: EventKind
) -> Plan | None:
    """
    Compile the plan of one event type.

    Args:
        dispatcher: What the plan belongs to.
        registry: What is registered.
        runner: The bus around it.
        verb: The way through it.
        cls: The class of the events.
        kind: Their type.

    Returns:
        The plan; None for a batch of events if each of them needs a plan of its own.

    Raises:
        OrderError: If handlers are ordered by names that nobody has, or in a circle.
    """
    check_names(registry.subscriptions)
    matching = [one for one in registry.subscriptions if one.matches(cls, kind)]
    if verb.replay:
        matching = [subscription for subscription in matching if subscription.options.replay]
    published = dispatcher.published_again if verb.replay else dispatcher.published
    blocked = dispatcher.blocked_again if verb.replay else dispatcher.blocked
    calls = [[compose(subscription, dispatcher) for subscription in stage] for stage in arrange(matching)]
    stages = [_split(stage, blocking=verb.mode == "blocking") for stage in calls]
    middleware = [] if verb.section == "deliver" else _middleware_for(registry.middleware, verb.passed, kind)
    if verb.mode == "batch" and (middleware or len(stages) > 1 or any(awaited for _, awaited in stages) or _poses(cls)):
        return None
    shape = Shape(
        mode=verb.mode,
        section=verb.section,
        middleware=tuple(is_async(step.function) for step in middleware),
        stages=() if verb.section == "admit" else tuple((len(called), len(awaited)) for called, awaited in stages),
        sequential=runner.sequential or kind.sequential,
        correlated=runner.correlated,
        resumed=verb.passed > 0,
        foreign=not issubclass(cls, EventBase),
        sourced=runner.source is not None,
        told=tells_publishes(),
        published=bool(published),
        watched=bool(blocked),
    )
    return build(
        shape,
        Desk(kind, cls, stages, [(step.name, step.function) for step in middleware], dispatcher, watchers=blocked),
        stages,
        tuple(step.function for step in middleware),
        block=runner.block,
        elsewhere=_elsewhere(dispatcher, verb, [step.passed for step in middleware]),
        on_publish=_all_of(published),
        tell=_tell(kind, stages),
        source=runner.source,
    )


def _poses(cls: type) -> bool:
    """Tell whether instances of a class may say that they are of another, as mocks and proxies do."""
    return any("__class__" in base.__dict__ for base in cls.__mro__[:-1])


def _split(calls: Sequence[Call], *, blocking: bool) -> Stage:
    steps = [
        (call.subscription, call.blocking, call.blocking_is_async)
        if blocking
        else (call.subscription, call.run, call.is_async)
        for call in calls
    ]
    return (
        [(subscription, run) for subscription, run, awaited in steps if not awaited],
        [(subscription, run) for subscription, run, awaited in steps if awaited],
    )


@attrs.frozen
class _Step:
    """One middleware of a plan; `passed` is how many of the bus's an event has passed when it has passed this one."""

    name: str
    function: Callable[[Any], Any]
    passed: int


def _middleware_for(middleware: Sequence[Contribution], passed: int, kind: EventKind) -> list[_Step]:
    chosen: list[_Step] = []
    for number, contribution in enumerate(middleware[passed:], passed + 1):
        value = contribution.value
        # Asked of the class: a mock has every attribute.
        function = value.for_type(kind.type) if hasattr(type(value), "for_type") else value
        if function is not None:
            chosen.append(_Step(contribution.name, function, number))
    return chosen


def _elsewhere(dispatcher: Dispatcher, verb: Verb, passed: Sequence[int]) -> Callable[[Any, int], Any]:
    """Return what goes on with an event that has become one of another type, with the middleware that is left."""

    def go_on(event: Any, index: int) -> Any:
        return dispatcher.table(verb._replace(passed=passed[index]))[event.__class__](event)

    return go_on


def _all_of(monitors: Sequence[Callable[[Any, Any], None]]) -> Callable[[Any, Any], None]:
    def told(event: Any, result: Any) -> None:
        for monitor in monitors:
            monitor(event, result)

    return monitors[0] if len(monitors) == 1 else told


def _tell(kind: EventKind, stages: Sequence[Stage]) -> Callable[[Any], None]:
    count = sum(len(called) + len(awaited) for called, awaited in stages)
    if not count:
        return lambda _: logger.debug("published %s: nobody listens", kind.type)
    return lambda _: logger.debug("published %s: %d handlers", kind.type, count)
