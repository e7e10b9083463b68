"""`--as FILE`: in whose name a command publishes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugbus.authority import Authority
from plugbus.cli.exits import CannotRun
from plugbus.cli.text import one_line
from plugbus.errors import ServiceNotFound, UsageError


if TYPE_CHECKING:
    from plugbus.bus import EventBus

__all__ = ("acting", "as_option", "read_object")

as_option = click.option(
    "--as",
    "principal",
    metavar="FILE",
    help='Publish in the name of the principal that FILE describes: {"id": "7", "roles": ["admin"]}.',
)


def acting(bus: EventBus, principal: str | None) -> AbstractContextManager[object]:
    """
    Return a block in which events are published in somebody's name.

    Args:
        bus: The bus, a plugin of which knows principals.
        principal: The file that describes one; None for nobody in particular.

    Raises:
        CannotRun: If the file does not describe one, or no plugin knows principals.
    """
    if principal is None:
        return nullcontext()
    described = read_object(principal)
    try:
        return bus.service(Authority).acting_as(described)  # type: ignore[type-abstract]
    except ServiceNotFound:
        raise CannotRun(
            "no plugin of this bus knows principals, so --as means nothing: pip install plugbus-guards, "
            "and write [plugins.guards] into the configuration"
        ) from None
    except UsageError as error:
        raise CannotRun(one_line(f"{principal}: {error}")) from None


def read_object(file: str) -> Mapping[str, Any]:
    """
    Read a file that holds one JSON object.

    Raises:
        CannotRun: If it cannot be read, or holds something else.
    """
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotRun(one_line(f"cannot read {file}: {error.strerror or error}")) from None
    except ValueError as error:
        raise CannotRun(one_line(f"{file} is no JSON: {error}")) from None
    if not isinstance(found, dict):
        raise CannotRun(one_line(f"{file} should hold a JSON object, and holds a {type(found).__name__}"))
    return found
