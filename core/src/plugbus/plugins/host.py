"""`PluginHost`: the plugins of one bus, from the configuration to what they contribute."""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs

from plugbus.config import Config, problems_of, secret_values, without
from plugbus.errors import ConfigurationError, DefinitionError, PluginHookError, Problem
from plugbus.hookspecs import Deadline, Health, HookContext, Observation
from plugbus.logger import logger
from plugbus.plugins._hooks import (
    SET_UP,
    Hooks,
    commands_of,
    items_of,
    lifespan_of,
    nothing_of,
    observations_of,
    services_of,
)
from plugbus.plugins._limited import Limited
from plugbus.plugins._pipeline import Entry
from plugbus.plugins._selection import Selection, choose_one, select
from plugbus.plugins._survey import Survey, settings_of, survey
from plugbus.plugins._switches import warn_of_idle_switches
from plugbus.plugins.inspection import unchosen
from plugbus.plugins.records import PluginRecord, PluginState


if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from contextlib import AbstractAsyncContextManager

    import click

    from plugbus.bus import EventBus
    from plugbus.config.inspection import SettingView
    from plugbus.plugins._plugin import Plugin

__all__ = ("Contributions", "PluginHost")


@attrs.frozen
class Contributions:
    """
    What plugins add to a bus: pairs of the plugin's name and the thing, in the order of the plugins.

    Args:
        event_types: Event classes.
        handlers: Handlers and subscriptions.
        middleware: Middleware.
        interceptors: Interceptors.
        monitors: Monitors.
        services: Objects by the type they are asked for.
    """

    event_types: tuple[tuple[str, Any], ...] = ()
    handlers: tuple[tuple[str, Any], ...] = ()
    middleware: tuple[tuple[str, Any], ...] = ()
    interceptors: tuple[tuple[str, Any], ...] = ()
    monitors: tuple[tuple[str, Any], ...] = ()
    services: dict[type, object] = attrs.field(factory=dict)


# What failed, by the plugin's name.
_Failures = dict[str, list[PluginHookError | Problem]]

_PAIRS = tuple(hook for hook in SET_UP if hook != "services")


