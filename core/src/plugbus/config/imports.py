"""The modules of `[bus] imports`: whether there are such modules, without importing them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from plugbus.errors import Problem


if TYPE_CHECKING:
    from plugbus.config.settings import Config

__all__ = ("absent_module", "absent_modules")


def absent_module(config: Config, index: int) -> Problem:
    """Make the problem of a module that there is not."""
    return config.problem(
        f"cannot import module {config.bus.imports[index]!r}",
        ("bus", "imports", index),
        mark="value",
        hint="Is it installed, or the program started from the folder that holds it?",
    )


def absent_modules(config: Config) -> Iterator[Problem]:
    """Find the modules that there are not. Packages around a module are imported, the module itself is not."""
    for index, name in enumerate(config.bus.imports):
        try:
            found = find_spec(name) is not None
        except ModuleNotFoundError:
            found = False
        except Exception:  # noqa: BLE001  (a package that raises is there; its import tells what is wrong with it)
            found = True
        if not found:
            yield absent_module(config, index)
