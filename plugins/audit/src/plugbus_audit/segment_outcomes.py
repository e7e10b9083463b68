"""The outcomes in a trail of JSON lines, noted where they can be found by the event's id."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence

from plugbus_audit.reader import Row
from plugbus_audit.record import Record


__all__ = ("OutcomeTable",)


class OutcomeTable:
    """
    Outcomes in a temporary database, which leaves memory for a file when it grows.

    Args:
        first: The number of the first record that was looked at.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._connection.execute("CREATE TABLE outcomes (seq INTEGER PRIMARY KEY, id TEXT, body BLOB, hash TEXT)")

    def fill(self, records: Iterable[Record]) -> None:
        """Note the outcomes among these records."""
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?)", _rows(records))
        self._connection.execute("CREATE INDEX outcomes_by_id ON outcomes (id)")
        self._connection.execute("COMMIT")

    def of(self, records: Sequence[Record]) -> Iterable[Row]:
        """Return the outcomes of these events, in their order."""
        found = self._connection.execute(
            "SELECT body, hash FROM outcomes WHERE id IN (SELECT value FROM json_each(?)) ORDER BY seq",
            (json.dumps([record.id for record in records]),),
        )
        return found.fetchall()

    def close(self) -> None:
        """Throw the database away."""
        self._connection.close()


def _rows(records: Iterable[Record]) -> Iterable[tuple[int, str | None, bytes, str]]:
    return ((one.seq, one.id, one.body, one.hash) for one in records if one.kind == "outcome")
