"""Reading a trail in SQLite, through its indexes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plugbus.handlers import parse_pattern
from plugbus_audit.errors import TrailUnusable
from plugbus_audit.filters import Filter
from plugbus_audit.opening import open_for_reading
from plugbus_audit.reader import BATCH, Batch, Row
from plugbus_audit.record import Record


__all__ = ("SqliteReader", "candidates")

# With more types than these a list of them is no help.
_MOST_TYPES = 1_000
# Jumps from one type to the next in the index; DISTINCT would read all of it.
_TYPES = """
WITH RECURSIVE known(type) AS (
    SELECT min(type) FROM records
    UNION ALL
    SELECT (SELECT min(type) FROM records WHERE type > known.type) FROM known WHERE known.type IS NOT NULL
)
SELECT type FROM known WHERE type IS NOT NULL
"""
_OUTCOMES = """
SELECT body, hash FROM records
WHERE id IN (SELECT value FROM json_each(?)) AND instr(body, '"kind":"outcome"') AND kind = 'outcome' ORDER BY seq
"""


def candidates(where: Filter, types: Sequence[str] | None) -> tuple[str, tuple[object, ...]] | None:
    """
    Return a condition that an index answers, with its parameters, None if there is none.

    Args:
        where: What is searched for.
        types: The event types that it means, None if it means all, or too many.
    """
    if where.correlation_id is not None:
        return "correlation_id = ?", (where.correlation_id,)
    conditions: list[tuple[str, object]] = []
    if types is not None:
        conditions.append(("type IN (SELECT value FROM json_each(?))", json.dumps(types)))
    if where.since is not None:
        conditions.append(("time >= ?", where.since))
    if where.until is not None:
        conditions.append(("time < ?", where.until))
    if not conditions:
        return None
    return " AND ".join(condition for condition, _ in conditions), tuple(value for _, value in conditions)


class SqliteReader:
    """
    A trail in SQLite, open for reading.

    Nothing is read in one long transaction, which would keep the writers' log growing: a search first notes the numbers
    of what an index finds, in a temporary table, and then reads the records in batches.

    Args:
        path: The file.

    Raises:
        NoTrail: If there is none.
        TrailUnusable: If it is no trail, or of another form.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = open_for_reading(path)
        self._connection.text_factory = bytes
        self._file = path.stat().st_ino

    def batches(self, where: Filter, *, backward: bool = False) -> Generator[Batch, None, None]:
        """Yield what a filter may mean and perhaps more, up to the end that the trail has now."""
        found = candidates(where, self._types(where))
        if found is None:
            yield from self._all(backward=backward)
        else:
            yield from self._picked(*found, backward=backward)

    def outcomes(self, records: Sequence[Record]) -> Iterable[Row]:
        """Return the outcomes of these events, in their order."""
        return self._rows(_OUTCOMES, json.dumps([record.id for record in records]))

    def with_id(self, id: str) -> Iterable[Row]:
        """Return the records with an id, in their order."""
        return self._rows("SELECT body, hash FROM records WHERE id = ? ORDER BY seq", id)

    def after(self, seq: int) -> Sequence[Row]:
        """Return the records after a number, as many as a batch may hold."""
        return self._rows("SELECT body, hash FROM records WHERE seq > ? ORDER BY seq LIMIT ?", seq, BATCH)

    def last(self) -> int:
        """Return the number of the last record, 0 if there is none."""
        return self._ends()[1]

    def is_current(self) -> bool:
        """Tell whether this is still the file that lies at the path."""
        try:
            return self._path.stat().st_ino == self._file
        except OSError:
            return False

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _types(self, where: Filter) -> list[str] | None:
        if where.type == "*":
            return None
        if "*" not in where.type:
            return [where.type]
        matches = parse_pattern(where.type).matches
        found: list[str] = []
        with self._guarded():
            for (name,) in self._connection.execute(_TYPES):
                if matches(name.decode()):
                    found.append(name.decode())
                if len(found) > _MOST_TYPES:
                    return None
        return found

    def _all(self, *, backward: bool) -> Generator[Batch, None, None]:
        first, last = self._ends()
        total = last - first + 1 if last else 0
        order = "DESC" if backward else "ASC"
        for done in range(0, total, BATCH):
            size = min(BATCH, total - done)
            low = last - done - size + 1 if backward else first + done
            rows = self._rows(
                f"SELECT body, hash FROM records WHERE seq BETWEEN ? AND ? ORDER BY seq {order}",  # noqa: S608
                low,
                low + size - 1,
            )
            yield Batch(rows, done + size, total)

    def _picked(self, condition: str, parameters: Sequence[object], *, backward: bool) -> Generator[Batch, None, None]:
        order, then = ("DESC", "<") if backward else ("ASC", ">")
        page = (
            "SELECT body, hash, picked.seq FROM picked CROSS JOIN records USING (seq) "  # noqa: S608
            f"WHERE picked.seq {then} ? ORDER BY picked.seq {order} LIMIT {BATCH}"
        )
        with self._guarded():
            self._connection.execute("CREATE TEMP TABLE picked (seq INTEGER PRIMARY KEY)")
            self._connection.execute(
                # In no order: asked for one, SQLite would rather read all records than sort what the index finds.
                f"INSERT INTO picked SELECT seq FROM records WHERE {condition}",  # noqa: S608
                parameters,
            )
        ((total,),) = self._select("SELECT count(*) FROM picked")
        done, place = 0, 2**63 - 1 if backward else 0
        while found := self._select(page, place):
            place = found[-1][2]
            done += len(found)
            yield Batch([(body, hash.decode()) for body, hash, _ in found], done, total)
        self._connection.execute("DROP TABLE picked")

    def _ends(self) -> tuple[int, int]:
        ((first, last),) = self._select(
            "SELECT (SELECT coalesce(min(seq), 0) FROM records), (SELECT coalesce(max(seq), 0) FROM records)"
        )
        return first, last

    def _rows(self, statement: str, *parameters: object) -> list[Row]:
        return [(body, hash.decode()) for body, hash in self._select(statement, *parameters)]

    def _select(self, statement: str, *parameters: object) -> list[Any]:
        with self._guarded():
            return self._connection.execute(statement, parameters).fetchall()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise TrailUnusable(f"cannot read the audit trail {self._path}: {error}") from error
