"""The settings of the plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from plugbus.plugins import Duration, option
from plugbus_guards.tokens.settings import TokenSettings


__all__ = ("CedarSettings", "GuardsSettings", "PolicySettings", "RuleSettings")


@attrs.frozen
class PolicySettings:
    """A policy of Casbin."""

    model: Path = option(help="the file with the model")
    policy: Path = option(help="the file with the policy, as CSV")


@attrs.frozen
class CedarSettings:
    """Policies of Cedar."""

    policies: Path = option(help="the file with the policies")
    schema: Path | None = option(None, help="the file with the schema, which the policies are checked against")
    entities: Path | None = option(None, help="the file with entities, as JSON")


@attrs.frozen
class RuleSettings:
    """A rule: which events, and which guards have to allow them."""

    name: str | None = option(None, help="what it is called; by default after its events")
    events: tuple[str, ...] = option((), help="patterns of event types")
    class_: str | tuple[str, ...] = option((), help="classes of events with their subclasses, as `module:Class`")
    all: tuple[object, ...] = option((), help="guards that each have to allow")
    any: tuple[object, ...] = option((), help="guards of which one has to allow")
    mode: Literal["enforce", "block", "report"] = option(
        "enforce", help="raise, or block without a word, or only record what would have been done"
    )


@attrs.frozen
class GuardsSettings:
    """The table `[plugins.guards]`."""

    rules: tuple[RuleSettings, ...] = option((), help="which events need what; every rule that names one has to allow")
    default: Literal["allow", "deny"] = option("allow", help="what holds for an event that no rule names")
    timeout: Duration = option(2.0, help="how long a guard that is awaited may take", validator=attrs.validators.gt(0))
    flags: Path | None = option(None, help="a file of feature flags in the form of flagd")
    policies: dict[str, PolicySettings] = option(factory=dict, help="policies of Casbin, by name")
    cedar: dict[str, CedarSettings] = option(factory=dict, help="policies of Cedar, by name")
    reload_every: Duration = option(
        5.0, help="how often the files of policies are looked at", validator=attrs.validators.gt(0)
    )
    tokens: TokenSettings | None = option(None, help="whose tokens say who acts")
    limits: str = option("mem://", help="where rates are counted: mem://, or redis://HOST:PORT/DB", secret=True)
