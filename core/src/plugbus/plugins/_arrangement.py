"""From the configuration and the plugin classes to the order of the plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from plugbus._suggest import did_you_mean
from plugbus.config import Config
from plugbus.plugins.discovery import FIRST_PARTY, Candidates
from plugbus.plugins.order import Arrangement, Edge, OrderCycle, arrange
from plugbus.plugins.records import PluginState


if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from plugbus.errors import Problem
    from plugbus.plugins._pipeline import Entry

__all__ = ("arranged", "unknown_names")

# In `before` and `after` of a plugin's class: all others that do not want it otherwise.
EVERYBODY = "*"


def arranged(config: Config, entries: Sequence[Entry], *, listed: bool) -> Arrangement:
    """
    Put the plugins that are usable in order. One that cannot be placed fails as part of a cycle.

    Args:
        config: The configuration.
        entries: The chosen plugins.
        listed: Whether the configuration lists them in order.
    """
    by_name = {entry.name: entry for entry in entries}
    while True:
        usable = {entry.name: entry for entry in entries if entry.usable}
        stated = [edge for entry in usable.values() for edge in _stated(config, entry)]
        wishes = [edge for entry in usable.values() for edge in _wished(entry)]
        general = [edge for entry in usable.values() for edge in _wished_of_all(entry, usable)]
        try:
            found = arrange(list(usable), stated, wishes, general, listed=listed)
        except OrderCycle as cycle:
            involved = [usable[edge.first] for edge in cycle.edges]
            # One that may be left out breaks the cycle; of several the one that is named last.
            optional = [entry for entry in usable.values() if entry in involved and not entry.choice.required]
            failing = optional[-1] if optional else involved[0]
            hint = None
            if any(edge in wishes for edge in cycle.edges):
                hint = "`before` and `after` in the tables of plugins overrule what plugins wish"
            problem = config.problem(str(cycle), failing.choice.keys, hint=hint, owner=failing.owner)
            failing.fail(PluginState.BAD_ORDER, problem)
            for entry in () if optional else involved[1:]:
                entry.state = PluginState.BAD_ORDER
        else:
            return attrs.evolve(found, base=lambda name: _base(config, by_name[name]))


def unknown_names(config: Config, entries: Sequence[Entry], candidates: Candidates) -> Iterator[Problem]:
    """Find names in the configuration's `before` and `after` that no plugin can have meant."""
    known = {*candidates.names, *FIRST_PARTY, *config.plugins, *(entry.name for entry in entries)}
    for entry in entries:
        for key in ("before", "after"):
            for index, name in enumerate(getattr(entry.choice.table.host, key)):
                if name not in known:
                    yield config.problem(
                        f"{key!r} of {entry.owner.text} names {name!r}, which is no plugin here",
                        ("plugins", entry.name, key, index),
                        mark="value",
                        hint=did_you_mean(name, known),
                        owner=entry.owner,
                    )


def _base(config: Config, entry: Entry) -> str:
    """Say why a plugin is where it is when nobody states anything of it."""
    if config.bus.plugins == "installed":
        return "by name, for all that are installed are on"
    keys = entry.choice.keys
    place = config.problem("", keys, mark="value").place
    text = f"number {int(keys[-1]) + 1} of the list in [bus]" if keys[0] == "bus" else "the order of the tables"
    return f"{text} ({place})" if place else text


def _stated(config: Config, entry: Entry) -> Iterator[Edge]:
    host = entry.choice.table.host
    for key, others in (("before", host.before), ("after", host.after)):
        for index, other in enumerate(others):
            found = config.problem("", ("plugins", entry.name, key, index), mark="value")
            source = " ".join(part for part in (found.place, f"plugins.{entry.name}.{key}") if part)
            yield _edge(entry.name, key, other, source)


def _wished(entry: Entry) -> Iterator[Edge]:
    if entry.cls is not None:
        for key, others in (("before", entry.cls.before), ("after", entry.cls.after)):
            for other in others:
                if other != EVERYBODY:
                    yield _edge(entry.name, key, other, f"`{key}` of {entry.owner.text}")


def _wished_of_all(entry: Entry, names: Iterable[str]) -> Iterator[Edge]:
    if entry.cls is not None:
        for key in ("before", "after"):
            if EVERYBODY in getattr(entry.cls, key):
                others = (name for name in names if name != entry.name)
                yield from (_edge(entry.name, key, other, f"`{key}` of {entry.owner.text}") for other in others)


def _edge(name: str, key: str, other: str, source: str) -> Edge:
    return Edge(name, other, source) if key == "before" else Edge(other, name, source)
