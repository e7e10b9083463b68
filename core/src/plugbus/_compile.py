"""From what is registered on a bus to the plan of one event type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from plugbus._call import Call, compose
from plugbus._desk import Desk, Stage
from plugbus._order import arrange, check_names
from plugbus._plan import Shape, build
from plugbus.events import EventBase
from plugbus.handlers import is_async
from plugbus.logger import logger, tells_publishes


if TYPE_CHECKING:
    from plugbus._kinds import EventKind
    from plugbus.dispatcher import Contribution, Dispatcher, Plan, Registry, Runner, Verb

__all__ = ("compile_plan",)


def compile_plan(
    dispatcher: Dispatcher, registry: Registry, runner: Runner, verb: Verb, cls: type, kind: EventKind
) -> Plan:
    """
    Compile the plan of one event type.

    Args:
        dispatcher: What the plan belongs to.
        registry: What is registered.
        runner: The bus around it.
        verb: Which plan: how it waits, which part, whether for a replay.
        cls: The class of the events.
        kind: Their type.

    Raises:
        OrderError: If handlers are ordered by names that nobody has, or in a circle.
    """
    mode, section, replayed = verb
    check_names(registry.subscriptions.values())
    matching = [one for one in registry.subscriptions.values() if one.matches(cls, kind)]
    if replayed:
        matching = [subscription for subscription in matching if subscription.options.replay]
    calls = [[compose(subscription, dispatcher) for subscription in stage] for stage in arrange(matching)]
    stages = [_split(stage, blocking=mode == "blocking") for stage in calls]
    middleware = _middleware_for(registry.middleware, kind)
    shape = Shape(
        mode=mode,
        section=section,
        middleware=() if section == "deliver" else tuple(is_async(function) for _, function in middleware),
        stages=() if section == "admit" else tuple((len(called), len(awaited)) for called, awaited in stages),
        sequential=runner.sequential or kind.sequential,
        correlated=runner.correlated,
        foreign=not issubclass(cls, EventBase),
        sourced=runner.source is not None,
        told=tells_publishes(),
        published=bool(dispatcher.published),
        watched=bool(dispatcher.blocked),
    )
    return build(
        shape,
        Desk(kind, cls, stages, middleware, dispatcher),
        stages,
        tuple(function for _, function in middleware),
        block=runner.block,
        elsewhere=_elsewhere(dispatcher, (mode, "deliver", replayed)),
        on_publish=_all_of(dispatcher.published),
        tell=_tell(kind, stages),
        source=runner.source,
    )


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


def _middleware_for(middleware: Sequence[Contribution], kind: EventKind) -> list[tuple[str, Plan]]:
    chosen: list[tuple[str, Plan]] = []
    for contribution in middleware:
        value = contribution.value
        # Asked of the class: a mock has every attribute.
        function = value.for_type(kind.type) if hasattr(type(value), "for_type") else value
        if function is not None:
            chosen.append((contribution.name, function))
    return chosen


def _elsewhere(dispatcher: Dispatcher, verb: Verb) -> Plan:
    table = dispatcher.table(verb)
    return lambda event: table[event.__class__](event)


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
