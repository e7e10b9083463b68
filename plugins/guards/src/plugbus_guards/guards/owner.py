"""One's own things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import attrs

from plugbus.plugins import option
from plugbus_guards.asking import AskingGuard
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.fields import MISSING, check_path, field_of
from plugbus_guards.guards.roles import unknown


if TYPE_CHECKING:
    from collections.abc import Awaitable

    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal

__all__ = ("OwnershipGuard",)


def _path(_: object, __: object, value: str) -> None:
    check_path(value)


@attrs.frozen
class OwnershipGuard(AskingGuard):
    """
    Who acts owns what the event is about: a field of the event, or what the resolver returns, is their id.

    Ids are compared as texts. Nobody owns what has no owner (None, or an empty text).
    """

    name: ClassVar[str] = "owner"
    needs_event: ClassVar[bool] = True
    code: ClassVar[str] = "not_owner"

    field: str = option("user_id", help="the field of the event that holds the owner's id", validator=_path)
    hidden: bool = option(False, help="answer as if the thing did not exist: status 404")

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        if principal.is_system:
            return ALLOW
        if not principal.is_known:
            return unknown(principal)
        if self.resolver is not None:
            return super().check(event, principal, context)
        return self.decide(field_of(event, self.field), event, principal, context)

    def claimed(self, principal: Principal) -> Any:
        return MISSING

    def decide(self, value: Any, event: Any, principal: Principal, context: GuardContext) -> Decision:
        if _is_id(value) and str(value) == principal.id:
            return ALLOW
        return self.missing(principal)

    def missing(self, principal: Principal) -> Deny:
        if not principal.is_known:
            return unknown(principal)
        return Deny(f"{principal.id} does not own it", self.code, {"hidden": True} if self.hidden else {})


def _is_id(value: object) -> bool:
    """Tell whether a value can be an id: a text that is not empty, a whole number, a UUID."""
    if isinstance(value, bool):
        return False
    return (isinstance(value, str) and value != "") or isinstance(value, int | UUID)
