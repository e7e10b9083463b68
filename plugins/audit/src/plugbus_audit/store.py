"""The trail as a file: its form, how it is opened, and how records get into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from plugbus_audit.errors import NoTrail, TrailUnusable
from plugbus_audit.records import without_refused_data
from plugbus_audit.sqlite.database import BUSY_TIMEOUT, is_busy


__all__ = ("APPLICATION_ID", "FORMAT", "EventTable", "open_for_reading")

# In the header of the file: whose it is, and in which form.
APPLICATION_ID = int.from_bytes(b"pbau", "big")
FORMAT = 1

# What a record says of itself is searched through columns generated from it, so that the two cannot differ.
_ATTRIBUTES = {
    "id": "id",
    "type": "type",
    "source": "source",
    "time": "time",
    "correlation_id": "correlationid",
    "causation_id": "causationid",
    "unencodable": "unencodable",
}
_SCHEMA = (
    "CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT NOT NULL, "
    + ", ".join(
        f"{column} TEXT GENERATED ALWAYS AS (json_extract(data, '$.{attribute}')) VIRTUAL"
        for column, attribute in _ATTRIBUTES.items()
    )
    + ")",
    "CREATE INDEX events_by_type_and_time ON events (type, time)",
    "CREATE INDEX events_by_correlation ON events (correlation_id)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)
# In one statement, so that no other process makes the trail between two looks at it.
_HEADER = (
    "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master) "
    "FROM pragma_application_id, pragma_user_version"
)
# Rows in one statement. Between two statements another thread may take the interpreter, and keep it for 5 ms.
_ROWS_PER_STATEMENT = 250


class EventTable:
    """
    Where the writer puts the records of events, each one CloudEvents JSON object in UTF-8.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def connect(self) -> sqlite3.Connection:
        """
        Open the trail for writing; make it, with the folders above it, if there is none.

        Raises:
            TrailUnusable: If that cannot be done; the message says why.
            sqlite3.OperationalError: If another process is just making it.
        """
        self._make_folder()
        connection = None
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
            self._prepare(connection)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error) and not is_busy(error):
                raise TrailUnusable(f"cannot write the audit trail {self.path}: {error}") from error
            raise
        return connection

    def insert(self, connection: sqlite3.Connection, rows: Sequence[bytes]) -> None:
        """Insert records, inside a transaction."""
        for start in range(0, len(rows), _ROWS_PER_STATEMENT):
            part = [row.decode() for row in rows[start : start + _ROWS_PER_STATEMENT]]
            connection.execute(f"INSERT INTO events (data) VALUES {', '.join(['(?)'] * len(part))}", part)  # noqa: S608

    def substitute(self, row: bytes, error: Exception) -> bytes:
        """Return a record without the data that the database refuses, and with the reason."""
        return without_refused_data(row, f"SQLite refused it: {error}")

    def _make_folder(self) -> None:
        try:
            is_folder = self.path.is_dir()
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            folder = self.path.parent
            raise TrailUnusable(f"cannot make the folder {folder} for the audit trail: {_reason(error)}") from error
        if is_folder:
            raise TrailUnusable(
                f"{self.path} is a folder, and the audit trail is a file, as in {self.path / 'audit.db'}"
            )

    def _prepare(self, connection: sqlite3.Connection) -> None:
        is_new = _check_form(connection, self.path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # Even where nothing has to be made: a file that cannot be written is found out now.
        connection.execute("BEGIN IMMEDIATE")
        if is_new and _check_form(connection, self.path):
            for statement in _SCHEMA:
                connection.execute(statement)
        connection.execute("COMMIT")


def _check_form(connection: sqlite3.Connection, path: Path) -> bool:
    """
    Check that a database is a trail.

    Returns:
        Whether it is empty, to become one.

    Raises:
        TrailUnusable: If it is something else, or a trail of a later form.
    """
    try:
        application, form, tables = connection.execute(_HEADER).fetchone()
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_NOTADB:
            raise
        raise TrailUnusable(f"{path} is no SQLite database, so it is no audit trail; give another path") from error
    if application == APPLICATION_ID:
        if form > FORMAT:
            raise TrailUnusable(
                f"the audit trail {path} has format {form}, and this plugbus-audit knows formats up to {FORMAT}; "
                f"upgrade plugbus-audit"
            )
        return False
    if tables or application:
        raise TrailUnusable(f"{path} is the database of another program, not an audit trail; give another path")
    return True


def open_for_reading(path: Path) -> sqlite3.Connection:
    """
    Open a trail that is never written through this connection.

    Raises:
        NoTrail: If there is no file, or nothing in it yet.
        TrailUnusable: If it cannot be read or is no trail.
    """
    try:
        is_there = path.exists()
    except OSError as error:
        raise TrailUnusable(f"cannot read the audit trail {path}: {_reason(error)}") from error
    if not is_there:
        raise NoTrail(f"there is no audit trail {path} yet: it is made when a bus with the plugin audit starts")
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        return _opened(uri, path)
    except sqlite3.DatabaseError as error:
        if not _needs_files_beside(error) or _has_content(Path(f"{path}-wal")):
            raise TrailUnusable(f"cannot read the audit trail {path}: {error}") from error
    # To read while others write, SQLite makes files beside the trail. Where it may not, and nobody else has made them,
    # nobody writes.
    try:
        return _opened(f"{uri}&immutable=1", path)
    except sqlite3.DatabaseError as error:
        raise TrailUnusable(f"cannot read the audit trail {path}: {error}") from error


def _opened(uri: str, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None)
    try:
        is_empty = _check_form(connection, path)
    except BaseException:
        connection.close()
        raise
    if is_empty:
        connection.close()
        raise NoTrail(f"there is nothing in the audit trail {path} yet")
    return connection


def _needs_files_beside(error: sqlite3.DatabaseError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
