"""How a trail in SQLite is opened: whose file it is, and in which form."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from plugbus_audit.errors import NoTrail, TrailUnusable
from plugbus_audit.schema import APPLICATION_ID, FORMAT


__all__ = ("form_of", "make_folder", "open_for_reading", "reason")

# In one statement, so that no other process makes the trail between two looks at it.
_HEADER = (
    "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master) "
    "FROM pragma_application_id, pragma_user_version"
)


def make_folder(path: Path) -> None:
    """
    Make the folder of a trail.

    Raises:
        TrailUnusable: If that cannot be done, or the trail itself is a folder.
    """
    try:
        is_folder = path.is_dir()
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        folder = path.parent
        raise TrailUnusable(f"cannot make the folder {folder} for the audit trail: {reason(error)}") from error
    if is_folder:
        raise TrailUnusable(f"{path} is a folder, and the audit trail is a file, as in {path / 'audit.db'}")


def form_of(connection: sqlite3.Connection, path: Path) -> int:
    """
    Return the format of a trail, 0 if the database is empty, to become one.

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
        return int(form)
    if tables or application:
        raise TrailUnusable(f"{path} is the database of another program, not an audit trail; give another path")
    return 0


def open_for_reading(path: Path) -> sqlite3.Connection:
    """
    Open a trail that is never written through this connection.

    Raises:
        NoTrail: If there is no file, or nothing in it yet.
        TrailUnusable: If it cannot be read, is no trail, or is one of an older form.
    """
    try:
        is_there = path.exists()
    except OSError as error:
        raise TrailUnusable(f"cannot read the audit trail {path}: {reason(error)}") from error
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
    # One thread at a time: what reads for an event loop is given a thread for each step.
    connection = sqlite3.connect(uri, uri=True, timeout=5.0, isolation_level=None, check_same_thread=False)
    try:
        form = form_of(connection, path)
    except BaseException:
        connection.close()
        raise
    if form == FORMAT:
        return connection
    connection.close()
    if form == 0:
        raise NoTrail(f"there is nothing in the audit trail {path} yet")
    raise TrailUnusable(
        f"the audit trail {path} has format {form}; it is brought to format {FORMAT} when a bus with the plugin audit "
        f"starts, or by `plugbus audit upgrade`"
    )


def _needs_files_beside(error: sqlite3.DatabaseError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def reason(error: OSError) -> str:
    """Return why, without number and path."""
    return error.strerror or str(error)
