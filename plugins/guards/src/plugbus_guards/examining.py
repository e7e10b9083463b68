"""What about the rules an operator should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugbus.events import EventType, known_event_types
from plugbus.plugins import Observation


if TYPE_CHECKING:
    from collections.abc import Iterator

    from plugbus.plugins import HookContext
    from plugbus_guards.enforcing import Enforcer
    from plugbus_guards.settings import GuardsSettings

__all__ = ("observed",)


def observed(enforcer: Enforcer, settings: GuardsSettings, context: HookContext) -> Iterator[Observation]:
    """Find rules that name nothing, guards that come late, and what is exempt from `default = "deny"`."""
    known = known_event_types() | set(EventType)
    for rule in enforcer.rules:
        if not any(rule.matches(event_type) for event_type in known):
            yield Observation(
                f"rule {rule.name} names no type of events that is known here, so it guards nothing unless such events "
                f"come as generic ones",
                "Correct the pattern, or import the module that defines the events: `[bus] imports` names such modules",
                rule.place,
            )
    order = context.order
    if context.plugin in order:
        ahead = order[: order.index(context.plugin)]
        if ahead:
            yield Observation(
                f"the middleware of {', '.join(ahead)} runs before that of guards, on events that guards may deny",
                f"Put {context.plugin} first in `plugins` of [bus], or take away what orders it later",
                context.position(),
            )
    if settings.default == "deny" and context.bus is not None:
        own = [f"{record.name} ({', '.join(record.publishes)})" for record in context.bus.plugins if record.publishes]
        yield Observation(
            'default = "deny" holds for applications; exempt are the events that the bus (error.occurred, '
            "service.shutdown) and these plugins publish themselves: " + (", ".join(own) or "none"),
            "Nothing; events of these types from the application are not exempt",
            context.position("default"),
            "note",
        )
