"""Findings about the configuration and the plugins."""

from __future__ import annotations

import importlib
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from plugbus.doctor.findings import Finding, Severity
from plugbus.errors import DefinitionError, OrderError, PlugbusError, PluginError, Problem
from plugbus.plugins._hooks import hooks_of, near_misses
from plugbus.plugins.discovery import BUILT_IN
from plugbus.plugins.records import PluginState


if TYPE_CHECKING:
    from collections.abc import Mapping

    from plugbus.bus import EventBus
    from plugbus.hookspecs import Health
    from plugbus.plugins.host import PluginHost
    from plugbus.plugins.order import Arrangement
    from plugbus.plugins.records import PluginRecord

__all__ = ("answered", "failed", "observed", "overruled", "raised", "states", "unmarked", "unreachable", "wrong")

# The frames of plugbus, of the import machinery and of what attrs has written.
_OURS = (str(Path(__file__).parents[1]), "<frozen ", "<attrs ", importlib.__file__)
_NUMBERS = {
    PluginState.MISSING: "PB102",
    PluginState.INCOMPATIBLE: "PB103",
    PluginState.BROKEN: "PB104",
    PluginState.BAD_SETTINGS: "PB105",
    PluginState.BAD_ORDER: "PB106",
    PluginState.DEGRADED: "PB107",
}

_WORKING = (PluginState.READY, PluginState.STARTED, PluginState.STOPPED)


def wrong(problems: Iterable[Problem]) -> Iterator[Finding]:
    """Find what is wrong with the configuration itself."""
    for problem in problems:
        yield _of_problem("PB101", problem)


def states(records: Iterable[PluginRecord]) -> Iterator[Finding]:
    """Find the plugins that do not work as they should."""
    for record in records:
        number = _NUMBERS.get(record.state)
        if number is None or not record.selected:
            continue
        worse = record.required and record.state is not PluginState.DEGRADED
        severity = Severity.ERROR if worse else Severity.WARNING
        for problem in record.problems:
            yield _of_problem(number, problem, severity)
        if record.state is PluginState.DEGRADED and not record.problems:
            yield Finding.of(number, f"plugin {record.name} could not be started", plugin=record.name)


def raised(error: Exception, known: Iterable[Finding]) -> Iterator[Finding]:
    """
    Find what kept the bus from being built or started.

    Args:
        error: What was raised.
        known: Findings that say the same need not be made again.
    """
    said = {finding.message for finding in known}
    for one in _leaves(error):
        finding = _of_error(one)
        if finding.message not in said:
            yield finding


def failed(error: Exception | None) -> set[str]:
    """Return the names of the plugins of which a hook failed."""
    return set() if error is None else {one.plugin for one in _leaves(error) if isinstance(one, PluginError)}


def overruled(arrangement: Arrangement) -> Iterator[Finding]:
    """Find wishes about the order of plugins that the configuration does not follow."""
    for edge in arrangement.overruled:
        message = f"{edge.source} asks for {edge.first} before {edge.then}, the configuration says otherwise"
        yield Finding.of("PB108", message, plugin=edge.first)


def unmarked(classes: Mapping[str, type]) -> Iterator[Finding]:
    """Find methods of plugins that look like hooks whose names are misspelt, and are not decorated."""
    for plugin, cls in classes.items():
        for name, meant in near_misses(cls):
            remedy = (
                f"Did you mean {meant!r}? Decorated with `hookimpl` a misspelt hook is refused; "
                f"if it is meant to be none, begin its name with an underscore"
            )
            message = f"nobody calls method {name!r} of {cls.__qualname__}, the class of plugin {plugin}"
            yield Finding.of("PB109", message, plugin=plugin, remedy=remedy)


def unreachable(classes: Mapping[str, type]) -> Iterator[Finding]:
    """Find plugins with commands that nobody can call, since plugbus has a command of the plugin's name."""
    for plugin, cls in classes.items():
        if plugin in BUILT_IN and "commands" in hooks_of(cls):
            message = f"`plugbus {plugin}` is a command of plugbus, so those of plugin {plugin} cannot be called"
            yield Finding.of("PB110", message, plugin=plugin)


def answered(health: Mapping[str, Health]) -> Iterator[Finding]:
    """Find the plugins that are not well."""
    for name, answer in health.items():
        if answer.status != "ok":
            number = "PB401" if answer.status == "failing" else "PB402"
            message = f"plugin {name} is {answer.status}" + (f": {answer.detail}" if answer.detail else "")
            yield Finding.of(number, message, plugin=name)


def observed(host: PluginHost, bus: EventBus | None) -> Iterator[Finding]:
    """Find what plugins say of themselves that an operator should know."""
    for record in host.records:
        if record.selected and record.state in _WORKING:
            try:
                observations = host.observations(record.name, bus)
            except PluginError as error:
                yield _of_error(error)
                continue
            for one in observations:
                yield Finding.of(
                    "PB403",
                    one.message,
                    place=one.place,
                    plugin=record.name,
                    severity=Severity(one.severity),
                    remedy=one.remedy,
                )


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _of_error(error: Exception) -> Finding:
    if isinstance(error, Problem):
        return _of_problem("PB101", error)
    text = str(error).rstrip(".")
    if isinstance(error, PluginError):
        return Finding.of("PB104", text, plugin=error.plugin)
    place = _raised_at(error)
    if isinstance(error, OrderError):
        return Finding.of("PB304", text, place=place)
    if isinstance(error, DefinitionError):
        return Finding.of("PB303", text, place=place, severity=Severity.ERROR)
    what = text if isinstance(error, PlugbusError) else f"{type(error).__name__}: {text}"
    told = "; ".join([what, *getattr(error, "__notes__", ())])
    remedy = "Correct what raised it; `plugbus events` shows the way that led there"
    return Finding.of("PB101", f"the bus cannot be built: {told}", place=place, remedy=remedy)


def _raised_at(error: Exception) -> str | None:
    """Return the line of the application that an error came from, None if it came from none."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_OURS)]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else None


def _of_problem(number: str, problem: Problem, severity: Severity | None = None) -> Finding:
    return Finding.of(
        number,
        problem.message,
        place=problem.place or problem.location,
        plugin=problem.plugin,
        severity=severity,
        remedy=problem.hint,
    )
