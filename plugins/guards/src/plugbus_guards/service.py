"""`Guards`: the service that the plugin offers to the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plugbus import Event
from plugbus.authority import Authority
from plugbus.events import event_type_of
from plugbus_guards.context import GuardContext
from plugbus_guards.decision import ALLOW, Deny
from plugbus_guards.enforcing import DEFAULT_RULE, acting
from plugbus_guards.explaining import Explanation, RuleWord, words_of
from plugbus_guards.fields import Call
from plugbus_guards.principal import EXPIRED, Principal, as_principal, principal_of
from plugbus_guards.recording import Subject
from plugbus_guards.settlement import Verdict, denial, gravest


if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from openfeature.provider import AbstractProvider

    from plugbus_guards.enforcing import Enforcer
    from plugbus_guards.matrix import Cell, Somebody
    from plugbus_guards.policies.casbin import CasbinPolicy
    from plugbus_guards.recording import Recorder
    from plugbus_guards.rule import Rule
    from plugbus_guards.surroundings import Surroundings

__all__ = ("Guards", "TrustedAuthority", "type_of")


class Guards:
    """
    What the plugin guards does for an application: `bus.service(Guards)`.

    Args:
        enforcer: Knows the rules.
        surroundings: What all decisions share.
        recorder: Told of every denial.
    """

    def __init__(self, enforcer: Enforcer, surroundings: Surroundings, recorder: Recorder) -> None:
        self._enforcer = enforcer
        self._recorder = recorder
        self.surroundings = surroundings

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the order of the configuration."""
        return self._enforcer.rules

    async def authenticate(self, token: str) -> Principal:
        """
        Return whoever a JSON Web Token says acts, for `with as_principal(...)`.

        Args:
            token: The text of the token, without `Bearer`.

        Raises:
            AuthenticationRequired: If it is not accepted. Neither the error nor the log holds anything of it.
            DefinitionError: If there is no table `[plugins.guards.tokens]`.
        """
        return await self.surroundings.tokens.principal(token)

    def authenticate_sync(self, token: str) -> Principal:
        """Return the same, blocking: keys may have to be fetched."""
        return self.surroundings.tokens.principal_sync(token)

    async def authorize(self, event: Any) -> None:
        """
        Decide whether an event may be published by whoever acts here, before it is: before a commit, say.

        Nothing is used up: rates are counted when it is published. It is recorded like a denial of the publish.

        Args:
            event: The event.

        Raises:
            AccessDenied: If it may not be published; in mode `block` too, since a publish would come to nothing.
        """
        event_type, principal = type_of(event), acting(self.surroundings)
        rules = self._enforcer.matching(event_type)
        if not rules:
            if self._enforcer.allows_by_default(event, event_type):
                return
            verdicts, told = [], Deny('no rule names it, and default = "deny"')
            self.record(principal, DEFAULT_RULE, event, told)
            raise denial(told, event_type, Subject.of(event, event_type).id)
        context = GuardContext(event_type, self.surroundings)
        verdicts = await self._enforcer.verdicts(rules, event, principal, context)
        worst = gravest(verdicts)
        if worst is not None:
            self._raise(worst, event, event_type, principal)

    async def explain(self, event: Any, principal: Principal) -> Explanation:
        """
        Say whether somebody may publish an event, and why. Nothing is used up and nothing recorded.

        Args:
            event: The event.
            principal: Who would publish it.
        """
        event_type = type_of(event)
        if principal.has_expired(self.surroundings.clock()):
            principal = EXPIRED
        context = GuardContext(event_type, self.surroundings)
        rules = self._enforcer.matching(event_type)
        words = tuple([RuleWord(rule, await words_of(rule.guard, event, principal, context)) for rule in rules])
        if not rules:
            if self._enforcer.allows_by_default(event, event_type):
                return Explanation(event_type, allowed=True, error=None, rules=())
            told = denial(Deny('no rule names it, and default = "deny"'), event_type, Subject.of(event, event_type).id)
            return Explanation(event_type, allowed=False, error=told, rules=())
        worst = gravest([Verdict(one.rule, one.word.decision) for one in words])
        error = None
        if worst is not None and worst.rule.mode == "enforce" and worst.decision is not ALLOW:
            error = denial(worst.decision, event_type, Subject.of(event, event_type).id, worst.rule.place)  # type: ignore[arg-type]
        return Explanation(event_type, worst is None, error, words)

    async def matrix(self, types: Sequence[str], columns: Sequence[Somebody]) -> list[list[Cell]]:
        """
        Return who may publish what: a row for each type of events, a cell for each of the columns.

        Args:
            types: Types of events.
            columns: Who publishes; see `plugbus_guards.matrix`.
        """
        from plugbus_guards.matrix import matrix

        return await matrix(self._enforcer, self.surroundings, types, columns)

    def policy(self, name: str) -> CasbinPolicy:
        """
        Return a policy of Casbin, to change it: `with policy.edit() as enforcer: ...`.

        Raises:
            DefinitionError: If the configuration names none like that.
        """
        return self.surroundings.policies.casbin(name)

    def use_flags(self, provider: AbstractProvider) -> None:
        """Evaluate feature flags by another provider of OpenFeature's from now on."""
        self.surroundings.flags.use(provider)

    def use_clock(self, clock: Callable[[], dt.datetime]) -> None:
        """Take the time from a clock, which returns aware times. For tests: `plugbus.testing.FrozenClock`."""
        self.surroundings.clock = clock

    def record(self, principal: Principal, rule: str, event: Any, decision: Deny) -> None:
        """
        Record a denial of your own like those of rules.

        Args:
            principal: Who acted.
            rule: What denied it, in a few words.
            event: What was denied.
            decision: Why.
        """
        self._recorder.record(principal, rule, Subject.of(event, type_of(event)), "denied", decision)

    def _raise(self, worst: Verdict, event: Any, event_type: str, principal: Principal) -> None:
        subject = Subject.of(event, event_type)
        self._recorder.record(principal, worst.rule.label, subject, "denied", worst.decision)
        raise denial(worst.decision, event_type, subject.id, worst.rule.place)  # type: ignore[arg-type]


class TrustedAuthority(Authority):
    """Takes a description of a principal at its word: for the command line and for tests."""

    def acting_as(self, principal: Mapping[str, Any]) -> AbstractContextManager[object]:
        """Publish in the name of the principal that is described; see `principal_of`."""
        return as_principal(principal_of(principal))


def type_of(event: Any) -> str:
    """Return the type of an event of any kind; the name of the function of a `Call`."""
    if isinstance(event, Call):
        return event.name
    return event.type if isinstance(event, Event) else event_type_of(type(event))
