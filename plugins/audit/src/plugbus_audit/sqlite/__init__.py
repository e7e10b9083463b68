"""
Writing rows to SQLite from a thread of its own: what a plugin needs that keeps something on disk.

Nothing here knows what the rows are; a `Table` says how to open the file and insert them.
"""

from __future__ import annotations

from plugbus_audit.sqlite.database import Database, Table
from plugbus_audit.sqlite.writer import SqliteWriter, WriterOverloaded, WriterStatus, WriterUnusable


__all__ = ("Database", "SqliteWriter", "Table", "WriterOverloaded", "WriterStatus", "WriterUnusable")
