"""Why: what each guard of each rule says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from plugbus_guards.decision import Allow, Decision, Deny, every, negated, some
from plugbus_guards.errors import AccessDenied
from plugbus_guards.guard import AllOf, AnyOf, Guard, Not
from plugbus_guards.rule import Rule
from plugbus_guards.settlement import decide


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal

__all__ = ("Explanation", "RuleWord", "Word", "words_of")


@attrs.frozen
class Word:
    """
    What a guard says.

    Args:
        guard: The guard, with its settings.
        decision: Its decision.
        parts: The words of the guards that it is made of.
    """

    guard: str
    decision: Decision
    parts: tuple[Word, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        shown: dict[str, Any] = {"guard": self.guard, "decision": type(self.decision).__name__.lower()}
        if not isinstance(self.decision, Allow):
            shown["reason"] = self.decision.reason
        if isinstance(self.decision, Deny):
            shown["code"] = self.decision.code
        return shown | ({"parts": [part.as_json() for part in self.parts]} if self.parts else {})


@attrs.frozen
class RuleWord:
    """
    What a rule says.

    Args:
        rule: The rule.
        word: The word of its guard.
    """

    rule: Rule
    word: Word

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        return {
            "rule": self.rule.name,
            "place": self.rule.place,
            "mode": self.rule.mode,
            "word": self.word.as_json(),
        }


@attrs.frozen
class Explanation:
    """
    Whether an event may be published, and why.

    Args:
        event_type: Its type.
        allowed: Whether it may.
        error: What would be raised if it may not; None in mode `block`, too.
        rules: What each rule that names it says; none if none names it.
    """

    event_type: str
    allowed: bool
    error: AccessDenied | None
    rules: tuple[RuleWord, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        return {
            "event_type": self.event_type,
            "allowed": self.allowed,
            "error": None if self.error is None else {"code": self.error.code, "reason": self.error.reason},
            "rules": [rule.as_json() for rule in self.rules],
        }


async def words_of(guard: Guard, event: Any, principal: Principal, context: GuardContext) -> Word:
    """Ask a guard and all guards that it is made of; each is asked once."""
    if isinstance(guard, AllOf | AnyOf | Not):
        parts = tuple([await words_of(part, event, principal, context) for part in guard.parts()])
        decisions = [part.decision for part in parts]
        if isinstance(guard, AllOf):
            return Word("all of", every(decisions), parts)
        if isinstance(guard, AnyOf):
            return Word("any of", some(decisions), parts)
        return Word("not", negated(decisions[0], f"{guard.guard} allows, which is not wanted here"), parts)
    return Word(str(guard), await decide(guard, event, principal, context))
