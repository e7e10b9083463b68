"""An e-mail address that has been verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus_guards.asking import AskingGuard
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.fields import MISSING


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal

__all__ = ("EmailVerifiedGuard",)


@attrs.frozen
class EmailVerifiedGuard(AskingGuard):
    """The e-mail address of who acts has been verified, by the claim `email_verified`: true, or the text "true"."""

    name: ClassVar[str] = "email_verified"
    code: ClassVar[str] = "email_not_verified"

    def claimed(self, principal: Principal) -> Any:
        return principal.claims.get("email_verified", MISSING)

    def decide(self, value: Any, event: Any, principal: Principal, context: GuardContext) -> Decision:
        if value is True or value == "true":
            return ALLOW
        return Deny(f"the e-mail address of {principal.id} has not been verified", self.code)
