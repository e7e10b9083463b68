"""Looking at plugins without importing any: it works however broken they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from plugbus.plugins._pipeline import locate
from plugbus.plugins._selection import Selection, select
from plugbus.plugins.discovery import discover
from plugbus.plugins.records import PluginRecord, PluginState


if TYPE_CHECKING:
    from collections.abc import Collection

    from plugbus.config import Config

__all__ = ("list_plugins", "unchosen")


def list_plugins(config: Config | None = None, *, disabled: Collection[str] = ()) -> tuple[PluginRecord, ...]:
    """
    Tell which plugins there are and what the configuration does with them.

    Args:
        config: The configuration; None, for example because it cannot be read, tells what is installed.
        disabled: Names of plugins to switch off.

    Returns:
        Those that are on in the configuration's order (`installed`, `missing`, or `broken` where two distributions
        claim the name), then those that are off, then those that are merely installed.
    """
    if config is None:
        return tuple(PluginRecord.of_candidate(candidate) for candidate in discover())
    selection = select(config, disabled)
    if not selection.chosen:
        selection = attrs.evolve(selection, candidates=discover())
    entries = locate(config, selection.chosen, selection.candidates)
    return (*(entry.record for entry in entries), *unchosen(selection))


def unchosen(selection: Selection) -> tuple[PluginRecord, ...]:
    """Make the records of plugins that are off, and of those that are installed and not wanted."""
    chosen = {choice.name for choice in selection.chosen}
    off = []
    for name in selection.off:
        claims = selection.candidates.of(name)
        off += [PluginRecord.of_candidate(claim, PluginState.OFF) for claim in claims[:1]] or [
            PluginRecord(name, PluginState.OFF)
        ]
    rest = [candidate for candidate in selection.candidates if candidate.name not in {*chosen, *selection.off}]
    return (*off, *(PluginRecord.of_candidate(candidate) for candidate in rest))
