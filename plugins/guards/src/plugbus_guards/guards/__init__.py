"""The guards, each by its name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from plugbus_guards.guards.age import AgeVerificationGuard
from plugbus_guards.guards.cart import CartGuard
from plugbus_guards.guards.cedar import CedarGuard
from plugbus_guards.guards.content import ContentAccessGuard
from plugbus_guards.guards.email import EmailVerifiedGuard
from plugbus_guards.guards.feature import FeatureFlagGuard
from plugbus_guards.guards.owner import OwnershipGuard
from plugbus_guards.guards.payment import PaymentVerificationGuard
from plugbus_guards.guards.policy import PolicyGuard
from plugbus_guards.guards.rate_limit import RateLimitGuard
from plugbus_guards.guards.roles import AdminGuard, AuthenticationGuard, RolesGuard
from plugbus_guards.guards.subscription import SubscriptionGuard


if TYPE_CHECKING:
    from collections.abc import Mapping

    from plugbus_guards.guard import Guard


__all__ = (
    "BUILT_IN",
    "AdminGuard",
    "AgeVerificationGuard",
    "AuthenticationGuard",
    "CartGuard",
    "CedarGuard",
    "ContentAccessGuard",
    "EmailVerifiedGuard",
    "FeatureFlagGuard",
    "OwnershipGuard",
    "PaymentVerificationGuard",
    "PolicyGuard",
    "RateLimitGuard",
    "RolesGuard",
    "SubscriptionGuard",
)

# The guards that the configuration knows by name; others are named as `module:Class`.
BUILT_IN: Mapping[str, type[Guard]] = MappingProxyType(
    {
        guard.name: guard
        for guard in (
            AuthenticationGuard,
            AdminGuard,
            RolesGuard,
            AgeVerificationGuard,
            SubscriptionGuard,
            EmailVerifiedGuard,
            OwnershipGuard,
            PaymentVerificationGuard,
            ContentAccessGuard,
            CartGuard,
            RateLimitGuard,
            FeatureFlagGuard,
            PolicyGuard,
            CedarGuard,
        )
    }
)
