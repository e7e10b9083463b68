"""The comparison of a database's indexes with its records."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from plugbus_audit.schema import INDEXED


__all__ = ("IndexCheck",)

_BATCH = 10_000


class _Facts(msgspec.Struct, gc=False):
    """What indexes hold of a record."""

    id: Any = ""
    type: Any = ""
    time: Any = ""
    correlationid: Any = ""


_facts_of = msgspec.json.Decoder(_Facts).decode


class IndexCheck:
    """
    Tells whether each index has exactly one entry for each record, in order, with what the record says.

    Of the entries that the records call for, and of those that are there, the hashes are summed up. Python's hash of a
    text depends on a secret of the process, so nobody can make up entries whose sum fits.
    """

    def __init__(self) -> None:
        self._sums = dict.fromkeys(INDEXED, 0)

    def take(self, rows: Sequence[tuple[int, bytes | None, bytes | None]]) -> None:
        """Take records, as they are examined."""
        try:
            numbers, facts = [row[0] for row in rows], [_facts_of(row[1]) for row in rows]  # type: ignore[arg-type]
        except (TypeError, msgspec.MsgspecError, UnicodeError):  # some are no records, which others tell
            known = [(row[0], found) for row in rows if (found := _read(row[1])) is not None]
            numbers, facts = [number for number, _ in known], [found for _, found in known]
        values: dict[str, list[Any]] = {
            "seq": numbers,
            "id": _as_texts([one.id for one in facts]),
            "type": _as_texts([one.type for one in facts]),
            "time": _as_texts([one.time for one in facts]),
            "correlation_id": _as_texts([one.correlationid for one in facts]),
        }
        for index, columns in INDEXED.items():
            entries = zip(*(values[column] for column in (*columns, "seq")), strict=True)
            self._sums[index] += sum(map(hash, entries))

    def faults(self, connection: sqlite3.Connection) -> list[str]:
        """Return what is wrong with the indexes. Texts must come as `str` from the connection."""
        return [fault for index in INDEXED if (fault := self._fault(connection, index)) is not None]

    def _fault(self, connection: sqlite3.Connection, index: str) -> str | None:
        columns = ", ".join(f"coalesce({column}, '')" for column in INDEXED[index])
        order = ", ".join((*INDEXED[index], "seq"))
        total, last = 0, ()
        try:
            # The order is the one in which the index has them, so SQLite does not sort.
            cursor = connection.execute(f"SELECT {columns}, seq FROM records INDEXED BY {index} ORDER BY {order}")  # noqa: S608
            while rows := cursor.fetchmany(_BATCH):
                total += sum(map(hash, rows))
                if [last, *rows] != sorted([last, *rows]):
                    return f"the index {index} is not in order"
                last = rows[-1]
        except (sqlite3.DatabaseError, TypeError) as error:
            return f"the index {index} cannot be read: {error}"
        return None if total == self._sums[index] else f"the index {index} says something else than the records"


def _read(body: bytes | None) -> _Facts | None:
    try:
        return _facts_of(body) if body is not None else None
    except (msgspec.MsgspecError, UnicodeError):
        return None


def _as_texts(values: list[Any]) -> list[Any]:
    """Return values as SQLite has them; all that plugbus-audit writes are strings, or not there."""
    if set(map(type, values)) <= {str}:
        return values
    return [_as_text(value) for value in values]


def _as_text(value: Any) -> Any:
    """Return a value as SQLite has it; all that plugbus-audit writes are strings."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return value
