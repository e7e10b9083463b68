"""Rates, counted in true moving windows: in memory, or on Redis for several processes."""

from __future__ import annotations

from plugbus.errors import DefinitionError
from plugbus_guards.limits.memory import MemoryWindows
from plugbus_guards.limits.window import Window, Windows


__all__ = ("MemoryWindows", "Window", "Windows", "open_windows")


def open_windows(url: str) -> Windows:
    """
    Return where rates are counted; nothing is connected yet.

    Args:
        url: `mem://`, or the address of a Redis or Valkey server.

    Raises:
        DefinitionError: If there is no such place, or what it needs is not installed.
    """
    scheme = url.partition("://")[0]
    if scheme == "mem":
        return MemoryWindows()
    if scheme in {"redis", "rediss", "valkey", "valkeys", "unix"}:
        from plugbus_guards.limits.redis import RedisWindows

        return RedisWindows(url)
    raise DefinitionError(f"rates are counted at mem:// or redis://HOST:PORT/DB, not at {scheme}://")
