"""Who acts: somebody at all, an administrator, somebody with roles and scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.errors import DefinitionError
from plugbus.plugins import option
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.guard import Guard


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal

__all__ = ("AdminGuard", "AuthenticationGuard", "RolesGuard", "unknown")


def unknown(principal: Principal) -> Deny:
    """Return the denial of somebody who is not known, or no longer."""
    if "expired" in principal.claims:
        return Deny("who acted is not known any more: it has expired", "authentication_required", _EXPIRED)
    return Deny("nobody is known to act", "authentication_required")


_EXPIRED = {"error": "invalid_token"}


@attrs.frozen
class AuthenticationGuard(Guard):
    """Somebody is known to act."""

    name: ClassVar[str] = "authenticated"
    needs_event: ClassVar[bool] = False

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision:
        return ALLOW if principal.kind != "anonymous" else unknown(principal)


@attrs.frozen
class AdminGuard(Guard):
    """An administrator acts."""

    name: ClassVar[str] = "admin"
    needs_event: ClassVar[bool] = False

    role: str = option("admin", help="the role that administrators have", validator=attrs.validators.min_len(1))

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision:
        if self.role in principal.roles or principal.kind == "system":
            return ALLOW
        return Deny(f"{principal.id} is no {self.role}") if principal.is_known else unknown(principal)


@attrs.frozen
class RolesGuard(Guard):
    """Somebody acts who has roles or scopes."""

    name: ClassVar[str] = "roles"
    needs_event: ClassVar[bool] = False

    any: tuple[str, ...] = option((), help="roles of which one is enough")
    all: tuple[str, ...] = option((), help="roles that are all needed")
    scopes: tuple[str, ...] = option((), help="scopes that are all needed")

    def __attrs_post_init__(self) -> None:
        if not (self.any or self.all or self.scopes):
            raise DefinitionError("a guard 'roles' names roles under any or all, or scopes")

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision:
        if principal.kind == "system":
            return ALLOW
        if not principal.is_known:
            return unknown(principal)
        if self.any and principal.roles.isdisjoint(self.any):
            return Deny(f"{principal.id} has none of the roles {', '.join(self.any)}")
        for what, wanted, has in (("role", self.all, principal.roles), ("scope", self.scopes, principal.scopes)):
            absent = [name for name in wanted if name not in has]
            if absent:
                return Deny(f"{principal.id} lacks the {what} {absent[0]}")
        return ALLOW
