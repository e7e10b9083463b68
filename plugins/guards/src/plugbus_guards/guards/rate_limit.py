"""Not too often."""

from __future__ import annotations

import ipaddress
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import quote

import attrs

from plugbus.logger import logger
from plugbus.plugins import Duration, option
from plugbus_guards.decision import ALLOW, Decision, Deny, Error
from plugbus_guards.fields import MISSING, check_path, field_of
from plugbus_guards.guard import ConsumingGuard
from plugbus_guards.limits.window import Full, Window


if TYPE_CHECKING:
    from collections.abc import Awaitable

    from plugbus_guards.context import GuardContext
    from plugbus_guards.limits.window import Windows
    from plugbus_guards.principal import Principal
    from plugbus_guards.surroundings import Surroundings

__all__ = ("RateLimitGuard", "address_of")


def _path(_: object, __: object, value: str) -> None:
    check_path(value)


@attrs.frozen
class RateLimitGuard(ConsumingGuard):
    """
    At most so many within any stretch of time.

    It is counted by principal, by the address in a field of the event (IPv6 by /64), or by event type. Whoever is not
    known shares one count. What is denied, by this guard or by another, is not counted.
    """

    name: ClassVar[str] = "rate_limit"

    limit: int = option(
        help="how many", validator=attrs.validators.and_(attrs.validators.ge(1), attrs.validators.le(100_000))
    )
    per: Duration = option(60.0, help="within how long", validator=attrs.validators.gt(0))
    by: Literal["principal", "address", "type"] = option("principal", help="what is counted apart")
    field: str = option("ip_address", help="the field with the address", validator=_path)
    scope: str | None = option(None, help="guards of one scope count together; by default each rule by itself")
    unavailable: Literal["deny", "allow"] = option("deny", help="what holds while the store cannot be reached")

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        return self._do("peek", event, principal, context)

    def consume(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        """Count one more, if there is room."""
        return self._do("take", event, principal, context)

    def prepare(self, surroundings: Surroundings) -> None:
        surroundings.windows  # noqa: B018  (raises if what it needs is not installed)

    def is_async(self, surroundings: Surroundings) -> bool:
        return surroundings.windows.is_async

    def _do(
        self, verb: Literal["peek", "take"], event: Any, principal: Principal, context: GuardContext
    ) -> Decision | Awaitable[Decision]:
        who = self._who(event, principal, context)
        if who is None:
            return Deny(f"the event has no address in {self.field}", "validation_failed")
        parts = (self.scope or context.event_type, self.by, who, f"{self.per:g}")
        window = Window(":".join(quote(part, safe="@.*") for part in parts), self.limit, self.per)
        windows: Windows = context.surroundings.windows
        now = context.now().timestamp()
        try:
            wait = windows.take(window, now) if verb == "take" else windows.peek(window, now)
        except Full as error:
            return self._gone(error)
        return self._later(wait) if isawaitable(wait) else self._told(wait)

    def _who(self, event: Any, principal: Principal, context: GuardContext) -> str | None:
        if self.by == "type":
            return context.event_type
        if self.by == "address":
            return address_of(field_of(event, self.field))
        return f"{principal.kind}@{principal.id}"

    async def _later(self, wait: Awaitable[float]) -> Decision:
        try:
            return self._told(await wait)
        except Exception as error:  # noqa: BLE001  (whatever the client raises, nobody knows how often it happened)
            return self._gone(error)

    def _gone(self, error: Exception) -> Decision:
        if self.unavailable == "allow":
            logger.warning("rates cannot be counted (%s), and unavailable = 'allow'", type(error).__name__)
            return ALLOW
        return Error(f"rates cannot be counted: {type(error).__name__}")

    def _told(self, wait: float) -> Decision:
        if wait <= 0:
            return ALLOW
        return Deny(f"more than {self.limit} within {self.per:g} s", "rate_limited", {"retry_after": wait})


def address_of(value: object) -> str | None:
    """Return an address as it is counted: of IPv6 the network of 64 bits; None if it is none."""
    if value is MISSING or not isinstance(value, str | ipaddress.IPv4Address | ipaddress.IPv6Address):
        return None
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address), 64), strict=False).network_address) + "/64"
    return str(address)
