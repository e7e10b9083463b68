"""A plugin's table, as far as only the plugin can check it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeVar

import attrs

from plugbus.config._document import Document, Mark, Owner
from plugbus.config._positions import KeyPath, dotted
from plugbus.config._structure import Structured, structure
from plugbus.errors import ConfigurationError, Problem


__all__ = ("TableSource",)

S = TypeVar("S")


@attrs.frozen(slots=False)
class TableSource:
    """
    Where a plugin's settings came from: for messages that name the line, and for tables inside of them.

    Args:
        name: The plugin's name.
        document: The configuration.
        read: What was read from the table.
        owner: The plugin, for messages.
    """

    name: str
    _document: Document = attrs.field(repr=False)
    _read: Structured[Any] = attrs.field(repr=False)
    _owner: Owner = attrs.field(repr=False)

    @cached_property
    def _hidden(self) -> list[KeyPath]:
        return [("plugins", self.name, *path) for path in self._read.kind.secret_paths(self._read.overlay.table)]

    def position(self, *keys: str | int) -> str | None:
        """
        Return where something stands.

        Args:
            keys: The way to it within the plugin's table, as in `"rules", 0, "events"`.

        Returns:
            File and line as in `plugbus.toml:7`, or the environment variable; None if it stands nowhere.
        """
        problem = self.problem("", *keys)
        if problem.file is not None and problem.line is not None:
            return f"{problem.file}:{problem.line}"
        return problem.location if self._read.overlay.origin(keys) is not None else problem.file

    def problem(self, message: str, *keys: str | int, mark: Mark = "value", hint: str | None = None) -> Problem:
        """
        Make a problem that names the place, for the plugin to raise.

        Args:
            message: What is wrong.
            keys: The way to it within the plugin's table.
            mark: What the caret stands under: the key, or its value.
            hint: What to do.
        """
        where = ("plugins", self.name, *keys)
        origin = self._read.overlay.origin(keys)
        if origin is not None:
            owner = self._owner
            return Problem(message, hint=hint, location=origin, plugin=owner.plugin, distribution=owner.distribution)
        return self._document.problem(
            message, where, mark=mark, hint=hint, owner=self._owner, hidden=self._hidden, known=where[:2]
        )

    def read(self, cls: type[S], value: object, *keys: str | int) -> S:
        """
        Make an instance of a settings class from a value inside the table, as strictly as the plugin's own settings.

        Args:
            cls: An attrs class, made with `option`.
            value: The value, which must be a table.
            keys: The way to it within the plugin's table.

        Raises:
            ConfigurationError: With every problem of it.
            DefinitionError: If the class cannot be a settings class.
        """
        read = structure(
            cls, value, keys=("plugins", self.name, *keys), document=self._document, owner=self._within(keys)
        )
        if read.settings is None:
            problems = [self._moved(problem, keys) for problem in read.problems]
            raise ConfigurationError("Nothing was started.", problems)
        return read.settings

    def _within(self, keys: KeyPath) -> Owner:
        return attrs.evolve(self._owner, text=f"{dotted(keys)} of {self._owner.text}")

    def _moved(self, problem: Problem, keys: KeyPath) -> Problem:
        """Where the environment gave the value, the file does not show it."""
        origin = self._read.overlay.origin(keys)
        if origin is None:
            return problem
        return Problem(
            problem.message,
            hint=problem.hint,
            location=origin,
            plugin=problem.plugin,
            distribution=problem.distribution,
        )
