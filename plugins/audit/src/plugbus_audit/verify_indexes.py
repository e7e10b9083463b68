"""The comparison of a database's indexes with its records."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from plugbus_audit.opening import open_for_reading
from plugbus_audit.schema import INDEXED


__all__ = ("IndexCheck",)

_CHECK = "PRAGMA integrity_check('records')"


class IndexCheck:
    """
    Has SQLite tell whether each index has exactly one entry for each record, in order, with what the record says.

    Indexed columns are generated from the records, so that SQLite makes each of them anew for the comparison. It runs
    in a thread of its own, while the records are examined: SQLite needs no Python for it.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self._connection = open_for_reading(path)
        self._found: list[str] = []
        self._thread = threading.Thread(target=self._run, name="plugbus-audit-indexes", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def faults(self) -> list[str]:
        """Wait for the end, and return what is wrong with the indexes."""
        self._thread.join()
        return list(dict.fromkeys(map(_told, self._found)))

    def close(self) -> None:
        """Break it off, if it still runs."""
        while self._thread.is_alive():
            self._connection.interrupt()
            self._thread.join(0.1)
        self._connection.close()

    def _run(self) -> None:
        try:
            rows = self._connection.execute(_CHECK).fetchall()
        except sqlite3.DatabaseError as error:
            self._found = [f"cannot be read: {error}"]
        else:
            self._found = [str(row[0]) for row in rows if row[0] != "ok"]


def _told(found: str) -> str:
    """Return what SQLite says of an index; one sentence for all its entries."""
    index = next((name for name in INDEXED if found.endswith(name) or f"index {name}" in found), None)
    if index is None:
        return f"the indexes are damaged: {found}"
    return f"the index {index} says something else than the records"
