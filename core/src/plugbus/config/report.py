"""The report on a configuration as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from plugbus.errors import ConfigurationError, PluginError, Problem


if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ("as_json", "problem_as_json", "problems_of")


def as_json(error: ConfigurationError) -> dict[str, Any]:
    """
    Return a report as data for `json.dumps`, with the same order and words as its text.

    Returns:
        `message`, and under `problems` what `problem_as_json` makes of each.
    """
    return {"message": error.message, "problems": [problem_as_json(problem) for problem in _leaves(error)]}


def problem_as_json(problem: Exception) -> dict[str, Any]:
    """
    Return one problem as data. What was masked in its text is masked here.

    Args:
        problem: A `Problem`, or the error of a hook.

    Returns:
        `file`, `line`, `column`, `location`, `message`, `hint`, `plugin`, `distribution` and `hook`, each None where it
        is not known.
    """
    found: Mapping[str, Any] = {}
    match problem:
        case Problem():
            found = vars(problem)
        case PluginError():
            found = vars(problem) | {"message": str(problem)}
        case _:
            found = {"message": f"{type(problem).__name__}: {problem}"}
    keys = ("file", "line", "column", "location", "message", "hint", "plugin", "distribution", "hook")
    return {key: found.get(key) for key in keys}


def problems_of(error: ConfigurationError) -> list[Problem]:
    """Return each problem of a report, at whatever depth; an error of another kind becomes one without a place."""
    return [leaf if isinstance(leaf, Problem) else Problem(str(leaf)) for leaf in _leaves(error)]


def _leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
