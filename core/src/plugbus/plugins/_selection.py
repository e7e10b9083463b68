"""Which plugins a configuration wants, decided before any of them is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from plugbus._suggest import did_you_mean, nearest
from plugbus.config import KeyPath, Owner, PluginTable
from plugbus.errors import Problem
from plugbus.plugins.discovery import FIRST_PARTY, Candidate, Candidates, discover, is_plugin_name


if TYPE_CHECKING:
    from collections.abc import Collection

    from plugbus.config import Config

__all__ = ("Choice", "Selection", "choose_one", "find_candidate", "select")

_NAMES = "lower case letters and digits, words joined by single underscores"


@attrs.frozen
class Choice:
    """
    A plugin that the configuration wants.

    Args:
        table: Its table, empty if it has none.
        keys: Where the configuration names it.
        required: Whether the bus must not start without it.
    """

    table: PluginTable
    keys: KeyPath
    required: bool

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.table.name


@attrs.frozen
class Selection:
    """
    What a configuration wants, and what there is.

    Args:
        chosen: The plugins that are on, in the configuration's order.
        off: Names of those that are switched off.
        listed: Whether `[bus] plugins` lists them, so that its order rules.
        candidates: What is installed; empty when nothing is on, for then nobody looks.
        problems: What is wrong with the selection itself.
    """

    chosen: tuple[Choice, ...]
    off: tuple[str, ...]
    listed: bool
    candidates: Candidates
    problems: tuple[Problem, ...] = ()


def select(config: Config, disabled: Collection[str] = ()) -> Selection:
    """
    Decide which plugins are on.

    Args:
        config: The configuration.
        disabled: Names of plugins to switch off, besides those that the configuration and PLUGBUS_DISABLE switch off.
    """
    wanted = config.bus.plugins
    switched_off = {*disabled, *config.disabled}
    problems: list[Problem] = []
    candidates = discover() if wanted == "installed" else None
    if candidates is not None:
        choices = _all_installed(config, candidates)
    elif isinstance(wanted, tuple):
        choices = _listed(config, wanted, problems)
        problems += _misspelt_tables(config, wanted)
    else:
        choices = [Choice(table, ("plugins", name), _required(table)) for name, table in config.plugins.items()]
    on = [choice for choice in choices if choice.table.host.enabled and choice.name not in switched_off]
    return Selection(
        chosen=tuple(on),
        off=tuple(choice.name for choice in choices if choice not in on),
        listed=isinstance(wanted, tuple),
        candidates=candidates or (discover() if on else Candidates()),
        problems=tuple(problems),
    )


def choose_one(config: Config, name: str) -> Selection:
    """Select one installed plugin and nothing else, whether or not the configuration wants it."""
    choice = Choice(config.table(name), ("plugins", name), required=True)
    return Selection((choice,), (), listed=True, candidates=discover())


def find_candidate(config: Config, choice: Choice, candidates: Candidates) -> Candidate | Problem:
    """Return the one entry point that offers a chosen plugin, or what is wrong."""
    name = choice.name
    owner = Owner.of_plugin(name)
    claims = candidates.of(name)
    if not claims:
        return _missing(config, choice, candidates)
    offers = " and ".join(claim.distribution or claim.value for claim in claims)
    if not is_plugin_name(name):
        return config.problem(
            f"{name!r}, which {offers} offers, is no plugin's name: {_NAMES}",
            choice.keys,
            hint="Its author has to rename the entry point",
            owner=owner,
        )
    pinned = choice.table.host.distribution
    found = candidates.of(name, pinned)
    if len(found) == 1:
        return found[0]
    if pinned is not None and not found:
        return config.problem(
            f"plugin {name!r} is wanted of distribution {pinned!r}, but is offered by {offers}",
            ("plugins", name, "distribution"),
            mark="value",
            hint=did_you_mean(pinned, [claim.project for claim in claims if claim.project]),
            owner=owner,
        )
    return config.problem(
        f"plugin {name!r} is offered by {offers}",
        choice.keys,
        hint=f'Write distribution = "..." into [plugins.{name}] to say which, or uninstall one',
        owner=owner,
    )


def _all_installed(config: Config, candidates: Candidates) -> list[Choice]:
    named = [name for name in config.plugins if name not in candidates.by_name]
    choices = []
    for name in (*candidates.names, *named):
        table = config.table(name)
        # What is merely installed may come along as somebody's dependency: only what is named is required.
        choices.append(Choice(table, ("plugins", name), _required(table, named=table.present)))
    return choices


def _listed(config: Config, wanted: tuple[str, ...], problems: list[Problem]) -> list[Choice]:
    choices = []
    for index, name in enumerate(wanted):
        keys: KeyPath = ("bus", "plugins", index)
        if name in wanted[:index]:
            problems.append(config.problem(f"plugin {name!r} is listed twice", keys, mark="value"))
        else:
            table = config.table(name)
            choices.append(Choice(table, keys, _required(table)))
    return choices


def _misspelt_tables(config: Config, wanted: tuple[str, ...]) -> list[Problem]:
    """Find tables of nobody that look like those of listed plugins; other tables may wait there, switched off."""
    without = [name for name in wanted if name not in config.plugins]
    return [
        config.problem(
            f"[plugins.{name}] is the table of no plugin in the list",
            ("plugins", name),
            hint=did_you_mean(name, without),
        )
        for name in config.plugins
        if name not in wanted and name not in FIRST_PARTY and nearest(name, without) is not None
    ]


def _required(table: PluginTable, *, named: bool = True) -> bool:
    return named if table.host.required is None else table.host.required


def _missing(config: Config, choice: Choice, candidates: Candidates) -> Problem:
    name = choice.name
    known = {*candidates.names, *FIRST_PARTY}
    message, hint = f"plugin {name!r} is not installed", did_you_mean(name, known)
    pinned = choice.table.host.distribution
    if pinned is not None:
        hint = f"Install it: pip install {pinned}"
    elif name in FIRST_PARTY:
        hint = f"Install it: pip install plugbus-{name}"
    elif not is_plugin_name(name):
        message = f"{name!r} is no plugin's name: {_NAMES}"
    return config.problem(message, choice.keys, mark="value", hint=hint, owner=Owner.of_plugin(name))
