"""What each of our plugins adds to the demo. A new plugin adds its line here and its table to `_shop/plugbus.toml`."""

from __future__ import annotations

import attrs


__all__ = ("EXHIBITS", "Exhibit")


@attrs.frozen
class Exhibit:
    """
    A plugin in the demo.

    Args:
        plugin: Its name; its distribution is `plugbus-<name>`.
        file: The file that it leaves in the folder.
        holds: What is in that file.
        command: What to look at it with, after `plugbus`.
    """

    plugin: str
    file: str
    holds: str
    command: str


EXHIBITS = (Exhibit("audit", "audit.db", "the trail, one row for each event", "audit tail"),)
