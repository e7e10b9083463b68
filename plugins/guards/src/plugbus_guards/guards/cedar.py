"""What policies of Cedar allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.plugins import option
from plugbus_guards.decision import ALLOW, Decision, Deny, Error
from plugbus_guards.fields import MISSING, field_of, fields_of
from plugbus_guards.guard import Guard


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal
    from plugbus_guards.surroundings import Surroundings

__all__ = ("CedarGuard",)


@attrs.frozen
class CedarGuard(Guard):
    """
    Policies of Cedar allow it; the files are named in `[plugins.guards.cedar.NAME]`.

    The principal is a `User` with the claims as attributes and the roles as `Group` parents, the action an `Action`
    named like the event type, the resource an entity of the type `Event` unless `resource_type` and `resource_field`
    name another. The fields of the event are the context.
    """

    name: ClassVar[str] = "cedar"

    policy: str = option("main", help="which of the policies")
    resource_type: str = option("Event", help="the type of the resource")
    resource_field: str | None = option(None, help="the field of the event with the resource's id; else the event type")

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision:
        resource = context.event_type if self.resource_field is None else field_of(event, self.resource_field)
        if resource is MISSING or resource is None:
            return Deny(f"the event has no {self.resource_field}")
        user = {"type": "User", "id": principal.id}
        attributes = _plain({**principal.claims, "kind": principal.kind, "roles": sorted(principal.roles)})
        entities: list[Mapping[str, Any]] = [
            {"uid": user, "attrs": attributes, "parents": [{"type": "Group", "id": one} for one in principal.roles]}
        ]
        request = {
            "principal": user,
            "action": {"type": "Action", "id": context.event_type},
            "resource": {"type": self.resource_type, "id": str(resource)},
            "context": _plain(fields_of(event)),
        }
        allowed, errors = context.surroundings.policies.cedar(self.policy).is_allowed(request, entities)
        if errors:
            return Error(f"policy {self.policy} cannot be evaluated: {errors[0]}")
        return ALLOW if allowed else Deny(f"policy {self.policy} does not allow it to {principal.id}")

    def prepare(self, surroundings: Surroundings) -> None:
        surroundings.policies.cedar(self.policy)


def _plain(value: Any) -> Any:
    """Return a value as Cedar has them: texts, whole numbers, truth values, lists, tables; others as texts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value if item is not None]
    return value if isinstance(value, str | bool | int) else str(value)
