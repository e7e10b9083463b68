"""A configuration as it was found: its data, and for a problem the place in its text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

import attrs

from plugbus.config._positions import KeyPath, Position, Positions, dotted, scan
from plugbus.errors import Problem


__all__ = ("HOST_KEYS", "Document", "Mark", "Owner", "sounds_secret")

# What the caret stands under: the key, its value, or (for what is missing) the table.
Mark = Literal["key", "value"]

# The keys of a plugin's table that are the host's; all others are the plugin's, and their values may be secrets.
HOST_KEYS = ("enabled", "required", "before", "after", "distribution")

_SENSITIVE = re.compile(r"secret|token|passw|passphrase|credential|api_?key|private_?key|dsn", re.IGNORECASE)


def sounds_secret(key: str) -> bool:
    """Tell whether a key's name sounds like that of a secret."""
    return _SENSITIVE.search(key) is not None


@attrs.frozen
class Owner:
    """
    Whose settings a problem is about.

    Args:
        text: As a message calls it: `plugin audit (plugbus-audit 0.1.0)`, `[bus]`.
        plugin: The plugin's name.
        distribution: Its distribution and version.
    """

    text: str
    plugin: str | None = None
    distribution: str | None = None

    @classmethod
    def of_plugin(cls, name: str, distribution: str | None = None) -> Owner:
        """Make the owner for a plugin."""
        return cls(f"plugin {name} ({distribution})" if distribution else f"plugin {name}", name, distribution)


@attrs.frozen
class Document:
    """
    One configuration file, or a mapping given in code.

    Args:
        data: The tables `bus` and `plugins`.
        folder: What relative paths in it are relative to.
        path: The file; None for a mapping.
        label: The file as messages name it.
        text: The file's text, with plain newlines.
        root: Where the data stand in the file: `("tool", "plugbus")` in a pyproject.toml.
    """

    data: Mapping[str, object] = attrs.field(repr=False)
    folder: Path
    path: Path | None = None
    label: str | None = None
    text: str = attrs.field(default="", repr=False)
    root: KeyPath = ()

    @cached_property
    def positions(self) -> Positions:
        """Where everything stands; scanned when first asked."""
        return scan(self.text)

    @cached_property
    def lines(self) -> list[str]:
        """The text, line by line."""
        return self.text.split("\n")

    def problem(
        self,
        message: str,
        keys: KeyPath,
        *,
        mark: Mark = "value",
        hint: str | None = None,
        owner: Owner | None = None,
        hidden: Collection[KeyPath] = (),
        known: KeyPath | None = None,
    ) -> Problem:
        """
        Make a problem that points into the file.

        Args:
            message: What is wrong.
            keys: Where, without the root. What is not there is looked for in the tables around it.
            mark: What the caret stands under.
            hint: What to do.
            owner: Whose problem it is.
            hidden: Key paths of what is or may be secret, whose values are not shown.
            known: The table of which `hidden` says everything. In those of plugins elsewhere all settings are hidden.
        """
        found = self._find(keys, mark)
        line, column, width = (found.line, found.column, found.width) if found else (None, None, 1)
        return Problem(
            message,
            hint=hint,
            location=dotted((*self.root, *keys)) or None,
            file=self.label,
            line=line,
            column=column,
            width=width,
            source_line=None if found is None else self._shown(found, hidden, known),
            plugin=owner.plugin if owner else None,
            distribution=owner.distribution if owner else None,
        )

    def _find(self, keys: KeyPath, mark: Mark) -> Position | None:
        if not self.text:
            return None
        path = (*self.root, *keys)
        if mark == "value" and path in self.positions.values:
            return self.positions.values[path]
        while path:
            found = self.positions.keys.get(path) or self.positions.values.get(path)
            if found is not None:
                return found
            path = path[:-1]
        return None

    def _shown(self, found: Position, hidden: Collection[KeyPath], known: KeyPath | None) -> str | None:
        """Return the source line up to the first secret in it; None if the caret would stand under or behind that."""
        line = self.lines[found.line - 1]
        columns = [
            value.column
            for path, value in self.positions.values.items()
            if value.line == found.line and self._is_hidden(path, hidden, known)
        ]
        if not columns:
            return line
        first = min(columns)
        shown = line[: first - 1] + "***"
        return shown if found.column <= first else None

    def _is_hidden(self, path: KeyPath, hidden: Collection[KeyPath], known: KeyPath | None) -> bool:
        depth = len(self.root)
        if path[:depth] != self.root:  # of somebody else in the same file, unless ours are in it
            return path != self.root[: len(path)]
        own = path[depth:]
        if any(own[: len(keys)] == keys for keys in hidden):
            return True
        return own[:1] == ("plugins",) and len(own) > 2 and own[2] not in HOST_KEYS and own[:2] != known
