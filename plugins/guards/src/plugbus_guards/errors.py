"""
The error tree of denials, each with its HTTP status.

`str()` of an error and its attributes are for the application's own log; what may be shown to whoever was denied is
`problem()`, the form of RFC 9457.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from plugbus.errors import Refusal


if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = (
    "CODES",
    "AccessDenied",
    "AgeRestricted",
    "AuthenticationRequired",
    "CartInvalid",
    "EmailNotVerified",
    "FeatureDisabled",
    "InvalidDiscountCode",
    "NotOwner",
    "PaymentRequired",
    "PermissionDenied",
    "ProductOutOfStock",
    "RateLimited",
    "SubscriptionExpired",
    "ValidationFailed",
    "rank",
)


class AccessDenied(Refusal):
    """
    Something may not happen.

    Attributes:
        code: Which kind of denial it is, for programs.
        title: The same for people; it says nothing of rules or of others.
        status: The HTTP status that fits.
        reason: Why, for logs.
        event_type: The type of the event, or the name of the function.
        event_id: The event's id; None where there is no event.
        rule: Where the rule stands, as in `plugbus.toml:7`; None if it stands in code.
        details: What the guard told besides.
    """

    code: ClassVar[str] = "access_denied"
    title: str = "Access denied"
    status: int = 403

    def __init__(
        self,
        reason: str = "",
        *,
        event_type: str | None = None,
        event_id: str | None = None,
        rule: str | None = None,
        details: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.reason = reason
        self.event_type = event_type
        self.event_id = event_id
        self.rule = rule
        self.details = details
        super().__init__(self._text())

    def _text(self) -> str:
        what = " ".join(filter(None, (self.event_type, self.event_id))) or "this"
        where = f" ({self.rule})" if self.rule else ""
        return f"{what} is denied: {self.reason or self.title.lower()}{where}"

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers that belong to the status."""
        return {}

    def problem(self, instance: str | None = None) -> dict[str, Any]:
        """
        Return the problem details of RFC 9457, which may be shown to whoever was denied.

        Args:
            instance: A URI for this occurrence; by default one made of the event's id.
        """
        if instance is None and self.event_id is not None:
            instance = f"urn:uuid:{self.event_id}"
        shown: dict[str, Any] = {"type": "about:blank", "title": self.title, "status": self.status, "code": self.code}
        return shown if instance is None else {**shown, "instance": instance}


class AuthenticationRequired(AccessDenied):
    """Nobody knows who acts, or what said so has expired."""

    code = "authentication_required"
    title = "Authentication required"
    status = 401

    def headers(self) -> dict[str, str]:
        """Return the challenge of RFC 6750: a bearer token is wanted, or another one than that which came."""
        error = self.details.get("error")
        return {"WWW-Authenticate": f'Bearer error="{error}"' if error else "Bearer"}


class PermissionDenied(AccessDenied):
    """Who acts is known and may not."""

    code = "permission_denied"
    title = "Permission denied"


class SubscriptionExpired(AccessDenied):
    """There is no subscription that is active, or not the plan that is wanted."""

    code = "subscription_expired"
    title = "Active subscription required"
    status = 402


class PaymentRequired(AccessDenied):
    """Something has to be paid first."""

    code = "payment_required"
    title = "Payment required"
    status = 402


class AgeRestricted(AccessDenied):
    """Who acts is too young, or the age is not known."""

    code = "age_restricted"
    title = "Age restricted"


class EmailNotVerified(AccessDenied):
    """The e-mail address has not been verified."""

    code = "email_not_verified"
    title = "Verified e-mail address required"


class FeatureDisabled(AccessDenied):
    """The feature is off, or nobody can tell whether it is on."""

    code = "feature_disabled"
    title = "Feature not available"


class RateLimited(AccessDenied):
    """
    It happens too often.

    Attributes:
        retry_after: Seconds until it may be tried again.
    """

    code = "rate_limited"
    title = "Too many requests"
    status = 429

    @property
    def retry_after(self) -> float:
        """Seconds until it may be tried again."""
        return float(self.details.get("retry_after", 1.0))

    def headers(self) -> dict[str, str]:
        """Return `Retry-After` in whole seconds, rounded up."""
        return {"Retry-After": str(max(1, math.ceil(self.retry_after)))}


class CartInvalid(AccessDenied):
    """The cart cannot be ordered as it is."""

    code = "cart_invalid"
    title = "Cart not valid"
    status = 422


class NotOwner(AccessDenied):
    """The thing is somebody else's. May pose as one that does not exist."""

    code = "not_owner"
    title = "Permission denied"

    def __init__(self, reason: str = "", **known: Any) -> None:
        super().__init__(reason, **known)
        if self.details.get("hidden"):
            self.status, self.title = 404, "Not found"

    def problem(self, instance: str | None = None) -> dict[str, Any]:
        """Return the problem details; hidden, they are those of a thing that does not exist."""
        shown = super().problem(instance)
        return {**shown, "code": "not_found"} if self.status == 404 else shown


class InvalidDiscountCode(AccessDenied):
    """The discount code is none, or does not hold here."""

    code = "invalid_discount_code"
    title = "Discount code not valid"
    status = 422


class ProductOutOfStock(AccessDenied):
    """There is not enough of a product."""

    code = "product_out_of_stock"
    title = "Product out of stock"
    status = 422


class ValidationFailed(AccessDenied):
    """What the event says does not hold."""

    code = "validation_failed"
    title = "Validation failed"
    status = 422


# The gravest first: what is to be mended before anything else matters. Of several denials the gravest is raised.
_ALL: tuple[type[AccessDenied], ...] = (
    AuthenticationRequired,
    PermissionDenied,
    NotOwner,
    AgeRestricted,
    EmailNotVerified,
    FeatureDisabled,
    SubscriptionExpired,
    PaymentRequired,
    ValidationFailed,
    CartInvalid,
    ProductOutOfStock,
    InvalidDiscountCode,
    RateLimited,
)

# The class of each code. Others, of guards of your own, are raised as `PermissionDenied`.
CODES: Mapping[str, type[AccessDenied]] = MappingProxyType({cls.code: cls for cls in _ALL})

_RANKS = {cls.code: number for number, cls in enumerate(_ALL)}


def rank(code: str) -> int:
    """Return the place of a denial's code: 0 is the gravest."""
    return _RANKS.get(code, _RANKS["permission_denied"])
