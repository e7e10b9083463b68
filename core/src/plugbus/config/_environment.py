"""
Settings from environment variables: `PLUGBUS_BUS__SOURCE`, `PLUGBUS_PLUGINS__AUDIT__PATH`.

Their text becomes the value that TOML would have given, by the type of the setting, and is laid over the file's table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from plugbus._suggest import nearest
from plugbus.config._positions import KeyPath
from plugbus.errors import Problem


if TYPE_CHECKING:
    from plugbus.config._document import Owner
    from plugbus.config._kinds import Kind
    from plugbus.config._tables import TableKind


__all__ = ("CONFIG", "DISABLE", "Overlay", "Variable", "lay_over", "variable_name", "variables_of")

CONFIG = "PLUGBUS_CONFIG"
DISABLE = "PLUGBUS_DISABLE"
_PREFIX = "PLUGBUS"
_SEPARATOR = "__"


@attrs.frozen
class Variable:
    """
    One environment variable that gives a setting.

    Args:
        name: Its full name.
        parts: What its name says of the key path below the table, in capitals.
        text: Its value; not in the repr, for it may be a secret.
    """

    name: str
    parts: tuple[str, ...]
    text: str = attrs.field(repr=False)


@attrs.define
class Overlay:
    """
    A table with the environment laid over it.

    Args:
        table: The merged table.
        origins: Which variable gave what, by key path within the table.
        problems: What is wrong with the variables themselves.
    """

    table: dict[str, Any] = attrs.field(repr=False)
    origins: dict[KeyPath, str] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)

    def origin(self, keys: KeyPath) -> str | None:
        """Return the variable that gave the value at a key path, or one above it."""
        return next((self.origins[keys[:end]] for end in range(len(keys), 0, -1) if keys[:end] in self.origins), None)


def variable_name(keys: KeyPath) -> str:
    """Return the name of the variable for a key path such as `("plugins", "audit", "path")`."""
    return _SEPARATOR.join((_PREFIX + "_" + str(keys[0]).upper(), *(str(key).upper() for key in keys[1:])))


def variables_of(environ: Mapping[str, str], *table: str) -> Iterator[Variable]:
    """Find the variables that concern a table such as `("plugins", "audit")`, sorted by name."""
    start = variable_name(table)
    for name in sorted(environ):
        if name.startswith(start + _SEPARATOR):
            parts = tuple(name.removeprefix(start + _SEPARATOR).split(_SEPARATOR))
            yield Variable(name, parts, environ[name])


def lay_over(kind: TableKind, table: Mapping[str, object], variables: Iterable[Variable], owner: Owner) -> Overlay:
    """
    Lay variables over a table.

    Args:
        kind: Says which settings there are and of which type.
        table: The table from the file; it is not changed.
        variables: The variables for this table.
        owner: Whose settings they are, for messages.
    """
    overlay = Overlay(_copied(table))
    for variable in variables:
        _lay(overlay, kind, variable, owner)
    return overlay


def _lay(overlay: Overlay, kind: Kind, variable: Variable, owner: Owner) -> None:
    keys: list[str] = []
    rival: str | None = None
    for part in variable.parts:
        found = kind.child(part)
        if found is None:
            overlay.problems.append(_unknown(kind, variable, part, owner))
            return
        key, below = found
        keys, rival, kind = [*keys, key], kind.rival(key), below
    table = overlay.table
    for key in keys[:-1]:
        table = table.setdefault(key, {})
        if not isinstance(table, dict):
            return  # the file has something else there, which is reported as such
    if rival is not None and (*keys[:-1], rival) not in overlay.origins:
        table.pop(rival, None)
    table[keys[-1]] = _value(kind, variable.text)
    overlay.origins[tuple(keys)] = variable.name


def _value(kind: Kind, text: str) -> object:
    try:
        return kind.from_text(text)
    except ValueError:
        return text  # reading it strictly says what was expected


def _unknown(kind: Kind, variable: Variable, part: str, owner: Owner) -> Problem:
    keys = kind.keys()
    meant = nearest(part.lower(), keys)
    if meant is not None:
        hint = f"Did you mean {variable.name.replace(f'{_SEPARATOR}{part}', f'{_SEPARATOR}{meant.upper()}')!r}?"
    else:
        hint = f"Known settings: {', '.join(sorted(keys))}" if keys else "There are no settings here"
    return Problem(
        f"the environment variable names no setting of {owner.text}",
        hint=hint,
        location=variable.name,
        plugin=owner.plugin,
        distribution=owner.distribution,
    )


def _copied(value: Mapping[str, object]) -> dict[str, Any]:
    return {key: _copied(item) if isinstance(item, Mapping) else item for key, item in value.items()}