class PluginHost:
    """
    The plugins of one bus. Make it with `load`.

    Attributes:
        config: The configuration.
        arrangement: The order of the plugins, and why it is so.
    """

    def __init__(self, config: Config, found: Survey, others: Sequence[PluginRecord]) -> None:
        by_name = {entry.name: entry for entry in found.entries}
        self.config = config
        self.arrangement = found.arrangement
        self._entries = [by_name[name] for name in self.arrangement.names]
        self._left_out = [entry for entry in found.entries if entry not in self._entries]
        self._others = tuple(others)
        self._opening: frozenset[str] = frozenset()  # plugins with a lifespan, which are marked one by one
        self._hooks = Hooks()
        for entry in self._entries:
            if entry.plugin is not None:
                self._hooks.register(entry.name, entry.plugin, entry.owner, secret_values(entry.settings))

    @classmethod
    def load(cls, config: Config, *, disabled: Collection[str] = ()) -> PluginHost:
        """
        Bring the plugins that the configuration wants to the point where their hooks can be called.

        Args:
            config: The configuration.
            disabled: Names of plugins to switch off before they are imported.

        Raises:
            ConfigurationError: With every problem of the configuration and of every required plugin.
        """
        selection = select(config, disabled)
        warn_of_idle_switches(config, selection, disabled)
        return cls._load(config, selection, config.problems)

    @classmethod
    def load_one(cls, config: Config, name: str) -> PluginHost:
        """
        Load one plugin and look at no other, for its commands.

        Args:
            config: The configuration; only what it says of this plugin has to be right.
            name: The plugin, which need not be switched on.

        Raises:
            ConfigurationError: With every problem of this plugin.
        """
        own = [problem for problem in config.problems if problem.plugin == name]
        return cls._load(config, choose_one(config, name), own)

    @classmethod
    def _load(cls, config: Config, selection: Selection, known: Sequence[Problem]) -> PluginHost:
        found = survey(config, selection, known)
        if found.fatal:
            raise ConfigurationError("Nothing was started.", found.fatal)
        for entry in found.entries:
            if not entry.usable:
                _warn(entry, [problem.summary for problem in entry.problems])
        return cls(config, found, unchosen(selection))

    @property
    def records(self) -> tuple[PluginRecord, ...]:
        """All plugins: those in use in their order, those left out, those that are off or merely installed."""
        return (*(entry.record for entry in (*self._entries, *self._left_out)), *self._others)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the configuration itself, though not with what was loaded."""
        return self.config.problems

    @property
    def settings(self) -> dict[str, tuple[SettingView, ...]]:
        """The settings of each plugin that is on, one by one, with the secrets masked."""
        return {entry.name: settings_of(self.config, entry) for entry in (*self._entries, *self._left_out)}

    @property
    def classes(self) -> dict[str, type[Plugin[Any]]]:
        """The class of each plugin that is on and could be imported."""
        return {entry.name: entry.cls for entry in (*self._entries, *self._left_out) if entry.cls is not None}

    def contributions(self, bus: EventBus, check: Callable[[str, Any], None] | None = None) -> Contributions:
        """
        Ask every plugin what it adds to the bus. A plugin that fails in one hook adds nothing at all.

        Args:
            bus: The bus that is set up.
            check: Raises what keeps the bus from taking a contribution; called with the hook and one item of it.

        Raises:
            ConfigurationError: With every hook of a required plugin that failed, and everything that does not fit.
        """
        for entry in self._entries:
            if entry.plugin is not None:
                entry.plugin.context = self._context(entry, bus)
        failures: _Failures = {}
        found = {hook: self._call_each(hook, bus, items_of, failures) for hook in _PAIRS}
        services = self._call_each("services", bus, services_of, failures)
        if check is not None:
            self._refuse_misfits(found, check, failures)
        self._refuse_doubles(services, failures)
        self._settle(failures, PluginState.BROKEN)
        pairs = {
            hook: tuple((name, item) for name, items in by_name.items() if name not in failures for item in items)
            for hook, by_name in found.items()
        }
        offered = (items for name, items in services.items() if name not in failures)
        return Contributions(services={key: item for items in offered for key, item in items.items()}, **pairs)

    def lifespans(self, bus: EventBus) -> list[tuple[str, AbstractAsyncContextManager[object]]]:
        """
        Return the plugins' lifespans by the plugin's name, in order.

        Each fails to start if that takes longer than `start_timeout` of `[bus]`.

        Args:
            bus: The bus that starts.

        Raises:
            ConfigurationError: With every required plugin whose hook failed.
        """
        failures: _Failures = {}
        found = self._call_each("lifespan", bus, lifespan_of, failures)
        self._settle(failures, PluginState.DEGRADED)
        opening = {name: lifespan for name, lifespan in found.items() if lifespan is not None}
        for entry in self._entries:
            if entry.state is PluginState.DEGRADED and entry.name in found and entry.name not in opening:
                self.mark(entry.name, PluginState.READY)  # what failed at the start before is over
        self._opening = frozenset(opening)
        return [(name, self._limited(name, lifespan)) for name, lifespan in opening.items()]

    def flush(self, deadline: Deadline) -> list[PluginHookError]:
        """Let every plugin write what it has buffered, in reverse order; return what failed instead of raising it."""
        failures = []
        for entry in reversed(self._entries):
            try:
                self._hooks.call(entry.name, "flush", deadline, nothing_of)
            except PluginHookError as error:
                failures.append(error)
        return failures

    async def health(self, bus: EventBus | None = None, *, timeout: float = 5.0) -> dict[str, Health]:
        """
        Ask the plugins that can tell how they are.

        Args:
            bus: The bus that runs; None if plugins are only inspected.
            timeout: Seconds for each answer that has to be awaited.

        Returns:
            Their answers by name; a hook that raises is a plugin that is failing.
        """
        return {
            entry.name: await self._health_of(entry, bus, timeout)
            for entry in self._entries
            if self._hooks.implements(entry.name, "health")
        }

    def observations(self, name: str, bus: EventBus | None = None) -> tuple[Observation, ...]:
        """
        Ask a plugin what an operator should know of it.

        Args:
            name: The plugin.
            bus: The bus that is looked at; None if there is none.

        Raises:
            PluginHookError: If the hook failed.
        """
        entry = next(entry for entry in self._entries if entry.name == name)
        found: tuple[Observation, ...] = self._hooks.call(name, "examine", self._context(entry, bus), observations_of)
        return found

    def commands(self, name: str) -> tuple[click.Command, ...]:
        """
        Return a plugin's commands.

        Raises:
            ConfigurationError: If the hook failed.
        """
        entry = next(entry for entry in self._entries if entry.name == name)
        try:
            commands: tuple[click.Command, ...] = self._hooks.call(name, "commands", self._context(entry), commands_of)
        except PluginHookError as error:
            raise ConfigurationError("Nothing was started.", [error]) from None
        return commands

    def secrets(self, name: str) -> frozenset[str]:
        """Return the values of a plugin's secrets, which no message may show."""
        return frozenset().union(*(secret_values(entry.settings) for entry in self._entries if entry.name == name))

    def is_required(self, name: str) -> bool:
        """Tell whether the bus refuses to start without this plugin."""
        return any(entry.name == name and entry.choice.required for entry in self._entries)

    def mark(self, name: str, state: str, error: PluginHookError | None = None) -> None:
        """
        Note how far a plugin has come.

        Args:
            name: The plugin.
            state: The value of a `PluginState`.
            error: What keeps it from going further.
        """
        for entry in self._entries:
            if entry.name == name:
                entry.state = PluginState(state)
                # What kept it from starting before is over.
                entry.problems[:] = [] if error is None else [_as_problem(error)]

    def mark_others(self, state: str) -> None:
        """Note that the bus has started or stopped, for the plugins that have no lifespan and nothing wrong."""
        for entry in self._entries:
            if entry.name not in self._opening and entry.usable:
                entry.state = PluginState(state)

    def _limited(self, name: str, lifespan: AbstractAsyncContextManager[object]) -> Limited:
        error, failure = (partial(make, name, "lifespan") for make in (self._hooks.error, self._hooks.failure))
        return Limited(lifespan, self.config.bus.start_timeout, error, failure)

    def _call_each(self, hook: str, bus: EventBus, read: Callable[[Any], Any], failures: _Failures) -> dict[str, Any]:
        """Call a hook of every plugin; one that fails does not stop the others."""
        found = {}
        for entry in self._entries:
            try:
                found[entry.name] = self._hooks.call(entry.name, hook, self._context(entry, bus), read)
            except PluginHookError as error:
                failures.setdefault(entry.name, []).append(error)
            except Problem as problem:
                _tell_once(failures.setdefault(entry.name, []), [problem])
            except ConfigurationError as error:
                _tell_once(failures.setdefault(entry.name, []), problems_of(error))
        return found

    def _refuse_misfits(
        self,
        found: dict[str, dict[str, tuple[Any, ...]]],
        check: Callable[[str, Any], None],
        failures: _Failures,
    ) -> None:
        for hook, by_name in found.items():
            for name, item in ((name, item) for name, items in by_name.items() for item in items):
                try:
                    check(hook, item)
                except Exception as error:  # noqa: BLE001  (what a plugin contributes may raise anything)
                    told = str(error) if isinstance(error, DefinitionError) else f"{type(error).__name__}: {error}"
                    failure = self._hooks.error(name, hook, f"yields what does not fit: {told}")
                    failure.__cause__ = error
                    failures.setdefault(name, []).append(failure)

    def _refuse_doubles(self, services: dict[str, dict[type, object]], failures: _Failures) -> None:
        offered: dict[type, str] = {}
        for name, items in services.items():
            for key in items:
                if offered.setdefault(key, name) != name and name not in failures:
                    what = f"offers a service of type {key.__qualname__}, which plugin {offered[key]} offers already"
                    failures.setdefault(name, []).append(self._hooks.error(name, "services", what))

    def _settle(self, failures: _Failures, state: PluginState) -> None:
        """Raise what failed in required plugins; else warn of the others, and leave out those that are broken."""
        failed = [entry for entry in self._entries if entry.name in failures]
        fatal = [error for entry in failed if entry.choice.required for error in failures[entry.name]]
        for entry in failed:
            misset = all(isinstance(error, Problem) for error in failures[entry.name])
            broken = PluginState.BAD_SETTINGS if misset else PluginState.BROKEN
            entry.state = broken if entry.choice.required else state
            entry.problems[:] = map(_as_problem, failures[entry.name])  # in place of those of a start before
        if fatal:
            raise ConfigurationError("Nothing was started.", fatal)
        for entry in failed:
            _warn(entry, map(str, failures[entry.name]))
            if state is PluginState.BROKEN:
                self._entries.remove(entry)
                self._left_out.append(entry)

    def _context(self, entry: Entry, bus: EventBus | None = None) -> HookContext:
        assert entry.context is not None  # noqa: S101  (the plugin has been constructed)
        return attrs.evolve(entry.context, bus=bus, order=tuple(one.name for one in self._entries))

    async def _health_of(self, entry: Entry, bus: EventBus | None, timeout: float) -> Health:
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                answer = self._hooks.call(entry.name, "health", self._context(entry, bus), lambda result: result)
                answer = await answer if inspect.isawaitable(answer) else answer
        except Exception as error:  # noqa: BLE001  (health may raise anything)
            if limit.expired():
                return Health("failing", f"it did not answer within {timeout:g} s")
            return Health("failing", without(str(error) or type(error).__name__, secret_values(entry.settings)))
        if isinstance(answer, Health):
            return answer
        return Health("failing", f"hook 'health' returned {type(answer).__name__}, expected Health")


def _tell_once(failures: list[PluginHookError | Problem], problems: Iterable[Problem]) -> None:
    """Add problems that no other hook of the plugin has come upon."""
    told = {one.report for one in failures if isinstance(one, Problem)}
    failures.extend(problem for problem in problems if problem.report not in told)


def _as_problem(error: PluginHookError | Problem) -> Problem:
    if isinstance(error, Problem):
        return error
    problem = Problem(str(error), plugin=error.plugin, distribution=error.distribution)
    problem.__cause__ = error.__cause__
    return problem


def _warn(entry: Entry, reasons: Iterable[str]) -> None:
    what = "runs in part" if entry.state is PluginState.DEGRADED else "is left out"
    logger.warning("%s %s: %s", entry.owner.text, what, "; ".join(reasons))
