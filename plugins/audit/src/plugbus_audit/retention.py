"""
Retention: records that are old, or too many, are removed from the front of a trail.

First a tombstone is written that says up to where, then the records are removed in small batches. Who is killed in
between leaves a trail that verifies, and the next one goes on.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from logging import Logger
from typing import Any, Literal

import attrs

from plugbus_audit.chain import now, timestamp


__all__ = ("BATCH", "Grave", "Keeping", "Retention", "tombstone", "used_bytes")

# Records that are removed in one transaction: others wait for it.
BATCH = 1_000
# Seconds between two looks at what is old.
_EVERY = 3600.0
_PAGES = 2_000

_PURGED = "trail.purged"


@attrs.frozen(kw_only=True)
class Grave:
    """
    What is to be removed.

    Args:
        through: The number of the last record.
        hash: Its hash.
        records: How many records there are up to it.
        since: When the first of them was recorded, ISO 8601, UTC.
        until: When the last of them was recorded.
        why: Whether they are too old or too many.
    """

    through: int
    hash: str
    records: int
    since: str
    until: str
    why: Literal["age", "size"]


def tombstone(grave: Grave) -> bytes:
    """Return the row that says so."""
    says = {"kind": "tombstone", "type": _PURGED, "time": now(), "purged": attrs.asdict(grave)}
    return json.dumps(says, separators=(",", ":")).encode()


class Keeping:
    """
    What is kept of a trail, and when somebody has looked last.

    Args:
        keep_for: Seconds that a record is kept; None for ever.
        keep_size: Bytes that the records may take up; None for any number.
        logger: Told of what was removed, and of what goes wrong.
        name: What the trail is called in the log.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        keep_for: float | None,
        keep_size: int | None,
        logger: Logger,
        name: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keep_for = keep_for
        self._keep_size = keep_size
        self._logger = logger
        self._name = name
        self._clock = clock
        self._looked: float | None = None

    def is_due(self) -> bool:
        """Tell whether it is time to look."""
        return self._looked is None or time.monotonic() - self._looked >= _EVERY

    def _oldest(self) -> str | None:
        """Return the time before which records are too old; None if they never are."""
        return timestamp(self._clock() - self._keep_for) if self._keep_for is not None else None

    def _tell(self, grave: Grave) -> None:
        self._logger.info("%s: %d records are removed, recorded up to %s", self._name, grave.records, grave.until)


class Retention(Keeping):
    """Removes records from a trail in SQLite."""

    _through = 0

    def is_due(self) -> bool:
        """Tell whether there is something to remove, or it is time to look."""
        return self._through > 0 or super().is_due()

    def plan(self, connection: sqlite3.Connection) -> Grave | None:
        """Look for what is old or too much; None if there is nothing, or the last purge has not come to its end."""
        if self._through:
            return None
        self._looked = time.monotonic()
        first, last = connection.execute("SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM records").fetchone()
        begun = self._last_through(connection)
        if begun >= first > 0:
            self._through = begun
            return None
        by_age, by_size = self._too_old(connection, first, last), self._too_many(connection, first, last)
        through = min(max(by_age, by_size), last - 1)
        if through < first or first == 0:
            return None
        grave = self._grave(connection, first, through, "age" if by_age >= by_size else "size")
        self._through = through
        self._tell(grave)
        return grave

    def remove(self, connection: sqlite3.Connection) -> int:
        """Remove a batch of what was planned, and return how many records that were; 0 if none is left."""
        if not self._through:
            return 0
        removed = connection.execute(
            "DELETE FROM records WHERE seq IN (SELECT seq FROM records WHERE seq <= ? ORDER BY seq LIMIT ?)",
            (self._through, BATCH),
        ).rowcount
        # It frees a page with each step, and `execute` takes one only.
        connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
        if removed < BATCH:
            self._through = 0
        return removed

    def failed(self, error: sqlite3.Error) -> None:
        """Take note that it did not work; it is tried again in an hour."""
        self._through = 0
        self._looked = time.monotonic()
        self._logger.warning("%s: old records could not be removed: %s", self._name, error)

    def _too_old(self, connection: sqlite3.Connection, first: int, last: int) -> int:
        """Return the number of the last record that is too old. They stand in the order in which they were recorded."""
        limit = self._oldest()
        if limit is None:
            return 0
        low, high = first - 1, last
        while low < high:
            middle = (low + high + 1) // 2
            if (_value(connection, "recorded", middle) or "") < limit:
                low = middle
            else:
                high = middle - 1
        return low

    def _too_many(self, connection: sqlite3.Connection, first: int, last: int) -> int:
        """Return the number of the last record that has to go, if all are about as large as each other."""
        if self._keep_size is None:
            return 0
        used = used_bytes(connection)
        if used <= self._keep_size:
            return 0
        count = last - first + 1
        return first - 1 + min(count, -(-count * (used - self._keep_size) // used))

    def _grave(self, connection: sqlite3.Connection, first: int, through: int, why: Literal["age", "size"]) -> Grave:
        return Grave(
            through=through,
            hash=_value(connection, "hash", through) or "",
            records=through - first + 1,
            since=_value(connection, "recorded", first) or "",
            until=_value(connection, "recorded", through) or "",
            why=why,
        )

    def _last_through(self, connection: sqlite3.Connection) -> int:
        found = connection.execute(
            "SELECT json_extract(body, '$.purged.through') FROM records "
            "WHERE type = ? AND kind = 'tombstone' ORDER BY seq DESC LIMIT 1",
            (_PURGED,),
        ).fetchone()
        return int(found[0] or 0) if found else 0


def used_bytes(connection: sqlite3.Connection) -> int:
    """Return how many bytes of a database are in use."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _value(connection: sqlite3.Connection, column: str, seq: int) -> Any:
    found = connection.execute(f"SELECT {column} FROM records WHERE seq = ?", (seq,)).fetchone()  # noqa: S608
    return found[0] if found else None
