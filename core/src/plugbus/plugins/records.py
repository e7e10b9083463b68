"""What is known of each plugin: its state and where it comes from."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import attrs

from plugbus.errors import Problem


if TYPE_CHECKING:
    from plugbus.plugins.discovery import Candidate

__all__ = ("PluginRecord", "PluginState")


class PluginState(enum.StrEnum):
    """How far a plugin has come, or at what it failed."""

    INSTALLED = "installed"  # found; not selected, or not looked at yet
    OFF = "off"  # selected, but switched off
    MISSING = "missing"  # selected, but not installed
    INCOMPATIBLE = "incompatible"  # written for another plugbus, or another generation of the hooks
    BROKEN = "broken"  # cannot be imported, is no plugin, or its constructor or a hook raised
    BAD_SETTINGS = "bad_settings"
    BAD_ORDER = "bad_order"  # part of a cycle
    READY = "ready"  # constructed
    STARTED = "started"
    DEGRADED = "degraded"  # running in part
    STOPPED = "stopped"


@attrs.frozen
class PluginRecord:
    """
    One plugin, as `bus.plugins` shows it.

    Args:
        name: Its name.
        state: How far it has come.
        distribution: The distribution's name; None if it is not installed.
        version: The distribution's version.
        value: Where its class is, as `module:attr`.
        selected: Whether the configuration wants it and nothing switches it off.
        required: Whether the bus refuses to start without it.
        problems: What is wrong with it.
        publishes: Patterns of the event types that it publishes itself.
    """

    name: str
    state: PluginState
    distribution: str | None = None
    version: str | None = None
    value: str | None = None
    selected: bool = False
    required: bool = False
    problems: tuple[Problem, ...] = ()
    publishes: tuple[str, ...] = ()

    @property
    def problem(self) -> Problem | None:
        """The first thing that is wrong with it."""
        return self.problems[0] if self.problems else None

    @property
    def offer(self) -> str | None:
        """The distribution with its version, as in `plugbus-audit 0.1.0`; None if it is not installed."""
        return f"{self.distribution} {self.version}" if self.distribution and self.version else self.distribution

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        return {
            "name": self.name,
            "distribution": self.distribution,
            "version": self.version,
            "on": self.selected,
            "state": str(self.state),
            "required": self.required,
            "problems": [problem.summary for problem in self.problems],
        }

    @classmethod
    def of_candidate(cls, candidate: Candidate, state: PluginState = PluginState.INSTALLED) -> PluginRecord:
        """Make the record of a plugin that discovery has found."""
        return cls(candidate.name, state, candidate.project, candidate.version, candidate.value)
