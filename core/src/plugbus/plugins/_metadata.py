"""The one door to `importlib_metadata`, which costs more to import than the rest of core; discovery opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import importlib_metadata


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from importlib_metadata import EntryPoint

__all__ = ("all_entry_points", "editable_source", "entry_points", "installed_version")


def entry_points(group: str) -> list[EntryPoint]:
    """Return the entry points of a group, passing over distributions whose records cannot be read."""
    return _scan(group=group)


def all_entry_points() -> list[EntryPoint]:
    """Return the entry points of all groups; see `entry_points`."""
    return _scan()


def _scan(**wanted: str) -> list[EntryPoint]:
    try:
        return list(importlib_metadata.entry_points(**wanted))
    except Exception:  # noqa: BLE001  (a stranger's broken record may raise anything, and must not hide the others)
        return list(_readable(wanted))


def installed_version(project: str) -> str | None:
    """Return the version of a distribution, None if it is not installed or does not say."""
    try:
        return importlib_metadata.version(project)
    except Exception:  # noqa: BLE001  (a broken record may raise anything)
        return None


def editable_source(project: str) -> str | None:
    """Return the address of the folder that a distribution is installed from in place, None if it is not."""
    try:
        origin = importlib_metadata.distribution(project).origin
        return str(origin.url) if origin is not None and origin.dir_info.editable else None
    except Exception:  # noqa: BLE001  (see above; and most origins are no folder)
        return None


def _readable(wanted: Mapping[str, str]) -> Iterator[EntryPoint]:
    seen: set[str] = set()
    for distribution in importlib_metadata.distributions():
        try:
            name = distribution.name
            found = list(distribution.entry_points.select(**wanted))
        except Exception:  # noqa: BLE001, S112  (see above)
            continue
        if name not in seen:
            seen.add(name)
            yield from found
