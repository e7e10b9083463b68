"""
Guards: nothing happens that may not.

    [[plugins.guards.rules]]
    events = ["order.*"]
    all = ["authenticated", {guard = "age", minimum = 18}]
"""

from __future__ import annotations

from plugbus_guards.context import GuardContext
from plugbus_guards.decision import ALLOW, Allow, Decision, Deny, Error
from plugbus_guards.fields import MISSING, Call, field_of
from plugbus_guards.guard import AllOf, AnyOf, ConsumingGuard, Guard, InThread, Not
from plugbus_guards.guarding import guarded
from plugbus_guards.naming import all_of, any_of, not_
from plugbus_guards.plugin import GuardsPlugin
from plugbus_guards.principal import (
    ANONYMOUS,
    Principal,
    as_principal,
    as_system,
    current_principal,
    principal_of,
)
from plugbus_guards.requiring import requires
from plugbus_guards.rule import Rule
from plugbus_guards.service import Guards
from plugbus_guards.settings import GuardsSettings


__all__ = (
    "ALLOW",
    "ANONYMOUS",
    "MISSING",
    "AllOf",
    "Allow",
    "AnyOf",
    "Call",
    "ConsumingGuard",
    "Decision",
    "Deny",
    "Error",
    "Guard",
    "GuardContext",
    "Guards",
    "GuardsPlugin",
    "GuardsSettings",
    "InThread",
    "Not",
    "Principal",
    "Rule",
    "all_of",
    "any_of",
    "as_principal",
    "as_system",
    "current_principal",
    "field_of",
    "guarded",
    "not_",
    "principal_of",
    "requires",
)
