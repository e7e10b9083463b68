"""Names that are to switch a plugin off, and switch none off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugbus._suggest import did_you_mean
from plugbus.logger import logger
from plugbus.plugins.discovery import FIRST_PARTY


if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from plugbus.config import Config
    from plugbus.plugins._selection import Selection

__all__ = ("idle_switches", "warn_of_idle_switches")


def idle_switches(source: str, names: Iterable[str], known: Collection[str]) -> Iterator[tuple[str, str | None]]:
    """
    Find the names that no plugin has.

    Args:
        source: What gives the names.
        names: The names.
        known: The plugins that there are.

    Returns:
        Pairs of what is wrong, and which plugin may have been meant.
    """
    for name in sorted(names):
        if name not in known:
            yield f"{source} names {name!r}, which is no plugin here", did_you_mean(name, known)


def warn_of_idle_switches(config: Config, selection: Selection, disabled: Collection[str]) -> None:
    """
    Log what switches nothing off. It is no error: one environment may serve several programs.

    Args:
        config: The configuration.
        selection: What it wants. If no plugin is on, nothing is left to be switched off.
        disabled: The names that the caller gave.
    """
    if not selection.chosen:
        return
    chosen = (choice.name for choice in selection.chosen)
    known = {*FIRST_PARTY, *config.plugins, *chosen, *selection.off, *selection.candidates.names}
    for source, names in (("PLUGBUS_DISABLE", config.disabled), ("disabled=", disabled)):
        for message, hint in idle_switches(source, names, known):
            logger.warning("%s. %s", message, hint or "It switches nothing off")
