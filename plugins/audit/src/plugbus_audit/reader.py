"""`Reader`: what a search asks of a trail, whichever form that has."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs
import msgspec

from plugbus_audit.errors import TrailUnusable
from plugbus_audit.filters import Filter
from plugbus_audit.record import Record, read_record


__all__ = ("BATCH", "Batch", "Reader", "Row", "join_outcomes", "member", "needles", "open_reader", "read_rows")

# Records that are read at a time: what one needs in memory, and how long a database is kept from its housekeeping.
BATCH = 1_000

# A record as it was hashed, and its hash.
Row = tuple[bytes, str]


@attrs.frozen
class Batch:
    """
    Records that may be meant, in their order, and how far the search has come.

    Args:
        rows: The records.
        done: How much of the trail was looked at.
        total: How much there is to look at, in the same unit.
    """

    rows: Sequence[Row]
    done: int
    total: int


class Reader(Protocol):
    """A trail, open for reading. It is used by one thread at a time, and closed at the end."""

    def batches(self, where: Filter, *, backward: bool = False) -> Generator[Batch, None, None]:
        """Yield what a filter may mean and perhaps more, up to the end that the trail has now."""

    def outcomes(self, records: Sequence[Record]) -> Iterable[Row]:
        """Return the outcomes of at least these events, in their order."""

    def with_id(self, id: str) -> Iterable[Row]:
        """Return the records with an id, in their order."""

    def after(self, seq: int) -> Sequence[Row]:
        """Return the records after a number, as many as a batch may hold."""

    def last(self) -> int:
        """Return the number of the last record, 0 if there is none."""

    def is_current(self) -> bool:
        """Tell whether this is still what lies at the path of the trail."""

    def close(self) -> None:
        """Close it."""


def open_reader(path: Path) -> Reader:
    """
    Open a trail.

    Raises:
        NoTrail: If there is none.
        TrailUnusable: If it cannot be read, is no trail, or is one of another form.
    """
    if path.is_dir():
        from plugbus_audit.segment_reader import SegmentReader

        return SegmentReader(path)
    from plugbus_audit.sqlite_reader import SqliteReader

    return SqliteReader(path)


def read_rows(path: Path, rows: Iterable[Row]) -> Iterator[Record]:
    """
    Read records.

    Raises:
        TrailUnusable: If something is none.
    """
    for body, hash in rows:
        try:
            yield read_record(body, hash)
        except ValueError as error:
            raise TrailUnusable(
                f"cannot read a record of the audit trail {path}: {error}; `plugbus audit verify` tells what was "
                f"changed"
            ) from None


def join_outcomes(path: Path, reader: Reader, records: Sequence[Record]) -> list[Record]:
    """
    Return the records, events with what became of them, if that was recorded.

    That is the first outcome after the event that has its id and was recorded by the same process.
    """
    events = [record for record in records if record.kind == "event" and record.id is not None]
    if not events:
        return list(records)
    found: dict[tuple[str, str | None], list[Record]] = {}
    for outcome in read_rows(path, reader.outcomes(events)):
        found.setdefault((outcome.chain, outcome.id), []).append(outcome)
    if not found:
        return list(records)
    return [_joined(record, found.get((record.chain, record.id), ())) for record in records]


def _joined(record: Record, outcomes: Iterable[Record]) -> Record:
    if record.kind != "event":
        return record
    for outcome in outcomes:
        if outcome.seq > record.seq:
            told: Any = outcome.members.get("outcome")
            return attrs.evolve(record, outcome=told) if isinstance(told, Mapping) else record
    return record


_to_json = msgspec.json.Encoder().encode


def needles(where: Filter) -> tuple[bytes, ...]:
    """Return bytes that stand in every record that a filter means."""
    wanted = {"correlationid": where.correlation_id, "source": where.source}
    if "*" not in where.type:
        wanted["type"] = where.type
    return tuple(member(name, value) for name, value in wanted.items() if value is not None)


def member(name: str, value: str) -> bytes:
    """Return a member of a record as it stands in the trail."""
    return b'"%b":%b' % (name.encode(), _to_json(value))
