"""The one connection of a process to its table, and the lock that keeps threads and forks apart."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from logging import Logger
from pathlib import Path
from typing import Generic, Protocol, TypeVar


__all__ = ("BUSY_TIMEOUT", "Database", "Table", "is_busy")

# How long one attempt waits for another process's transaction, in seconds. Short, since a fork waits for it.
BUSY_TIMEOUT = 0.25

Row = TypeVar("Row")

# Errors that are the row's own fault; all others are the disk's, and pass.
_REFUSALS = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_RANGE,
    }
)


class Table(Protocol[Row]):
    """What rows are written into."""

    path: Path

    def connect(self) -> sqlite3.Connection:
        """
        Open the file, made and brought to the present form if need be; the connection may change threads.

        Raises:
            Exception: If it cannot be opened, in words for the user.
        """

    def insert(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Insert rows, inside a transaction."""

    def substitute(self, row: Row, error: Exception) -> Row:
        """Return what is written in the place of a row that the database refuses for its contents."""


def is_busy(error: BaseException | None) -> bool:
    """Tell whether an error only says that another process is writing."""
    return isinstance(error, sqlite3.OperationalError) and _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF


class Database(Generic[Row]):
    """
    One process's access to a table: one connection, used by whoever holds the lock.

    A connection must not exist while the process forks: SQLite keeps its file locks and shared memory in globals that
    the child would inherit and believe. So a fork waits for the lock and closes the connection; the next write opens
    another.

    Args:
        table: What is opened and written.
        logger: Told when the file was removed.
    """

    def __init__(self, table: Table[Row], logger: Logger) -> None:
        self._table = table
        self._logger = logger
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._lock = threading.RLock()
        self._holder: int | None = None

    @contextmanager
    def held(self, timeout: float = -1) -> Iterator[bool]:
        """
        Hold the lock.

        Args:
            timeout: Seconds to wait for it, without end if negative.

        Yields:
            Whether it is held. Not if the time is over, nor if it `is_interrupted`.
        """
        if not self._lock.acquire(timeout=timeout):
            yield False
            return
        interrupted = self.is_interrupted
        self._holder = threading.get_ident()
        try:
            yield not interrupted
        finally:
            if not interrupted:
                self._holder = None
            self._lock.release()

    @property
    def is_interrupted(self) -> bool:
        """Whether this thread is at work here already, further down its stack: a signal handler has interrupted it."""
        return self._holder == threading.get_ident()

    def open(self) -> None:
        """Open the connection if there is none. The lock is held."""
        self._connected()

    def close(self) -> None:
        """Close the connection. The lock is held."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def write(self, rows: Sequence[Row]) -> None:
        """
        Write rows in one transaction: all of them or, with an exception, none. The lock is held.

        Raises:
            Exception: What the table raises, or a `sqlite3.Error`.
        """
        try:
            connection = self._connected()
            try:
                self._transact(connection, rows, one_by_one=False)
            except sqlite3.Error as error:
                if _code(error) not in _REFUSALS:
                    raise
                self._transact(connection, rows, one_by_one=True)
        except Exception as error:
            if not is_busy(error):
                self.close()
            raise

    def pause(self, timeout: float) -> None:
        """Keep the lock, without a connection, until `resume`: the process is about to fork."""
        if self._lock.acquire(timeout=timeout):
            self._holder = threading.get_ident()
            self.close()

    def resume(self) -> None:
        """Let go of the lock after a fork, in the parent."""
        if self.is_interrupted:
            self._holder = None
            self._lock.release()

    @property
    def is_paused(self) -> bool:
        """Whether this thread has paused the database."""
        return self.is_interrupted and self._connection is None

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and self._identity != _identity(self._table.path):
            # What is written to a file that was removed or replaced goes where nobody finds it.
            self._logger.warning("%s was removed or replaced while it was in use; it is opened anew", self._table.path)
            self.close()
        if self._connection is None:
            self._connection = self._table.connect()
            self._identity = _identity(self._table.path)
        return self._connection

    def _transact(self, connection: sqlite3.Connection, rows: Sequence[Row], *, one_by_one: bool) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            if one_by_one:
                for row in rows:
                    self._insert_alone(connection, row)
            else:
                self._table.insert(connection, rows)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _insert_alone(self, connection: sqlite3.Connection, row: Row) -> None:
        try:
            self._table.insert(connection, (row,))
        except sqlite3.Error as error:
            if _code(error) not in _REFUSALS:
                raise
            self._table.insert(connection, (self._table.substitute(row, error),))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()  # not opened: closing any descriptor of a file drops the locks that SQLite has on it
    except OSError:
        return None
    return found.st_dev, found.st_ino
