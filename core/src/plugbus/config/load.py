"""`load_config`: the file, the environment over it, and what is wrong with the host's part of both."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import attrs

from plugbus._suggest import did_you_mean
from plugbus.config._document import Document, Owner
from plugbus.config._environment import DISABLE, variables_of
from plugbus.config._find import find_document
from plugbus.config._structure import Structured, structure
from plugbus.config.settings import BusSettings, Config, read_table


if TYPE_CHECKING:
    from plugbus.errors import Problem


__all__ = ("load_config",)

_TABLES = ("bus", "plugins")


def load_config(
    source: str | Path | Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Config:
    """
    Read the configuration.

    Args:
        source: A `plugbus.toml`, a `pyproject.toml`, or a mapping with the tables `bus` and `plugins`. None takes the
            file that PLUGBUS_CONFIG names, else `plugbus.toml`, else `[tool.plugbus]` of `pyproject.toml`, else none.
        environ: Environment variables, those of the process by default; they win over the file.
        folder: Where the file is looked for and what paths in a mapping are relative to; the current one by default.

    Returns:
        The configuration, with the problems of its host's part in `problems`.

    Raises:
        ConfigurationError: If the file is missing, cannot be read, or is no TOML.
    """
    given = os.environ if environ is None else environ
    variables = {name: text for name, text in given.items() if name.startswith("PLUGBUS_")}
    document = find_document(source, variables, (folder or Path()).absolute())
    bus, problems = _read_bus(document, variables)
    problems += [
        document.problem(f"unknown table {key!r}", (key,), mark="key", hint=did_you_mean(key, _TABLES), hidden=[(key,)])
        for key in document.data
        if key not in _TABLES
    ]
    tables = document.data.get("plugins", {})
    if not isinstance(tables, Mapping):
        problems.append(document.problem("plugins expects a table", ("plugins",), hidden=[("plugins",)]))
        tables = {}
    plugins = {}
    for name, table in tables.items():
        plugins[name], wrong = read_table(name, table, document, variables)
        problems += wrong
    listed = bus.settings.plugins if bus.settings is not None else None
    for name in listed if isinstance(listed, tuple) else ():
        if name not in plugins:  # its host's keys may come from the environment all the same
            problems += read_table(name, {}, document, variables)[1]
    return Config(
        path=document.path,
        folder=document.folder,
        bus=bus.settings or BusSettings(),
        plugins=MappingProxyType(plugins),
        disabled=frozenset(name for part in variables.get(DISABLE, "").split(",") if (name := part.strip())),
        problems=tuple(problems),
        document=document,
        environ=variables,
        bus_overlay=bus.overlay,
    )


def _read_bus(document: Document, environ: Mapping[str, str]) -> tuple[Structured[BusSettings], list[Problem]]:
    owner = Owner("[bus]")
    first = structure(
        BusSettings,
        document.data.get("bus", {}),
        keys=("bus",),
        document=document,
        owner=owner,
        variables=variables_of(environ, "bus"),
    )
    if first.settings is not None:
        return first, []
    # What is right still says which plugins to look at, so that their problems are in the same report.
    wrong = {keys[0] for keys in first.wrong if keys}
    rest = {key: value for key, value in first.overlay.table.items() if key not in wrong}
    second = structure(BusSettings, rest, keys=("bus",), document=document, owner=owner)
    return attrs.evolve(second, overlay=first.overlay), list(first.problems)
