"""Findings about the configuration and the plugins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from plugbus.doctor.findings import Finding, Severity
from plugbus.errors import DefinitionError, OrderError, PluginError, Problem
from plugbus.plugins.records import PluginState


if TYPE_CHECKING:
    from collections.abc import Mapping

    from plugbus.hookspecs import Health
    from plugbus.plugins.order import Arrangement
    from plugbus.plugins.records import PluginRecord

__all__ = ("answered", "overruled", "raised", "states", "wrong")

_NUMBERS = {
    PluginState.MISSING: "PB102",
    PluginState.INCOMPATIBLE: "PB103",
    PluginState.BROKEN: "PB104",
    PluginState.BAD_SETTINGS: "PB105",
    PluginState.BAD_ORDER: "PB106",
    PluginState.DEGRADED: "PB107",
}


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


def overruled(arrangement: Arrangement) -> Iterator[Finding]:
    """Find wishes about the order of plugins that the configuration does not follow."""
    for edge in arrangement.overruled:
        message = f"{edge.source} asks for {edge.first} before {edge.then}, the configuration says otherwise"
        yield Finding.of("PB108", message, plugin=edge.first)


def answered(health: Mapping[str, Health]) -> Iterator[Finding]:
    """Find the plugins that are not well."""
    for name, answer in health.items():
        if answer.status != "ok":
            number = "PB401" if answer.status == "failing" else "PB402"
            message = f"plugin {name} is {answer.status}" + (f": {answer.detail}" if answer.detail else "")
            yield Finding.of(number, message, plugin=name)


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
    if isinstance(error, OrderError):
        return Finding.of("PB304", text)
    if isinstance(error, DefinitionError):
        return Finding.of("PB303", text, severity=Severity.ERROR)
    return Finding.of("PB101", f"the bus cannot be built: {type(error).__name__}: {text}")


def _of_problem(number: str, problem: Problem, severity: Severity | None = None) -> Finding:
    return Finding.of(
        number,
        problem.message,
        place=problem.place or problem.location,
        plugin=problem.plugin,
        severity=severity,
        remedy=problem.hint,
    )
