"""What can be found: each kind of finding with its number and its remedy, and the report that they make."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from plugbus.hookspecs import Health
from plugbus.plugins.records import PluginRecord


__all__ = ("KINDS", "Finding", "Kind", "Report", "Severity")


class Severity(enum.StrEnum):
    """How bad a finding is: `error` does not work, `warning` works otherwise than somebody thinks, `note` is fine."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@attrs.frozen
class Kind:
    """
    One kind of finding. Its number never changes, and is never used for another.

    Args:
        number: Its number, as in `PB101`.
        title: What it is, in a few words.
        severity: How bad it is, where a finding does not say otherwise.
        remedy: What to do, where a finding does not say it better.
    """

    number: str
    title: str
    severity: Severity
    remedy: str


_ALL = (
    Kind(
        "PB101",
        "The configuration is wrong",
        Severity.ERROR,
        "Correct the place that is named; `plugbus config check` tells whether it is right",
    ),
    Kind("PB102", "A plugin is not installed", Severity.ERROR, "Install it, or take it out of the configuration"),
    Kind("PB103", "A plugin does not fit this plugbus", Severity.ERROR, "Upgrade the side that is named"),
    Kind(
        "PB104",
        "A plugin is broken",
        Severity.ERROR,
        "Report it to the plugin's author; until then set `enabled = false` in its table",
    ),
    Kind(
        "PB105",
        "The settings of a plugin are wrong",
        Severity.ERROR,
        "Correct the place that is named; `plugbus plugins show NAME` lists the settings",
    ),
    Kind(
        "PB106",
        "The order of plugins is a circle",
        Severity.ERROR,
        "Write `before` or `after` into the table of one of them; that overrules what plugins wish",
    ),
    Kind(
        "PB107",
        "A plugin runs in part",
        Severity.WARNING,
        "See what it says; `required = true` would keep the bus from starting instead",
    ),
    Kind(
        "PB108",
        "The wish of a plugin is overruled",
        Severity.NOTE,
        "Nothing, if the order is meant so; else change the list or the `before` and `after` in the configuration",
    ),
    Kind(
        "PB109",
        "A method of a plugin looks like a hook",
        Severity.WARNING,
        "Its author has to give it the name of the hook, or a name that begins with an underscore",
    ),
    Kind(
        "PB110",
        "The commands of a plugin cannot be called",
        Severity.WARNING,
        "Its author has to rename the entry point; the rest of the plugin works",
    ),
    Kind(
        "PB201",
        "This version of Python is not tested",
        Severity.NOTE,
        "Use a tested version, or upgrade plugbus",
    ),
    Kind(
        "PB202",
        "An environment variable is for a plugin that is not on",
        Severity.WARNING,
        "Switch the plugin on, or remove the variable",
    ),
    Kind(
        "PB203",
        "An environment variable means nothing",
        Severity.WARNING,
        "Correct its name, or remove it",
    ),
    Kind(
        "PB204",
        "Others may change the configuration file",
        Severity.WARNING,
        "Take the right to write away from other users: it names modules that are imported",
    ),
    Kind(
        "PB205",
        "A secret stands in the configuration file",
        Severity.NOTE,
        "Give it in the environment variable, or in a file of its own that `<name>_file` names",
    ),
    Kind(
        "PB206",
        "A plugin of ours is installed and not used",
        Severity.NOTE,
        "Switch it on with a table of its own, or uninstall it",
    ),
    Kind(
        "PB207",
        "A distribution is installed from a working folder",
        Severity.NOTE,
        "Nothing while you develop it; in production install a release",
    ),
    Kind(
        "PB208",
        "A plugin is offered where plugbus does not look",
        Severity.WARNING,
        "Its author has to correct the group of the entry point to `plugbus.plugins`",
    ),
    Kind(
        "PB301",
        "A handler listens to a type that nobody defines",
        Severity.WARNING,
        "Correct the name; if only generic events have this type, define a class for it with @event",
    ),
    Kind(
        "PB302",
        "Nobody listens to a type of events",
        Severity.NOTE,
        "Subscribe a handler, or import the module that does: `[bus] imports` names such modules",
    ),
    Kind(
        "PB303",
        "The signature of a handler does not fit what it gets",
        Severity.WARNING,
        "Subscribe the handler to the class that it takes, or widen its annotation",
    ),
    Kind(
        "PB304",
        "The order of handlers cannot be kept",
        Severity.ERROR,
        "Correct the names in before= and after=",
    ),
    Kind(
        "PB305",
        "Handlers wait for another bus",
        Severity.WARNING,
        "Subscribe them with `bus.on`, name their modules in `[bus] imports`, or use EventBus.get_instance()",
    ),
    Kind("PB401", "A plugin is failing", Severity.ERROR, "See what it says, and its documentation"),
    Kind("PB402", "A plugin is degraded", Severity.WARNING, "See what it says, and its documentation"),
    Kind("PB403", "A plugin has found something", Severity.WARNING, "See what it says, and its documentation"),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.number: kind for kind in _ALL})

_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@attrs.frozen
class Finding:
    """
    One thing that was found.

    Args:
        number: Which kind it is.
        message: What was found, without a full stop at its end.
        severity: How bad it is.
        remedy: What to do.
        place: Where: file, line and column, an environment variable, or the name of a handler; None if nowhere.
        plugin: The plugin that it concerns.
    """

    number: str
    message: str
    severity: Severity
    remedy: str
    place: str | None = None
    plugin: str | None = None

    @classmethod
    def of(
        cls,
        number: str,
        message: str,
        *,
        place: str | None = None,
        plugin: str | None = None,
        severity: Severity | None = None,
        remedy: str | None = None,
    ) -> Finding:
        """Make a finding; severity and remedy are those of its kind if they are not given."""
        kind = KINDS[number]
        return cls(number, message, severity or kind.severity, remedy or kind.remedy, place or None, plugin)

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        return attrs.asdict(self, value_serializer=lambda _, __, value: str(value) if value is not None else None)


@attrs.frozen
class Report:
    """
    What an examination has found.

    Args:
        findings: The findings, the worst first, then by number.
        health: What each plugin that can tell says of itself; empty unless plugins were asked.
        plugins: All plugins, each with the state that it has come to.
    """

    findings: tuple[Finding, ...] = ()
    health: Mapping[str, Health] = MappingProxyType({})
    plugins: tuple[PluginRecord, ...] = ()

    @classmethod
    def of(
        cls,
        findings: Iterable[Finding],
        health: Mapping[str, Health] = MappingProxyType({}),
        plugins: Iterable[PluginRecord] = (),
    ) -> Report:
        """Make a report; what was found twice is in it once."""
        once = dict.fromkeys(findings)
        ordered = sorted(once, key=lambda finding: (_RANK[finding.severity], finding.number))
        return cls(tuple(ordered), MappingProxyType(dict(health)), tuple(plugins))

    @property
    def fine(self) -> bool:
        """Whether there is nothing but notes."""
        return all(finding.severity is Severity.NOTE for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        return {
            "fine": self.fine,
            "findings": [finding.as_json() for finding in self.findings],
            "plugins": [record.as_json() for record in self.plugins],
            "health": {name: attrs.asdict(answer) for name, answer in self.health.items()},
        }
