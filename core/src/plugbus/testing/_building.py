"""`plugin_bus`: a bus with one plugin and its settings, without a configuration file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from plugbus.bus import EventBus
from plugbus.config import Config, Owner, load_config
from plugbus.plugins import Plugin
from plugbus.plugins._selection import Choice, Selection
from plugbus.plugins.discovery import Candidate, Candidates, discover
from plugbus.plugins.host import Contributions, PluginHost


__all__ = ("Built", "build", "entry_points_of", "plugin_bus", "plugin_name", "read_settings")


class _Host(PluginHost):
    """Remembers what its one plugin has contributed."""

    contributed: Contributions

    def contributions(self, bus: EventBus, check: Callable[[str, Any], None] | None = None) -> Contributions:
        self.contributed = super().contributions(bus, check)
        return self.contributed


@attrs.frozen
class Built:
    """
    A bus with one plugin.

    Args:
        bus: The bus.
        host: Holds the plugin.
        name: The plugin's name.
        plugin: The plugin itself.
        contributed: What its hooks gave for this bus.
    """

    bus: EventBus
    host: PluginHost
    name: str
    plugin: Plugin[Any]
    contributed: Contributions


def plugin_bus(
    plugin: type[Plugin[Any]],
    settings: Mapping[str, object] | None = None,
    *,
    name: str | None = None,
    folder: Path | None = None,
) -> EventBus:
    """
    Build a bus with one plugin, for tests. Neither a file nor an environment variable configures it.

    Args:
        plugin: The plugin's class. It need not be installed.
        settings: What its table in the configuration would hold.
        name: The plugin's name; that of its entry point by default, else the class's without `Plugin`.
        folder: What relative paths in the settings are relative to; the current folder by default.

    Returns:
        The bus, not started.

    Raises:
        ConfigurationError: With everything that is wrong with the plugin or its settings.
    """
    return build(plugin, settings or {}, name or plugin_name(plugin), folder).bus


def build(plugin: type[Plugin[Any]], settings: Mapping[str, object], name: str, folder: Path | None = None) -> Built:
    """Build a bus as `plugin_bus` does, and return it with what it was built of."""
    config = _configuration(settings, name, folder)
    candidate = Candidate(name, f"{plugin.__module__}:{plugin.__qualname__}", load=lambda: plugin)
    choice = Choice(config.table(name), ("plugins", name), required=True)
    selection = Selection((choice,), (), listed=True, candidates=Candidates({name: [candidate]}))
    host = _Host._load(config, selection, config.problems)
    assert isinstance(host, _Host)  # noqa: S101  (a class method makes what it is called on)
    bus = EventBus(handle_sigterm=False)
    bus._adopt(host)
    made = host._entries[0].plugin
    assert made is not None  # noqa: S101  (else there had been a problem)
    return Built(bus, host, name, made, host.contributed)


def read_settings(
    cls: type, settings: Mapping[str, object], name: str, folder: Path | None = None
) -> tuple[Any, list[str]]:
    """Make an instance of a settings class as the host does; return it, or None with what is wrong."""
    config = _configuration(settings, name, folder)
    read: Any = config.settings_for(config.table(name), cls, Owner.of_plugin(name))
    return read.settings, [problem.summary for problem in read.problems]


def entry_points_of(plugin: type[Plugin[Any]]) -> tuple[list[Candidate], list[str]]:
    """
    Find the entry points that name a class; only those of its own package are imported.

    Returns:
        Those that do, and what those of its package name instead.
    """
    package = plugin.__module__.partition(".")[0]
    found, others = [], []
    for candidate in discover():
        if re.split(r"[.:]", candidate.value)[0].strip() != package:
            continue
        try:
            loaded = candidate.load()
        except Exception as error:  # noqa: BLE001  (a module may raise anything)
            others.append(f"{candidate.name} = {candidate.value!r}, which raises {type(error).__name__}: {error}")
            continue
        if loaded is plugin:
            found.append(candidate)
        else:
            others.append(f"{candidate.name} = {candidate.value!r}, which is {loaded!r}")
    return found, others


def plugin_name(plugin: type[Plugin[Any]]) -> str:
    """Return the name of a plugin's entry point; if it has none, its class's in the form of one."""
    found, _ = entry_points_of(plugin)
    if found:
        return found[0].name
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plugin.__name__.removesuffix("Plugin") or "plugin")
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _configuration(settings: Mapping[str, object], name: str, folder: Path | None) -> Config:
    return load_config({"plugins": {name: dict(settings)}}, environ={}, folder=folder)
