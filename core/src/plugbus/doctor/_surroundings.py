"""Findings about what is around the bus: Python, the environment, the configuration file, what is installed."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from plugbus._suggest import did_you_mean, nearest
from plugbus._version import __version__
from plugbus.config import BusSettings
from plugbus.config.options import MASK
from plugbus.doctor.findings import Finding, Severity
from plugbus.plugins._switches import idle_switches
from plugbus.plugins.discovery import FIRST_PARTY, GROUP, discover, editable_source, strays


if TYPE_CHECKING:
    from plugbus.config.inspection import SettingView
    from plugbus.plugins.records import PluginRecord

__all__ = ("TESTED", "environment", "file_of", "installed", "misplaced", "python", "secrets")

# The oldest and the newest version of Python that the suite runs on.
TESTED = ((3, 11), (3, 13))


def python(version: tuple[int, int] = sys.version_info[:2]) -> Iterator[Finding]:
    """Find a version of Python that plugbus is not tested with."""
    oldest, newest = TESTED
    if not oldest <= version <= newest:
        tested = " to ".join(".".join(map(str, one)) for one in TESTED)
        running = ".".join(map(str, version))
        yield Finding.of("PB201", f"this is Python {running}; plugbus {__version__} is tested on {tested}")


def environment(environ: Mapping[str, str], records: Iterable[PluginRecord]) -> Iterator[Finding]:
    """
    Find environment variables that have no effect.

    Args:
        environ: The variables.
        records: All plugins.
    """
    records = list(records)
    selected = {record.name for record in records if record.selected}
    known = {*FIRST_PARTY, *(record.name for record in records)}
    for name in sorted(name for name in environ if name.startswith("PLUGBUS_")):
        if name == "PLUGBUS_DISABLE":
            yield from _disabled(environ[name], known)
        elif name.startswith("PLUGBUS_PLUGINS__"):
            plugin, separator, _ = name.removeprefix("PLUGBUS_PLUGINS__").partition("__")
            if not separator:
                yield Finding.of("PB203", f"{name} names a plugin, but no setting", place=name)
            elif plugin != plugin.upper():
                yield Finding.of("PB203", f"{name} is not in capitals, so it is not read", place=name)
            elif plugin.lower() not in selected:
                message = f"{name} is for plugin {plugin.lower()}, which is not on"
                yield Finding.of("PB202", message, place=name, remedy=did_you_mean(plugin, selected))
        elif name != "PLUGBUS_CONFIG" and not name.startswith("PLUGBUS_BUS__"):
            yield Finding.of("PB203", f"plugbus reads no variable {name}", place=name, remedy=_meant(name))


def _meant(name: str) -> str | None:
    # Without what all of them begin with, which would make any two look alike.
    known = {"CONFIG": "PLUGBUS_CONFIG", "DISABLE": "PLUGBUS_DISABLE"}
    known |= {field.name.upper(): f"PLUGBUS_BUS__{field.name.upper()}" for field in attrs.fields(BusSettings)}
    found = nearest(name.removeprefix("PLUGBUS_"), known)
    return None if found is None else f"Did you mean {known[found]!r}?"


def _disabled(text: str, known: set[str]) -> Iterator[Finding]:
    names = filter(None, map(str.strip, text.split(",")))
    for message, hint in idle_switches("PLUGBUS_DISABLE", names, known):
        yield Finding.of("PB203", message, place="PLUGBUS_DISABLE", remedy=hint)


def file_of(path: Path) -> Iterator[Finding]:
    """Find out whether others may change the configuration file, itself or by putting another in its place."""
    if os.name != "posix":
        return
    mode, above = path.stat().st_mode, path.parent.stat().st_mode
    if mode & stat.S_IWOTH:
        remedy = f"chmod o-w {path}"
        yield Finding.of("PB204", f"everybody may write to it: {stat.filemode(mode)}", place=str(path), remedy=remedy)
    if above & stat.S_IWOTH and not above & stat.S_ISVTX:
        message = f"everybody may replace it: its folder is {stat.filemode(above)}"
        yield Finding.of("PB204", message, place=str(path), remedy=f"chmod o-w {path.parent}")


def secrets(path: Path, settings: Mapping[str, Iterable[SettingView]]) -> Iterator[Finding]:
    """
    Find secrets that stand in the configuration file.

    Args:
        path: The file.
        settings: The settings of each plugin.
    """
    open_to_all = os.name == "posix" and bool(path.stat().st_mode & stat.S_IROTH)
    for plugin, views in settings.items():
        for view in views:
            if view.source == "file" and view.type is not None and _masked(view.value):
                where = f"setting {view.name!r} of plugin {plugin} is a secret"
                ending = ", and everybody may read the file" if open_to_all else ""
                yield Finding.of(
                    "PB205",
                    f"{where} and stands in the file{ending}",
                    place=view.origin,
                    plugin=plugin,
                    severity=Severity.WARNING if open_to_all else None,
                )


def _masked(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_masked, value.values()))
    if isinstance(value, list):
        return any(map(_masked, value))
    return bool(value == MASK)


def installed(records: Iterable[PluginRecord]) -> Iterator[Finding]:
    """Find what is installed and not used, or used from a working folder."""
    records = list(records)
    known = {record.name: record for record in records}
    for candidate in discover():
        ours = candidate.name in FIRST_PARTY and candidate.project == f"plugbus-{candidate.name}"
        record = known.get(candidate.name)
        if ours and (record is None or (not record.selected and record.state != "off")):
            message = f"{candidate.distribution} is installed, but plugin {candidate.name} is not on"
            remedy = f"Add [plugins.{candidate.name}] to the configuration, or uninstall it"
            yield Finding.of("PB206", message, plugin=candidate.name, remedy=remedy)
    used = [("plugbus", None), *((record.distribution, record.name) for record in records if record.selected)]
    for project, plugin in used:
        source = editable_source(project) if project else None
        if source is not None:
            yield Finding.of("PB207", f"{project} is installed in place from {source}", plugin=plugin)


def misplaced() -> Iterator[Finding]:
    """Find plugins that are offered where plugbus does not look."""
    for stray in strays():
        offer = f"{stray.distribution or 'a distribution'} offers {stray.name!r} in the group {stray.group!r}"
        message = f"{offer} of entry points, which plugbus does not read"
        yield Finding.of("PB208", message, remedy=f"Did you mean {GROUP!r}?")
