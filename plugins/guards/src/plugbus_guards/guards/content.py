"""Content that one may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.plugins import option
from plugbus_guards.asking import AskingGuard
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.fields import MISSING, field_of


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal

__all__ = ("ContentAccessGuard",)


@attrs.frozen
class ContentAccessGuard(AskingGuard):
    """
    Who acts may see the content that the event is about, by the claim `content`.

    Without `levels` the claim is a list of ids, one of which is the field of the event; `"*"` stands for all. With
    `levels`, from the lowest up, the claim is a level that reaches that of the event.
    """

    name: ClassVar[str] = "content"
    needs_event: ClassVar[bool] = True

    field: str = option("content_id", help="the field of the event: the id of the content, or its level")
    levels: tuple[str, ...] = option((), help='levels from the lowest up, as in ["free", "basic", "premium"]')

    def claimed(self, principal: Principal) -> Any:
        return principal.claims.get("content", MISSING)

    def decide(self, value: Any, event: Any, principal: Principal, context: GuardContext) -> Decision:
        wanted = field_of(event, self.field)
        if wanted is MISSING or wanted is None or wanted == "":
            return Deny(f"the event has no {self.field}", self.code)
        if self.levels:
            if value in self.levels and wanted in self.levels:
                if self.levels.index(value) >= self.levels.index(wanted):
                    return ALLOW
                return Deny(f"the level of {principal.id} is {value}, {wanted} is needed", self.code)
            return Deny("the level of the content or of the principal is not known", self.code)
        if not isinstance(value, Iterable) or isinstance(value, str | bytes | Mapping):
            return Deny("what content may be seen is no list", self.code)
        ids = {str(one) for one in value if one is not None and one != ""}
        return ALLOW if "*" in ids or str(wanted) in ids else Deny(f"{principal.id} may not see it", self.code)
