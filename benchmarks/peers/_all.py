"""Finds the peers that are installed."""

from __future__ import annotations

from importlib import import_module

from peers._peer import Peer


MODULES = (
    "abxbus",
    "aiopubsub",
    "aiosignal",
    "blinker",
    "bubus",
    "django",
    "lato",
    "pluggy",
    "psygnal",
    "pyee",
    "pymitter",
    "zope_event",
)


def load() -> tuple[list[Peer], dict[str, str]]:
    """Return the peers that can be imported, and why the others cannot."""
    peers: list[Peer] = []
    absent: dict[str, str] = {}
    for module in MODULES:
        try:
            peers.append(import_module(f"peers.{module}").PEER)
        except Exception as error:  # noqa: BLE001  (whatever a library raises on this Python is what is told)
            absent[module] = f"cannot be imported here: {type(error).__name__}: {error}"
    return peers, absent
