"""Guards that want to know something of the principal: from a claim, else from a resolver of the application."""

from __future__ import annotations

from abc import abstractmethod
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.plugins import option
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.fields import MISSING
from plugbus_guards.guard import Guard


if TYPE_CHECKING:
    from collections.abc import Awaitable

    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal
    from plugbus_guards.surroundings import Surroundings

__all__ = ("AskingGuard",)


@attrs.frozen
class AskingGuard(Guard):
    """
    A guard that decides by something that is known of the principal. What nobody knows denies; the system passes.

    Attributes:
        code: The code of its denials.
    """

    needs_event: ClassVar[bool] = False
    code: ClassVar[str] = "permission_denied"

    resolver: str | None = option(
        None, help="who tells if the claim is missing: `module:function`, called with principal and event"
    )

    @abstractmethod
    def claimed(self, principal: Principal) -> Any:
        """Return what the principal's claims say, `MISSING` if nothing."""

    @abstractmethod
    def decide(self, value: Any, event: Any, principal: Principal, context: GuardContext) -> Decision:
        """Decide by what is known."""

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        if principal.is_system:
            return ALLOW
        if not principal.is_known:
            return self.missing(principal)
        value = self.claimed(principal)
        if value is MISSING or value is None:
            if self.resolver is None:
                return self.missing(principal)
            value = context.ask(self.resolver, principal, event)
            if isawaitable(value):
                return self._later(value, event, principal, context)
            if value is MISSING:
                return self.missing(principal)
        return self.decide(value, event, principal, context)

    def missing(self, principal: Principal) -> Deny:
        """Return the denial for want of knowledge."""
        if not principal.is_known:
            return Deny("nobody is known to act", "authentication_required")
        return Deny(f"{self.name}: nothing is known of it", self.code)

    def asks(self) -> bool:
        return self.resolver is not None

    def prepare(self, surroundings: Surroundings) -> None:
        if self.resolver is not None:
            surroundings.resolver(self.resolver)

    def is_async(self, surroundings: Surroundings) -> bool:
        return self.resolver is not None and surroundings.is_async(self.resolver)

    async def _later(self, value: Awaitable[Any], event: Any, principal: Principal, context: GuardContext) -> Decision:
        found = await value
        return self.missing(principal) if found is MISSING else self.decide(found, event, principal, context)
