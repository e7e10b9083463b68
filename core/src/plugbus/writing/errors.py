"""What a writer raises."""

from __future__ import annotations

from plugbus.errors import BusOverloaded, PlugbusError


__all__ = ("RowNotWritten", "WriterOverloaded", "WriterUnusable")


class WriterOverloaded(BusOverloaded):
    """Rows come faster than the disk takes them, or it takes none, and the buffer is full."""


class WriterUnusable(PlugbusError, RuntimeError):
    """Rows can neither be written nor buffered in this process."""


class RowNotWritten(PlugbusError, TimeoutError):
    """A row was accepted but is not on disk in time; it stays in the buffer and is written as soon as possible."""
