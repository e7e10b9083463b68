"""How records get into a trail in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, MutableSequence, Sequence
from pathlib import Path

from plugbus.sqlite import BUSY_TIMEOUT, is_busy
from plugbus_audit.canon import CANON, Link
from plugbus_audit.chain import creator, now
from plugbus_audit.errors import TrailUnusable
from plugbus_audit.ledger import Ledger
from plugbus_audit.opening import form_of, make_folder
from plugbus_audit.records import without_refused_data
from plugbus_audit.retention import Grave, Retention, tombstone
from plugbus_audit.schema import FORMAT, STATEMENTS
from plugbus_audit.tally import Orphan


__all__ = ("RecordTable", "insert_records", "open_for_writing", "trail_end")

# Rows in one statement. Between two statements another thread may take the interpreter, and keep it for 5 ms.
_ROWS_PER_STATEMENT = 250


class RecordTable:
    """
    Where the writer puts records.

    Args:
        ledger: This process's part in the trail.
        retention: What is removed while it is written; None to keep everything.
    """

    def __init__(self, ledger: Ledger, retention: Retention | None = None) -> None:
        self.path = ledger.path
        self.ledger = ledger
        self._retention = retention

    @property
    def tally(self) -> MutableSequence[int]:
        """Where the writer notes how many rows were accepted."""
        return self.ledger.tally

    def connect(self) -> sqlite3.Connection:
        """
        Open the trail for writing; make it, with the folders above it, if there is none.

        Raises:
            TrailUnusable: If that cannot be done; the message says why.
            sqlite3.OperationalError: If another process is just making it.
        """
        connection = open_for_writing(self.path, self._take_over)
        if self.ledger.chain.is_open:
            self.ledger.chain.keep()  # what was taken over
        try:
            self.ledger.open(lambda orphan: _count_written(connection, orphan))
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError):
                raise TrailUnusable(
                    f"cannot make a file beside the audit trail {self.path}: {error.strerror or error}"
                ) from error
            raise
        return connection

    def begin(self, connection: sqlite3.Connection) -> None:
        """Go on after the last record of the trail, and open the chain if it is not."""
        ledger = self.ledger
        ledger.prepare()
        ledger.begin(trail_end(connection), lambda: self._own_after(connection, ledger.chain.trail.number))
        if not ledger.chain.is_open:
            insert_records(connection, ledger.chain.add([ledger.chain.opening()]))

    def insert(self, connection: sqlite3.Connection, rows: Sequence[bytes]) -> None:
        """Insert records, inside a transaction."""
        chain = self.ledger.chain
        before = chain.added
        try:
            insert_records(connection, self.ledger.add(rows))
        except BaseException:
            chain.added = before
            raise

    def substitute(self, row: bytes, error: Exception) -> bytes:
        """Return a record without the data that the database refuses, and with the reason."""
        return without_refused_data(row, f"SQLite refused it: {error}")

    def committed(self, connection: sqlite3.Connection) -> None:
        """Take note that the transaction is on disk, and remove a little of what retention says."""
        self.ledger.committed()
        if self._retention is not None and self._retention.is_due():
            self._retain(connection, self._retention)

    def bury(self, connection: sqlite3.Connection, grave: Grave) -> None:
        """Write the tombstone of what will be removed, and have a checkpoint vouch for it."""
        chain = self.ledger.chain
        connection.execute("BEGIN IMMEDIATE")
        try:
            self.begin(connection)
            insert_records(connection, chain.add([tombstone(grave)]))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self.ledger.committed()
        self.ledger.rest()

    def replaced(self) -> None:
        """Begin another chain in the new file."""
        self.ledger.replaced()

    def rest(self) -> None:
        """Make a checkpoint."""
        self.ledger.rest()

    def end(self) -> None:
        """Stop counting."""
        self.ledger.end()

    def _retain(self, connection: sqlite3.Connection, retention: Retention) -> None:
        try:
            grave = retention.plan(connection)
            if grave is not None:
                self.bury(connection, grave)
            retention.remove(connection)
        except sqlite3.Error as error:
            retention.failed(error)

    def _own_after(self, connection: sqlite3.Connection, seq: int) -> list[tuple[int, str]]:
        return connection.execute(
            "SELECT json_extract(body, '$.n'), hash FROM records WHERE seq > ? AND chain = ? ORDER BY seq",
            (seq, self.ledger.chain.id),
        ).fetchall()

    def _take_over(self, connection: sqlite3.Connection) -> None:
        from plugbus_audit.migration import take_over

        take_over(connection, self.ledger)


def open_for_writing(path: Path, take_over: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    """
    Open a trail for writing; make it if there is none.

    Args:
        path: The file.
        take_over: Brings a trail of an older form to the present one, inside a transaction.

    Raises:
        TrailUnusable: If that cannot be done; the message says why.
        sqlite3.OperationalError: If another process is just making it.
    """
    make_folder(path)
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        _prepare(connection, path, take_over)
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error) and not is_busy(error):
            raise TrailUnusable(f"cannot write the audit trail {path}: {error}") from error
        raise
    return connection


def trail_end(connection: sqlite3.Connection) -> Link:
    """Return number and hash of the last record."""
    found = connection.execute("SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1").fetchone()
    return Link(*found) if found else Link()


def _prepare(connection: sqlite3.Connection, path: Path, take_over: Callable[[sqlite3.Connection], None]) -> None:
    form_of(connection, path)
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a new file; of another one it says nothing
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")  # what retention removes is gone from the file
    # Even where nothing has to be made: a file that cannot be written is found out now.
    connection.execute("BEGIN IMMEDIATE")
    form = form_of(connection, path)
    if form < FORMAT:
        for statement in STATEMENTS:
            connection.execute(statement)
        connection.execute("INSERT INTO trail VALUES (?, ?, ?)", (CANON, now(), creator()))
    if 0 < form < FORMAT:
        take_over(connection)
    connection.execute("COMMIT")


def insert_records(connection: sqlite3.Connection, records: Sequence[tuple[int, str, str]]) -> None:
    """Insert records that are ready: number, body and hash of each."""
    for start in range(0, len(records), _ROWS_PER_STATEMENT):
        part = records[start : start + _ROWS_PER_STATEMENT]
        values = [value for record in part for value in record]
        connection.execute(
            f"INSERT INTO records (seq, body, hash) VALUES {', '.join(['(?, ?, ?)'] * len(part))}",  # noqa: S608
            values,
        )


def _count_written(connection: sqlite3.Connection, orphan: Orphan) -> int:
    (later,) = connection.execute(
        "SELECT count(*) FROM records WHERE seq > ? AND chain = ? AND kind NOT IN ('opened', 'tombstone')",
        (orphan.seq, orphan.chain),
    ).fetchone()
    return orphan.written + int(later)
