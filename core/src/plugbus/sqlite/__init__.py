"""Rows in SQLite: a store for `plugbus.writing`, with a `Table` that says how to open the file and insert them."""

from __future__ import annotations

from plugbus.sqlite.store import SqliteStore
from plugbus.sqlite.table import BUSY_TIMEOUT, Table, is_busy


__all__ = ("BUSY_TIMEOUT", "SqliteStore", "Table", "is_busy")
