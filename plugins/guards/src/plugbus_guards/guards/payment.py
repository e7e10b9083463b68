"""Paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.plugins import option
from plugbus_guards.asking import AskingGuard
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.fields import MISSING, field_of
from plugbus_guards.money import amount_of


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal

__all__ = ("PaymentVerificationGuard",)


@attrs.frozen
class PaymentVerificationGuard(AskingGuard):
    """
    It has been paid, by the claim `payment`: `status`, and maybe `amount` and `currency`; mostly a resolver tells.

    With `amount_field` the amount has to reach what that field of the event says, in the same currency.
    """

    name: ClassVar[str] = "payment"
    code: ClassVar[str] = "payment_required"
    needs_event: ClassVar[bool] = True

    statuses: tuple[str, ...] = option(("paid", "succeeded"), help="the statuses that count")
    amount_field: str | None = option(None, help="the field of the event with the amount that has to be paid")
    currency_field: str = option("currency", help="the field of the event with its currency")

    def claimed(self, principal: Principal) -> Any:
        return principal.claims.get("payment", MISSING)

    def decide(self, value: Any, event: Any, principal: Principal, context: GuardContext) -> Decision:
        if not isinstance(value, Mapping):
            return Deny("the payment is no table with a status", self.code)
        if value.get("status") not in self.statuses:
            return Deny(f"the payment of {principal.id} is {value.get('status')}", self.code)
        if self.amount_field is None:
            return ALLOW
        due, paid = amount_of(field_of(event, self.amount_field)), amount_of(value.get("amount"))
        if due is None or paid is None:
            return Deny("the amount that is due or that was paid is none", self.code)
        currency = field_of(event, self.currency_field)
        if value.get("currency") != (None if currency is MISSING else currency):
            return Deny("it was paid in another currency", self.code)
        return ALLOW if paid >= due else Deny(f"{principal.id} has paid {paid}, {due} is due", self.code)
