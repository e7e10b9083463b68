"""A feature that is on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.plugins import option
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.guard import Guard


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal
    from plugbus_guards.surroundings import Surroundings

__all__ = ("FeatureFlagGuard",)


@attrs.frozen
class FeatureFlagGuard(Guard):
    """
    A feature flag is on for who acts, evaluated by OpenFeature.

    The targeting key is the principal's id; roles, kind and those claims that are plain values are its attributes.
    """

    name: ClassVar[str] = "feature"
    needs_event: ClassVar[bool] = False

    flag: str = option(help="the flag", validator=attrs.validators.min_len(1))

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision:
        is_on, why = context.surroundings.flags.is_on(self.flag, principal)
        return ALLOW if is_on else Deny(why, "feature_disabled")

    def prepare(self, surroundings: Surroundings) -> None:
        surroundings.flags.open()
