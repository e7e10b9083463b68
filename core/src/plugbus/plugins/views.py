"""Looking into plugins: their settings, their hooks, what is wrong with them, and the schema of the whole file."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import attrs

from plugbus.config.imports import absent_modules
from plugbus.config.inspection import SettingView, view_host
from plugbus.config.report import problem_as_json
from plugbus.config.schema import file_schema
from plugbus.errors import ConfigurationError, DefinitionError, Problem
from plugbus.plugins._hooks import hooks_of
from plugbus.plugins._pipeline import locate, prepare
from plugbus.plugins._plugin import Plugin, settings_class
from plugbus.plugins._selection import Choice, Selection, select
from plugbus.plugins._survey import settings_of, survey
from plugbus.plugins._switches import warn_of_idle_switches
from plugbus.plugins.discovery import discover
from plugbus.plugins.inspection import unchosen
from plugbus.plugins.order import Arrangement
from plugbus.plugins.records import PluginRecord


if TYPE_CHECKING:
    from collections.abc import Collection

    from plugbus.config import Config

__all__ = ("Check", "PluginView", "check_plugins", "config_schema", "view_plugin")


@attrs.frozen
class PluginView:
    """
    One plugin, as far as it can be looked into.

    Args:
        record: Its state, and what is wrong with it.
        reason: Why it is on, or is not.
        summary: What it says of itself in one line; None if it says nothing or was not imported.
        hooks: The hooks that it implements; None if it was not imported.
        before: The plugins that its class wishes to come before.
        after: The plugins that its class wishes to come after.
        host: The host's keys of its table.
        settings: Its own settings; of a plugin that was not imported, what is given to it.
    """

    record: PluginRecord
    reason: str
    summary: str | None
    hooks: tuple[str, ...] | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    host: tuple[SettingView, ...]
    settings: tuple[SettingView, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        record = attrs.asdict(self.record, filter=lambda field, _: field.name != "problems")
        return {
            **record,
            "state": str(self.record.state),
            "reason": self.reason,
            "summary": self.summary,
            "hooks": self.hooks,
            "before": self.before,
            "after": self.after,
            "host": [setting.as_json() for setting in self.host],
            "settings": [setting.as_json() for setting in self.settings],
            "problems": [problem_as_json(problem) for problem in self.record.problems],
        }


@attrs.frozen
class Check:
    """
    What a configuration and its plugins come to, short of calling hooks.

    Args:
        records: All plugins; those that are on as far as each comes.
        arrangement: The order of those that are usable.
        settings: The settings of each plugin that is on, one by one.
        classes: The class of each of them that could be imported.
        problems: What is wrong with the configuration itself.
        error: What `EventBus.from_config` would raise; None if nothing keeps a bus from being built.
    """

    records: tuple[PluginRecord, ...]
    arrangement: Arrangement
    settings: Mapping[str, tuple[SettingView, ...]]
    classes: Mapping[str, type[Plugin[Any]]]
    problems: tuple[Problem, ...]
    error: ConfigurationError | None


def check_plugins(config: Config, *, disabled: Collection[str] = (), imports: bool = False) -> Check:
    """
    Import and construct the plugins that are on, and say what is wrong; nothing is raised or started.

    Args:
        config: The configuration.
        disabled: Names of plugins to switch off.
        imports: Look for the modules of `[bus] imports`, too.
    """
    selection = select(config, disabled)
    warn_of_idle_switches(config, selection, disabled)
    if not selection.chosen:  # then nobody has looked at what is installed
        selection = attrs.evolve(selection, candidates=discover())
    known = (*config.problems, *(absent_modules(config) if imports else ()))
    found = survey(config, selection, known)
    error = ConfigurationError("Nothing was started.", found.fatal) if found.fatal else None
    records = (*(entry.record for entry in found.entries), *unchosen(selection))
    settings = {entry.name: settings_of(config, entry) for entry in found.entries}
    classes = {entry.name: entry.cls for entry in found.entries if entry.cls is not None}
    return Check(records, found.arrangement, settings, classes, found.problems, error)


def view_plugin(config: Config, name: str, *, disabled: Collection[str] = (), load: bool = False) -> PluginView:
    """
    Look into one plugin. It is imported if it is on; no other is.

    Args:
        config: The configuration.
        name: The plugin; one that nobody knows comes back as `missing`.
        disabled: Names of plugins to switch off.
        load: Import it also if it is off or merely installed, since somebody asked for it.
    """
    selection = select(config, disabled)
    if not selection.chosen:
        selection = attrs.evolve(selection, candidates=discover())
    chosen = next((choice for choice in selection.chosen if choice.name == name), None)
    choice = chosen or Choice(config.table(name), ("plugins", name), required=False)
    look = prepare if chosen or load else locate
    (entry,) = look(config, (choice,), selection.candidates)
    record = entry.record
    if chosen is None:
        others = (other for other in unchosen(selection) if other.name == name)
        known = next(others, attrs.evolve(record, selected=False))
        record = attrs.evolve(known, problems=record.problems if load or known.distribution is None else ())
    # What is wrong with the host's keys of its table was found when the configuration was read.
    tables = tuple(problem for problem in config.problems if problem.plugin == name)
    record = attrs.evolve(record, problems=tables + record.problems)
    return PluginView(
        record=record,
        reason=_reason(config, selection, chosen, name, disabled),
        summary=_summary(entry.cls),
        hooks=None if entry.cls is None else hooks_of(entry.cls),
        before=_wishes(entry.cls, "before"),
        after=_wishes(entry.cls, "after"),
        host=view_host(config, name),
        settings=settings_of(config, entry),
    )


def config_schema(config: Config, *, disabled: Collection[str] = (), load_all: bool = False) -> dict[str, Any]:
    """
    Return the JSON Schema of the configuration file, with the settings of the plugins that are on.

    Args:
        config: The configuration; what is wrong with it does not matter.
        disabled: Names of plugins to switch off.
        load_all: Import all plugins that are installed, so that their settings are in it too.
    """
    selection = select(config, disabled)
    candidates = discover()
    choices = {choice.name: choice for choice in selection.chosen}
    if load_all:
        choices = {name: Choice(config.table(name), ("plugins", name), required=False) for name in candidates.names}
    known: dict[str, type[Any] | None] = {}
    for entry in prepare(config, tuple(choices.values()), candidates):
        if entry.cls is not None:
            with suppress(DefinitionError):
                known[entry.name] = settings_class(entry.cls)
    return file_schema(known, candidates.names)


def _wishes(cls: type | None, key: str) -> tuple[str, ...]:
    names = getattr(cls, key, ())
    return tuple(map(str, names)) if isinstance(names, tuple | list) else ()


def _summary(cls: type | None) -> str | None:
    text = inspect.getdoc(cls) if cls is not None and cls.__doc__ else None
    return text.splitlines()[0] if text else None


def _reason(config: Config, selection: Selection, chosen: Choice | None, name: str, disabled: Collection[str]) -> str:
    if chosen is not None:
        if config.bus.plugins == "installed" and not chosen.table.present:
            return "all plugins that are installed are on"
        place = config.problem("", chosen.keys, mark="value").place
        where = "the list `plugins` of [bus] names it" if chosen.keys[0] == "bus" else "it has a table"
        return f"{where} ({place})" if place else where
    if name not in selection.off:
        listed = "the list `plugins` of [bus] does not name it"
        return listed if selection.listed else "the configuration has no table for it"
    if name in disabled:
        return "it is switched off in this call"
    if name in config.disabled:
        return "PLUGBUS_DISABLE names it"
    enabled = next(view for view in view_host(config, name) if view.name == "enabled")
    return f"`enabled = false` ({enabled.origin})"
