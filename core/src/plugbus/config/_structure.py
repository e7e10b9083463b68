"""From a table and the environment to an instance of a settings class, and every problem on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from plugbus.config._annotations import table_kind
from plugbus.config._environment import Overlay, Variable, lay_over, variable_name
from plugbus.config._kinds import INVALID, Place
from plugbus.config._positions import KeyPath, dotted
from plugbus.config._tables import TableKind
from plugbus.errors import Problem


if TYPE_CHECKING:
    from plugbus.config._document import Document, Owner


__all__ = ("Structured", "structure")

S = TypeVar("S")


@attrs.frozen
class Structured(Generic[S]):
    """
    What came of a table.

    Args:
        settings: The instance; None if there are problems.
        problems: What is wrong.
        overlay: The table as it was read, with the variables that gave parts of it.
        wrong: The key paths, within the table, at which something is wrong.
        kind: What the class is made of.
    """

    settings: S | None
    problems: tuple[Problem, ...]
    overlay: Overlay
    wrong: frozenset[KeyPath]
    kind: TableKind


def structure(
    cls: type[S],
    table: object,
    *,
    keys: KeyPath,
    document: Document,
    owner: Owner,
    variables: Iterable[Variable] = (),
    whole: bool = True,
) -> Structured[S]:
    """
    Make an instance of a settings class.

    Args:
        cls: An attrs class.
        table: The table from the file.
        keys: Where that stands in the document.
        document: The document, for positions and for the folder of relative paths.
        owner: Whose settings they are, for messages.
        variables: The environment variables for this table.
        whole: Whether that is all of the table; other keys of it may hold secrets.

    Raises:
        DefinitionError: If the class cannot be a settings class.
    """
    kind = table_kind(cls)
    if isinstance(table, Mapping):
        overlay = lay_over(kind, table, variables, owner)
        table = overlay.table
        hidden = [(*keys, *path) for path in kind.secret_paths(table)]
    else:
        overlay, hidden = Overlay({}), []
    place = Place(document.folder)
    settings = kind.read(table, place)
    problems = list(overlay.problems)
    for fault in place.faults:
        origin = overlay.origin(fault.keys)
        where = (*keys, *fault.keys)
        what = f"{fault.head} {dotted(fault.keys)!r}" if fault.keys else "the settings"
        message = f"{what} of {owner.text}{fault.tail}"
        hint = f"Set it there or in the environment variable {variable_name(where)}" if fault.missing else fault.hint
        if origin is None:
            problem = document.problem(
                message, where, mark=fault.mark, hint=hint, owner=owner, hidden=hidden, known=keys if whole else None
            )
        else:
            problem = Problem(message, hint=hint, location=origin, plugin=owner.plugin, distribution=owner.distribution)
        problems.append(problem)
    return Structured(
        None if problems or settings is INVALID else settings,  # type: ignore[arg-type]
        tuple(problems),
        overlay,
        frozenset(fault.keys for fault in place.faults),
        kind,
    )
