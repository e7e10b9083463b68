"""`Table`: what rows are written into, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import MutableSequence, Sequence
from pathlib import Path
from typing import Protocol, TypeVar


__all__ = ("BUSY_TIMEOUT", "REFUSALS", "Table", "code_of", "is_busy")

# How long one attempt waits for another process's transaction, in seconds. Short, since a fork waits for it.
BUSY_TIMEOUT = 0.25

# Errors that are the row's own fault; all others are the disk's, and pass.
REFUSALS = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
    }
)

Row = TypeVar("Row")


class Table(Protocol[Row]):
    """
    What rows are written into.

    Attributes:
        path: The file.
    """

    path: Path

    @property
    def tally(self) -> MutableSequence[int]:
        """Where it is counted how many rows were accepted, as in `plugbus.writing.Store`."""

    def connect(self) -> sqlite3.Connection:
        """
        Open the file, made and brought to the present form if need be; the connection may change threads.

        Raises:
            Exception: If it cannot be opened, in words for the user.
        """

    def begin(self, connection: sqlite3.Connection) -> None:
        """Prepare to insert, inside a transaction that has just begun."""

    def insert(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Insert rows, inside a transaction."""

    def committed(self, connection: sqlite3.Connection) -> None:
        """Take note that the transaction is on disk. One that is not was rolled back: nothing of it counts."""

    def substitute(self, row: Row, error: Exception) -> Row:
        """Return what is written in the place of a row that the database refuses for its contents."""

    def replaced(self) -> None:
        """Take note that the file was removed or replaced, and will be opened anew."""

    def rest(self) -> None:
        """Take note that everything that was accepted is written."""

    def end(self) -> None:
        """Take note that this process is done with it, in good order."""


def is_busy(error: BaseException | None) -> bool:
    """Tell whether an error only says that another process is writing."""
    return isinstance(error, sqlite3.OperationalError) and code_of(error) in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    )


def code_of(error: sqlite3.Error) -> int:
    """Return SQLite's primary code of an error."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
