"""`SqliteStore`: one process's connection to a table."""

from __future__ import annotations

import sqlite3
from collections.abc import MutableSequence, Sequence
from logging import Logger
from pathlib import Path
from typing import Generic, TypeVar

from plugbus.sqlite.table import REFUSALS, Table, code_of, is_busy


__all__ = ("SqliteStore",)

Row = TypeVar("Row")


class SqliteStore(Generic[Row]):
    """
    Writes rows into a table, each batch in one transaction.

    A connection must not exist while the process forks: SQLite keeps its file locks and shared memory in globals that
    the child would inherit and believe. So the writer closes it before, and the next write opens another.

    Args:
        table: What is opened and written.
        logger: Told when the file was removed.
    """

    def __init__(self, table: Table[Row], logger: Logger) -> None:
        self.table = table
        self._logger = logger
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    @property
    def tally(self) -> MutableSequence[int]:
        """Where the writer notes how many rows were accepted."""
        return self.table.tally

    def open(self) -> None:
        """Open the connection if there is none."""
        self._connected()

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def write(self, rows: Sequence[Row]) -> None:
        """
        Write rows in one transaction: all of them or, with an exception, none.

        Raises:
            Exception: What the table raises, or a `sqlite3.Error`.
        """
        try:
            connection = self._connected()
            try:
                self._transact(connection, rows, one_by_one=False)
            except sqlite3.Error as error:
                if code_of(error) not in REFUSALS:
                    raise
                self._transact(connection, rows, one_by_one=True)
        except Exception as error:
            if not is_busy(error):
                self.close()
            raise

    def rest(self) -> None:
        """Take note that everything that was accepted is written."""
        self.table.rest()

    def end(self) -> None:
        """Take note that this process is done with the table, in good order."""
        self.table.end()

    def is_busy(self, error: BaseException | None) -> bool:
        """Tell whether an error only says that another process is writing."""
        return is_busy(error)

    def _connected(self) -> sqlite3.Connection:
        if self._identity is not None and self._identity != _identity(self.table.path):
            # What is written to a file that was removed or replaced goes where nobody finds it.
            self._logger.warning("%s was removed or replaced while it was in use; it is opened anew", self.table.path)
            self.close()
            self.table.replaced()
            self._identity = None
        if self._connection is None:
            self._connection = self.table.connect()
            self._identity = _identity(self.table.path)
        return self._connection

    def _transact(self, connection: sqlite3.Connection, rows: Sequence[Row], *, one_by_one: bool) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            self.table.begin(connection)
            if one_by_one:
                for row in rows:
                    self._insert_alone(connection, row)
            else:
                self.table.insert(connection, rows)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self.table.committed(connection)

    def _insert_alone(self, connection: sqlite3.Connection, row: Row) -> None:
        try:
            self.table.insert(connection, (row,))
        except sqlite3.Error as error:
            if code_of(error) not in REFUSALS:
                raise
            self.table.insert(connection, (self.table.substitute(row, error),))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()  # not opened: closing any descriptor of a file drops the locks that SQLite has on it
    except OSError:
        return None
    return found.st_dev, found.st_ino
