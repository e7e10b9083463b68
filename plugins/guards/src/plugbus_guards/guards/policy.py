"""What a policy of Casbin allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.errors import DefinitionError
from plugbus.plugins import option
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.guard import Guard
from plugbus_guards.request import Reader, reader_of


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal
    from plugbus_guards.surroundings import Surroundings

__all__ = ("PolicyGuard",)

_DEFAULT = ("principal.id", "event.type", "=publish")


def _readers(guard: PolicyGuard) -> tuple[Reader, ...]:
    return tuple(map(reader_of, guard.request))


@attrs.frozen
class PolicyGuard(Guard):
    """
    A model and a policy of Casbin allow it; the files are named in `[plugins.guards.policies.NAME]`.

    The request is made of: `principal.id`; `principal`, for matchers like `r.sub.age` (its claims, with id and roles);
    `claim:NAME`; `event`, for matchers like `r.obj.owner` (its fields); `field:NAME`; `event.type`, `event.entity`,
    `event.action`; and `=TEXT`, the text itself.
    """

    name: ClassVar[str] = "policy"

    policy: str = option("main", help="which of the policies")
    request: tuple[str, ...] = option(_DEFAULT, help="what the request is made of, as the model defines it")
    _read: tuple[Reader, ...] = attrs.field(
        init=False, repr=False, eq=False, default=attrs.Factory(_readers, takes_self=True)
    )

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision:
        policy = context.surroundings.policies.casbin(self.policy)
        request = tuple([read(event, principal, context.event_type) for read in self._read])
        if policy.enforce(request):
            return ALLOW
        return Deny(f"policy {self.policy} does not allow it to {principal.id}")

    def looks_at_event(self) -> bool:
        return any(word == "event" or word.startswith("field:") for word in self.request)

    def prepare(self, surroundings: Surroundings) -> None:
        policy = surroundings.policies.casbin(self.policy)
        if policy.size != len(self.request):
            raise DefinitionError(
                f"the request of a guard 'policy' has {len(self.request)} elements, "
                f"the model of policy {self.policy} defines {policy.size}"
            )
