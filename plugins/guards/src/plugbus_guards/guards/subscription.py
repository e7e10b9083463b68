"""A subscription that is active."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.plugins import Duration, option
from plugbus_guards.asking import AskingGuard
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.fields import MISSING


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal

__all__ = ("SubscriptionGuard", "moment_of")


@attrs.frozen
class SubscriptionGuard(AskingGuard):
    """
    Who acts has a subscription, by the claim `subscription`: `status`, and maybe `plan` and `ends_at`.

    It holds until `ends_at` (ISO 8601 with a zone, or seconds since the epoch), and for the grace period after that.
    """

    name: ClassVar[str] = "subscription"
    code: ClassVar[str] = "subscription_expired"

    plans: tuple[str, ...] = option((), help="the plans of which one is wanted; without any, whatever plan")
    statuses: tuple[str, ...] = option(("active", "trialing", "past_due"), help="the statuses that count")
    grace: Duration = option(0.0, help="how long it holds after its end", validator=attrs.validators.ge(0))

    def claimed(self, principal: Principal) -> Any:
        return principal.claims.get("subscription", MISSING)

    def decide(self, value: Any, event: Any, principal: Principal, context: GuardContext) -> Decision:
        if not isinstance(value, Mapping):
            return Deny("the subscription is no table with a status", self.code)
        status, plan = value.get("status"), value.get("plan")
        if status not in self.statuses:
            return Deny(f"the subscription of {principal.id} is {status}", self.code)
        if self.plans and plan not in self.plans:
            return Deny(f"the plan of {principal.id} is {plan}, not one of {', '.join(self.plans)}", self.code)
        given = value.get("ends_at")
        ends = moment_of(given)
        if ends is None:
            if given is None and status != "past_due":
                return ALLOW
            return Deny(f"nobody knows when the subscription of {principal.id} ends", self.code)
        if context.now() < ends + dt.timedelta(seconds=self.grace):
            return ALLOW
        return Deny(f"the subscription of {principal.id} has ended", self.code)


def moment_of(value: object) -> dt.datetime | None:
    """Return a point in time: an aware datetime, ISO 8601 with a zone, or seconds since the epoch; else None."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value, dt.UTC)
        if isinstance(value, str):
            value = dt.datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        return None
    return value if isinstance(value, dt.datetime) and value.tzinfo is not None else None
