"""
Writing rows in the background: what a plugin needs that keeps something on disk.

`BufferedWriter` takes rows from any thread and has one thread of its own write them; a `Store` says how. Stores of
SQLite come from `plugbus.sqlite`. Nothing here knows what the rows are.
"""

from __future__ import annotations

from plugbus.writing.errors import RowNotWritten, WriterOverloaded, WriterUnusable
from plugbus.writing.status import WriterStatus
from plugbus.writing.store import Store
from plugbus.writing.writer import BufferedWriter


__all__ = ("BufferedWriter", "RowNotWritten", "Store", "WriterOverloaded", "WriterStatus", "WriterUnusable")
