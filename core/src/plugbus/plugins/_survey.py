"""All that one look at the configuration and the plugins finds, whether or not a bus can be built from it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import attrs

from plugbus.errors import DefinitionError, Problem
from plugbus.plugins._arrangement import arranged, unknown_names
from plugbus.plugins._pipeline import Entry, prepare
from plugbus.plugins._plugin import settings_class
from plugbus.plugins.order import Arrangement


if TYPE_CHECKING:
    from plugbus.config import Config
    from plugbus.config.inspection import SettingView
    from plugbus.plugins._selection import Selection

__all__ = ("Survey", "settings_of", "survey")


@attrs.frozen
class Survey:
    """
    What was found.

    Args:
        entries: The chosen plugins, each as far as it comes.
        arrangement: The order of those that are usable.
        problems: What is wrong with the configuration itself.
    """

    entries: Sequence[Entry]
    arrangement: Arrangement
    problems: tuple[Problem, ...]

    @property
    def fatal(self) -> list[Problem]:
        """What keeps a bus from being built, in the order of the file."""
        required = [problem for entry in self.entries if entry.choice.required for problem in entry.problems]
        return sorted([*self.problems, *required], key=_place)


def survey(config: Config, selection: Selection, known: Sequence[Problem]) -> Survey:
    """
    Bring the chosen plugins as far as they come; nothing is raised.

    Args:
        config: The configuration.
        selection: What it wants.
        known: What is wrong with it so far.
    """
    entries = prepare(config, selection.chosen, selection.candidates)
    problems = (*known, *selection.problems, *unknown_names(config, entries, selection.candidates))
    return Survey(entries, arranged(config, entries, listed=selection.listed), problems)


def settings_of(config: Config, entry: Entry) -> tuple[SettingView, ...]:
    """Return a plugin's settings one by one; where the plugin cannot be imported, what is given to it."""
    from plugbus.config.inspection import view_settings, view_unread

    if entry.cls is not None:
        with suppress(DefinitionError):  # it is among the plugin's problems
            cls = settings_class(entry.cls)
            return () if cls is None else view_settings(config, entry.name, cls)
    return view_unread(config, entry.name)


def _place(problem: Problem) -> tuple[bool, int, int]:
    """Sort by place in the file; what stands in no file comes last."""
    return problem.line is None, problem.line or 0, problem.column or 0
