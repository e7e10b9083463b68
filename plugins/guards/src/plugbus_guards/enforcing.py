"""The rules at work: one middleware for each event type that a rule names, none for the others."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from plugbus import EventType
from plugbus.plugins import publisher_of
from plugbus_guards.context import GuardContext
from plugbus_guards.decision import ALLOW, Allow, Deny, Error
from plugbus_guards.guard import AllOf, ConsumingGuard, Guard, leaves
from plugbus_guards.principal import EXPIRED, Principal, current_principal
from plugbus_guards.recording import PLUGIN, Recorder, Subject
from plugbus_guards.settlement import NeedsLoop, Verdict, consumed, decide, denial, gravest, run


if TYPE_CHECKING:
    from plugbus_guards.rule import Rule
    from plugbus_guards.surroundings import Surroundings

__all__ = ("DEFAULT_RULE", "Enforcer", "Own", "acting")

# What is told as the rule where there is none.
DEFAULT_RULE = "default"

# Takes a publisher and a type of events.
Own = Callable[[str, str], bool]


class Enforcer:
    """
    The middleware of the plugin.

    Args:
        rules: The rules.
        default: What holds for an event that none of them names.
        surroundings: What all decisions share.
        recorder: Told of every denial.
        is_own: Tells whether a publisher (a plugin, or the bus) publishes a type of events itself.
    """

    name = "guards"

    def __init__(
        self,
        rules: Sequence[Rule],
        default: Literal["allow", "deny"],
        surroundings: Surroundings,
        recorder: Recorder,
        is_own: Own,
    ) -> None:
        self.rules = tuple(rules)
        self._default = default
        self._surroundings = surroundings
        self._recorder = recorder
        self._is_own = is_own

    def __call__(self, event: Any) -> Any:
        """Let every event pass: what is guarded is guarded by `for_type`."""
        return event

    def for_type(self, event_type: str) -> Callable[[Any], Any] | None:
        """Return what guards the events of a type, None for nothing."""
        rules = self.matching(event_type)
        if not rules:
            return self._denier(event_type) if self._default == "deny" else None
        admit = self._fast(event_type, rules) or self._thorough(event_type, rules)
        return _but_for_records(admit) if event_type == EventType.AUDIT_LOG else admit

    def matching(self, event_type: str) -> tuple[Rule, ...]:
        """Return the rules that name a type of events."""
        return tuple(rule for rule in self.rules if rule.matches(event_type))

    def allows_by_default(self, event: Any, event_type: str) -> bool:
        """Tell whether an event that no rule names may be published."""
        publisher = publisher_of(event)
        return self._default == "allow" or (publisher is not None and self._is_own(publisher, event_type))

    async def verdicts(
        self, rules: Sequence[Rule], event: Any, principal: Principal, context: GuardContext
    ) -> list[Verdict]:
        """Return what each rule says; nothing is used up."""
        return [Verdict(rule, await decide(rule.guard, event, principal, context)) for rule in rules]

    # --- one type of events

    def _fast(self, event_type: str, rules: Sequence[Rule]) -> Callable[[Any], Any] | None:
        """Return what guards a type whose guards are plain: calls of their checks, one after another."""
        guards = [guard for rule in rules for guard in _flat(rule.guard)]
        plain = all(
            not leaf.is_async(self._surroundings) and not leaf.asks() and not isinstance(leaf, ConsumingGuard)
            for guard in guards
            for leaf in (guard, *leaves(guard))
        )
        if not plain or any(rule.mode == "report" for rule in rules):
            return None
        checks = tuple(guard.check for guard in guards)
        context = GuardContext(event_type, self._surroundings, remembers=False)
        thorough = self._thorough(event_type, rules)
        current, allow = current_principal, ALLOW

        def admit(event: Any) -> Any:
            principal = current()
            if principal.is_special:
                return thorough(event)
            try:
                for check in checks:
                    answer = check(event, principal, context)
                    if answer is not allow:
                        break
                else:
                    return event
                if inspect.iscoroutine(answer):
                    answer.close()  # it is asked again, and would be warned of as never awaited
            except Exception:  # noqa: BLE001, S110  (it is told where the guard is asked again)
                pass
            return thorough(event)

        return admit

    def _thorough(self, event_type: str, rules: Sequence[Rule]) -> Callable[[Any], Any]:
        """Return what guards a type with all that guards may be."""
        settle = self._settle

        async def admit_async(event: Any) -> Any:
            return await settle(event, event_type, rules)

        def admit(event: Any) -> Any:
            try:
                return run(settle(event, event_type, rules))
            except NeedsLoop:
                told = Error("a guard that is not async has given something to be awaited: write `async def check`")
                return self._refuse([Verdict(rules[0], told)], event, event_type, acting(self._surroundings))

        awaited = any(rule.guard.is_async(self._surroundings) for rule in rules)
        return admit_async if awaited else admit

    async def _settle(self, event: Any, event_type: str, rules: Sequence[Rule]) -> Any:
        principal = acting(self._surroundings)
        context = GuardContext(event_type, self._surroundings)
        verdicts = await self.verdicts(rules, event, principal, context)
        if gravest(verdicts) is None:
            verdicts = [
                verdict
                if verdict.rule.mode == "report" or type(verdict.decision) is not Allow
                else Verdict(verdict.rule, await consumed(verdict.rule.guard, event, principal, context))
                for verdict in verdicts
            ]
        return self._refuse(verdicts, event, event_type, principal)

    def _refuse(self, verdicts: Sequence[Verdict], event: Any, event_type: str, principal: Principal) -> Any:
        """Return the event if all rules let it pass; else raise, or return None. Record what there is to record."""
        worst = gravest(verdicts)
        for verdict in verdicts:
            if type(verdict.decision) is not Allow:
                self._record(verdict, event, event_type, principal)
        if worst is None:
            if principal.is_system:
                subject = Subject.of(event, event_type)
                self._recorder.record(principal, verdicts[0].rule.label, subject, "system")
            return event
        if worst.rule.mode == "block":
            return None
        assert isinstance(worst.decision, Deny | Error)  # noqa: S101  (it does not let pass)
        raise denial(worst.decision, event_type, Subject.of(event, event_type).id, worst.rule.place)

    def _record(self, verdict: Verdict, event: Any, event_type: str, principal: Principal) -> None:
        rule, decision = verdict.rule, verdict.decision
        result = {"report": "would_deny", "block": "blocked", "enforce": "denied"}[rule.mode]
        if isinstance(decision, Error) and rule.mode != "report":
            result = "failed"
        self._recorder.record(principal, rule.label, Subject.of(event, event_type), result, decision)

    def _denier(self, event_type: str) -> Callable[[Any], Any]:
        """Return what guards a type that no rule names, under `default = "deny"`."""
        told = Deny('no rule names it, and default = "deny"')

        def deny(event: Any) -> Any:
            if self.allows_by_default(event, event_type):
                return event
            principal = acting(self._surroundings)
            subject = Subject.of(event, event_type)
            self._recorder.record(principal, DEFAULT_RULE, subject, "denied", told)
            raise denial(told, event_type, subject.id)

        return deny


def acting(surroundings: Surroundings) -> Principal:
    """Return who acts here and now."""
    principal = current_principal()
    if principal.expires_at is not None and principal.has_expired(surroundings.clock()):
        return EXPIRED
    return principal


def _flat(guard: Guard) -> tuple[Guard, ...]:
    return tuple(one for part in guard.guards for one in _flat(part)) if isinstance(guard, AllOf) else (guard,)


def _but_for_records(admit: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the same, but let the plugin's own records pass: they never trigger guards."""
    if inspect.iscoroutinefunction(admit):

        async def pass_async(event: Any) -> Any:
            return event if publisher_of(event) == PLUGIN else await admit(event)

        return pass_async
    return lambda event: event if publisher_of(event) == PLUGIN else admit(event)
