"""Finds the application's own bus for `--app module:attr`."""

from __future__ import annotations

import importlib
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugbus.bus import EventBus
from plugbus.cli.exits import CannotRun
from plugbus.cli.text import printed
from plugbus.errors import ConfigurationError


if TYPE_CHECKING:
    from types import ModuleType


__all__ = ("explained", "load_bus")

# The frames of plugbus, of click, of the import machinery and of what attrs has written say nothing of the application.
_OURS = (str(Path(__file__).parents[1]), str(Path(click.__file__).parent), "<frozen ", "<attrs ", importlib.__file__)


def load_bus(app: str) -> EventBus:
    """
    Return the application's bus.

    Args:
        app: Where it is, as in `shop.main:bus`.

    Raises:
        ConfigurationError: If the application's configuration is wrong.
        CannotRun: If the module cannot be imported, or has no such bus.
    """
    module_name, _, path = app.partition(":")
    if not module_name or not path:
        raise CannotRun(f"--app {app}: expected MODULE:ATTR, as in shop:bus")
    found: object = _import(module_name)
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            raise CannotRun(f"--app {app}: {module_name} has no attribute {path}{_buses_in(found)}") from None
    if not isinstance(found, EventBus):
        raise CannotRun(f"--app {app}: expected an EventBus, got an object of class {type(found).__name__}")
    return found


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ConfigurationError:
        raise
    except Exception as error:  # noqa: BLE001  (a module may raise anything)
        if isinstance(error, ModuleNotFoundError) and error.name and f"{name}.".startswith(f"{error.name}."):
            hint = "it is looked for in the current folder and among what is installed"
            raise CannotRun(f"--app: there is no module {error.name}; {hint}") from None
        raise CannotRun(f"--app: {name} cannot be imported:\n{explained(error)}") from None


def explained(error: BaseException) -> str:
    """Return an exception with the lines of the application that led to it, for whoever wrote the application."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_OURS)]
    where = "".join(traceback.format_list(frames))
    return printed("".join([where, *traceback.format_exception_only(error)]))


def _buses_in(holder: object) -> str:
    names = [name for name, value in vars(holder).items() if isinstance(value, EventBus)] if holder else []
    return f"; there is {', '.join(sorted(names))}" if names else ""
