"""
What happens to each chosen plugin: find, check the version, import, check the class, read the settings, construct.

Every phase runs for all plugins, so that one report holds every problem of each.
"""

from __future__ import annotations

import inspect
import traceback
from pathlib import Path
from typing import Any

import attrs

from plugbus._version import __version__
from plugbus.config import HOST_KEYS, Config, KeyPath, Owner, TableSource, key_of, problems_of, secret_values, without
from plugbus.errors import ConfigurationError, DefinitionError, Problem
from plugbus.handlers import parse_pattern
from plugbus.hookspecs import SUPPORTED_API, HookContext
from plugbus.plugins._hooks import faults_of_hooks
from plugbus.plugins._plugin import Plugin, settings_class
from plugbus.plugins._requirements import absent_requirements, version_fault
from plugbus.plugins._selection import Choice, find_candidate
from plugbus.plugins.discovery import GROUP, Candidate, Candidates
from plugbus.plugins.records import PluginRecord, PluginState


__all__ = ("Entry", "locate", "prepare")

_HERE = str(Path(__file__).parent)


@attrs.define(eq=False)
class Entry:
    """
    One chosen plugin on its way.

    Args:
        choice: What the configuration says of it.
        state: How far it has come.
        candidate: Its entry point.
        cls: Its class.
        settings: Its settings.
        plugin: The plugin itself.
        source: Where its settings came from.
        context: What its constructor was given.
        problems: What is wrong.
    """

    choice: Choice
    state: PluginState = PluginState.INSTALLED
    candidate: Candidate | None = None
    cls: type[Plugin[Any]] | None = None
    settings: object = attrs.field(default=None, repr=False)
    plugin: Plugin[Any] | None = None
    source: TableSource | None = attrs.field(default=None, repr=False)
    context: HookContext | None = None
    problems: list[Problem] = attrs.field(factory=list)

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.choice.name

    @property
    def usable(self) -> bool:
        """Whether nothing has been found wrong so far."""
        return not self.problems

    @property
    def owner(self) -> Owner:
        """The plugin, for messages."""
        return Owner.of_plugin(self.name, self.candidate.distribution if self.candidate else None)

    @property
    def record(self) -> PluginRecord:
        """What `bus.plugins` shows."""
        return PluginRecord(
            self.name,
            self.state,
            self.candidate.project if self.candidate else None,
            self.candidate.version if self.candidate else None,
            self.candidate.value if self.candidate else None,
            selected=True,
            required=self.choice.required,
            problems=tuple(self.problems),
            publishes=self.cls.publishes if self.cls is not None and self.usable else (),
        )

    def fail(self, state: PluginState, *problems: Problem) -> None:
        """Note what is wrong; the plugin goes no further than this phase."""
        if not self.problems:
            self.state = state
        self.problems.extend(problems)


def prepare(config: Config, choices: tuple[Choice, ...], candidates: Candidates) -> list[Entry]:
    """Bring the chosen plugins as far as they come: each is constructed, or has problems."""
    entries = locate(config, choices, candidates)
    for phase in (_import, _check_class, _read_settings, _construct):
        for entry in entries:
            if entry.usable:
                phase(config, entry)
    return entries


def locate(config: Config, choices: tuple[Choice, ...], candidates: Candidates) -> list[Entry]:
    """Find the entry points of the chosen plugins and check what they require, importing none of them."""
    entries = [Entry(choice) for choice in choices]
    for entry in entries:
        _find(config, entry, candidates)
    for entry in entries:
        if entry.usable:
            _check_version(config, entry)
    return entries


def _find(config: Config, entry: Entry, candidates: Candidates) -> None:
    found = find_candidate(config, entry.choice, candidates)
    if isinstance(found, Candidate):
        entry.candidate = found
    else:
        claimed = bool(candidates.of(entry.name))
        entry.fail(PluginState.BROKEN if claimed else PluginState.MISSING, found)


def _check_version(config: Config, entry: Entry) -> None:
    assert entry.candidate is not None  # noqa: S101  (found in the phase before)
    fault = version_fault(entry.candidate)
    if fault is not None:
        wanted, remedy = fault
        message = f"{entry.owner.text} requires {wanted}, this is plugbus {__version__}"
        entry.fail(PluginState.INCOMPATIBLE, _problem(config, entry, message, remedy))


def _import(config: Config, entry: Entry) -> None:
    candidate = entry.candidate
    assert candidate is not None  # noqa: S101  (found in the phase before)
    if not candidate.well_formed:
        message = f"the entry point of {entry.owner.text} is malformed: expected module:Class, got {candidate.value!r}"
        hint = f'Its author has to write {entry.name} = "package.module:Class" into [project.entry-points."{GROUP}"]'
        entry.fail(PluginState.BROKEN, _problem(config, entry, message, hint))
        return
    try:
        loaded = candidate.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  (a module may raise anything)
        message = f"{entry.owner.text} cannot be imported from {candidate.value}: {_told(error)}{_origin(error)}"
        absent = absent_requirements(candidate) if isinstance(error, ImportError) else []
        remedy = f"It requires what is not installed: {_pip_line(absent)}" if absent else None
        entry.fail(PluginState.BROKEN, _problem(config, entry, message, remedy, cause=error))
        return
    if isinstance(loaded, type) and issubclass(loaded, Plugin):
        entry.cls = loaded
    else:
        message = f"{candidate.value} of {entry.owner.text} is {_kind(loaded)}, not a class derived from Plugin"
        entry.fail(PluginState.BROKEN, _problem(config, entry, message))


