"""What the rules that name an event say of it, all together."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from plugbus_guards.decision import ALLOW, Allow, Decision, Deny, Error, every, some
from plugbus_guards.errors import CODES, AccessDenied, PermissionDenied, rank
from plugbus_guards.guard import AllOf, AnyOf, ConsumingGuard, Guard, InThread, asked, leaves, settled
from plugbus_guards.rule import Rule


if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal

__all__ = ("NeedsLoop", "Verdict", "consumed", "decide", "denial", "gravest", "run")

T = TypeVar("T")


@attrs.frozen
class Verdict:
    """
    What one rule says.

    Args:
        rule: The rule.
        decision: What its guards say.
    """

    rule: Rule
    decision: Decision

    @property
    def allows(self) -> bool:
        """Whether the rule lets the event pass."""
        return type(self.decision) is Allow or self.rule.mode == "report"


async def decide(guard: Guard, event: Any, principal: Principal, context: GuardContext) -> Decision:
    """Ask a guard, whether or not it has to be awaited."""
    answer = asked(guard, event, principal, context)
    decision = await settled(guard, answer, context) if inspect.isawaitable(answer) else answer
    return every((decision,))


async def consumed(guard: Guard, event: Any, principal: Principal, context: GuardContext) -> Decision:
    """
    Take what a guard that has allowed uses up.

    Of guards of which one is enough, nothing is taken if one that uses nothing up allows.
    """
    if not any(isinstance(leaf, ConsumingGuard) for leaf in leaves(guard)):
        return ALLOW
    if isinstance(guard, ConsumingGuard):
        return await decide(_Consuming(guard), event, principal, context)
    if isinstance(guard, InThread):
        return await consumed(guard.inner, event, principal, context)
    if isinstance(guard, AllOf):
        return every([await consumed(part, event, principal, context) for part in guard.guards])
    if isinstance(guard, AnyOf):
        decisions = []
        for part in sorted(guard.guards, key=_uses_up):
            decision = await decide(part, event, principal, context)
            if type(decision) is Allow:
                decision = await consumed(part, event, principal, context)
            if type(decision) is Allow:
                return ALLOW
            decisions.append(decision)
        return some(decisions)
    return ALLOW  # turned round by `not`, it takes nothing


def _uses_up(guard: Guard) -> bool:
    return any(isinstance(leaf, ConsumingGuard) for leaf in leaves(guard))


@attrs.frozen
class _Consuming(Guard):
    """The second half of a consuming guard, with the same time and the same care for what it raises."""

    guard: ConsumingGuard

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Any:
        return self.guard.consume(event, principal, context)

    def __str__(self) -> str:
        return str(self.guard)


def gravest(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the verdict that is told of several that do not let pass; None if all do. Their order does not matter."""
    against = [verdict for verdict in verdicts if not verdict.allows]
    return min(against, key=_grave) if against else None


def _grave(verdict: Verdict) -> tuple[bool, int, str]:
    code = verdict.decision.code if isinstance(verdict.decision, Deny) else "permission_denied"
    return verdict.rule.mode != "enforce", rank(code), verdict.rule.label


def denial(
    decision: Deny | Error, event_type: str, event_id: str | None = None, rule: str | None = None
) -> AccessDenied:
    """Make the error that a decision is raised as."""
    if isinstance(decision, Error):
        return PermissionDenied(decision.reason, event_type=event_type, event_id=event_id, rule=rule)
    cls = CODES.get(decision.code, PermissionDenied)
    return cls(decision.reason, event_type=event_type, event_id=event_id, rule=rule, details=decision.details)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """
    Run a coroutine that has nothing to wait for.

    Raises:
        NeedsLoop: If it has.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise NeedsLoop


class NeedsLoop(Exception):
    """A guard that is not async has given something to be awaited."""
