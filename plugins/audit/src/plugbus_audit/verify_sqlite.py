"""A trail in SQLite as `verify` looks at it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from plugbus_audit.canon import CANON
from plugbus_audit.errors import TrailUnusable
from plugbus_audit.examination import Examination, Tombstone
from plugbus_audit.opening import open_for_reading
from plugbus_audit.schema import SCHEMA
from plugbus_audit.verify_indexes import IndexCheck


__all__ = ("SqliteSource",)

_BATCH = 2_000
_RECORDS = (
    "SELECT seq, CASE typeof(body) WHEN 'text' THEN body END, CASE typeof(hash) WHEN 'text' THEN hash END "
    "FROM records ORDER BY seq"
)
_SCHEMA = "SELECT name, sql FROM sqlite_master WHERE name != 'sqlite_sequence'"
_TOMBSTONES = (
    "SELECT seq, json_extract(body, '$.purged') FROM records NOT INDEXED "
    "WHERE typeof(body) = 'text' AND body LIKE '%\"kind\":\"tombstone\"%' AND json_valid(body)"
)


class SqliteSource:
    """
    The records of a database in one unchanging view, and what else can be wrong with it.

    Args:
        path: The file.
        indexes: Whether the indexes are compared with the records.
    """

    def __init__(self, path: Path, *, indexes: bool = True) -> None:
        self._path = path
        self._connection = open_for_reading(path)
        self._connection.text_factory = bytes
        self._connection.execute("BEGIN")
        self._indexes = IndexCheck(path) if indexes else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()
        self._leave_indexes()

    def count(self) -> int:
        """Return how many records there are, as far as that can be told quickly."""
        return int(self._value("SELECT coalesce(max(seq) - min(seq) + 1, 0) FROM records"))

    def first(self) -> int:
        """Return the number of the first record."""
        return int(self._value("SELECT coalesce(min(seq), 0) FROM records"))

    def tombstones(self) -> list[Tombstone]:
        """Return what purges have left."""
        try:
            if not self._value("SELECT min(seq) > 1 FROM records"):
                return []
            found = self._connection.execute(_TOMBSTONES).fetchall()
        except sqlite3.DatabaseError:
            return []  # `batches` tells
        stones = []
        for seq, purged in found:
            try:
                says = json.loads(purged)
                stones.append(Tombstone(int(seq), int(says["through"]), str(says["hash"])))
            except (ValueError, TypeError, KeyError):
                continue  # no purge has written it
        return stones

    def batches(self, examination: Examination) -> Iterator[list[tuple[int, bytes | None, bytes | None]]]:
        """Yield the records in their order."""
        if self._indexes is not None:
            self._indexes.start()
        try:
            cursor = self._connection.execute(_RECORDS)
            while rows := cursor.fetchmany(_BATCH):
                yield rows
        except sqlite3.DatabaseError as error:
            self._leave_indexes()
            examination.fault(examination.last + 1, f"the database is damaged, nothing can be read from here: {error}")

    def examine(self, examination: Examination) -> None:
        """Look at what is not in the records: the tables, the indexes, the count of what was written."""
        try:
            if self._examine_schema(examination) and self._indexes is not None:
                for fault in self._indexes.faults():
                    examination.fault(None, fault)
            written = self._connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()
        except sqlite3.DatabaseError as error:
            examination.fault(None, f"the database is damaged: {error}")
            return
        if written is not None and written[0] > examination.last:
            examination.fault(examination.last + 1, f"records are missing at the end: {written[0]:,} were written")

    def _examine_schema(self, examination: Examination) -> bool:
        """Compare what the database holds with what it should, and tell whether all indexes are there."""
        found = {
            name.decode(): sql.decode() if sql is not None else None
            for name, sql in self._connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE name != 'sqlite_sequence'"
            )
        }
        for name in sorted({*found, *SCHEMA}):
            if found.get(name) != SCHEMA.get(name):
                examination.fault(None, f"the database's {name} is not as plugbus-audit makes it")
        rows = self._connection.execute("SELECT canon FROM trail").fetchall()
        if rows != [(CANON.encode(),)]:
            examination.fault(None, f"the table trail does not name the form {CANON}")
        return all(found.get(name) == sql for name, sql in SCHEMA.items())

    def _leave_indexes(self) -> None:
        if self._indexes is not None:
            self._indexes.close()
            self._indexes = None

    def _value(self, statement: str) -> int:
        try:
            (value,) = self._connection.execute(statement).fetchone()
        except sqlite3.DatabaseError as error:
            raise TrailUnusable(f"cannot read the audit trail {self._path}: {error}") from error
        return value or 0