def _check_class(config: Config, entry: Entry) -> None:
    cls = entry.cls
    assert cls is not None  # noqa: S101  (imported in the phase before)
    api = getattr(cls, "api", None)
    if type(api) is not int:
        message = f"{entry.owner.text} does not say for which generation of the hooks it was written"
        hint = f"Write `api = {max(SUPPORTED_API)}` into the class {cls.__qualname__}"
        entry.fail(PluginState.INCOMPATIBLE, _problem(config, entry, message, hint))
    elif api not in SUPPORTED_API:
        known = ", ".join(map(str, sorted(SUPPORTED_API)))
        message = f"{entry.owner.text} was written for api {api} of the hooks, this plugbus serves api {known}"
        behind = "plugbus" if api > max(SUPPORTED_API) else entry.owner.text
        entry.fail(PluginState.INCOMPATIBLE, _problem(config, entry, message, f"Upgrade {behind}"))
        return  # its hooks may be those of that generation
    for wish in ("before", "after"):
        names = getattr(cls, wish)
        if not isinstance(names, tuple | list) or not all(isinstance(name, str) for name in names):
            message = f"{wish!r} of {entry.owner.text} is {names!r}, expected a tuple of plugin names"
            entry.fail(PluginState.BROKEN, _problem(config, entry, message))
    entry.fail(PluginState.BROKEN, *_faults_of_publishes(config, entry, cls))
    for message, remedy in faults_of_hooks(cls):
        entry.fail(PluginState.BROKEN, _problem(config, entry, f"{entry.owner.text}: {message}", remedy))


def _faults_of_publishes(config: Config, entry: Entry, cls: type[Plugin[Any]]) -> list[Problem]:
    patterns: object = cls.publishes
    if not isinstance(patterns, tuple | list):
        message = f"'publishes' of {entry.owner.text} is {patterns!r}, expected a tuple of patterns of event types"
        return [_problem(config, entry, message)]
    problems = []
    for pattern in patterns:
        try:
            parse_pattern(pattern)
        except DefinitionError as error:
            problems.append(_problem(config, entry, f"'publishes' of {entry.owner.text}: {error}"))
    return problems


def _read_settings(config: Config, entry: Entry) -> None:
    assert entry.cls is not None  # noqa: S101  (imported in a phase before)
    try:
        cls: type[Any] = settings_class(entry.cls) or _NoSettings
        reserved = [key for key in map(key_of, attrs.fields(cls)) if key in HOST_KEYS] if attrs.has(cls) else []
        read = config.settings_for(entry.choice.table, cls, entry.owner)
    except DefinitionError as error:
        entry.fail(PluginState.BROKEN, _problem(config, entry, f"{entry.owner.text}: {error}", cause=error))
        return
    for name in reserved:
        message = f"{entry.owner.text} has a setting {name!r}, which is a key of the host"
        entry.fail(PluginState.BROKEN, _problem(config, entry, message, "The plugin's author has to rename it"))
    if read.problems:
        entry.fail(PluginState.BAD_SETTINGS, *read.problems)
    entry.source = config.source_of(entry.choice.table, read, entry.owner)
    entry.settings = None if cls is _NoSettings else read.settings


def _construct(config: Config, entry: Entry) -> None:
    assert entry.cls is not None  # noqa: S101  (imported in a phase before)
    distribution = entry.candidate.distribution if entry.candidate else None
    entry.context = HookContext(entry.name, distribution, config.folder, table=entry.source)
    try:
        entry.plugin = entry.cls(entry.settings, entry.context)
    except KeyboardInterrupt:
        raise
    except Problem as problem:  # made by `context.problem`, which knows the place
        entry.fail(PluginState.BAD_SETTINGS, problem)
    except ConfigurationError as error:
        entry.fail(PluginState.BAD_SETTINGS, *problems_of(error))
    except BaseException as error:  # noqa: BLE001  (a constructor may raise anything)
        secrets = secret_values(entry.settings)
        told = without(_told(error), secrets)
        message = f"{entry.owner.text} cannot be constructed: {told}{_origin(error)}"
        cause = error if told == _told(error) else None
        entry.fail(PluginState.BROKEN, _problem(config, entry, message, cause=cause))
    else:
        entry.state = PluginState.READY


@attrs.frozen
class _NoSettings:
    """The settings of a plugin that has none: every key is unknown."""


def _problem(
    config: Config, entry: Entry, message: str, hint: str | None = None, *, cause: BaseException | None = None
) -> Problem:
    keys: KeyPath = entry.choice.keys
    problem = config.problem(message, keys, mark="value" if keys[0] == "bus" else "key", hint=hint, owner=entry.owner)
    problem.__cause__ = cause
    return problem


def _pip_line(requirements: list[str]) -> str:
    return "pip install " + " ".join(f'"{one}"' if set("<>=~!") & set(one) else one for one in requirements)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _origin(error: BaseException) -> str:
    """Say where it was raised, unless the message does (as that of a syntax error)."""
    if isinstance(error, SyntaxError):
        return ""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "importlib" not in frame.filename and not frame.filename.startswith(_HERE)
    ]
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""


def _kind(loaded: object) -> str:
    if isinstance(loaded, type):
        return f"the class {loaded.__qualname__}"
    return "a module" if inspect.ismodule(loaded) else f"an object of type {type(loaded).__name__}"
