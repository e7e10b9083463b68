"""Records that a filter means, batch by batch: what the ways of reading a trail have in common."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path

from plugbus_audit.filters import Filter
from plugbus_audit.reader import Reader, join_outcomes, open_reader, read_rows
from plugbus_audit.record import Record


__all__ = ("Progress", "select", "with_id")

# Told how much of a trail was looked at, how much there is to look at, in the same unit, and how many records were
# found so far.
Progress = Callable[[int, int, int], None]


def select(
    path: Path,
    where: Filter,
    *,
    limit: int | None = None,
    outcomes: bool = True,
    progress: Progress | None = None,
) -> Generator[list[Record], None, None]:
    """
    Yield the records that a filter means, in the order of the trail.

    Args:
        path: The trail.
        where: Which records.
        limit: How many at most: then the newest. So many are held in memory.
        outcomes: Whether events are given with what became of them.
        progress: Told how far the search has come.

    Raises:
        NoTrail: If there is no trail.
        TrailUnusable: If it cannot be read.
    """
    with closing(open_reader(path)) as reader:
        if limit is not None:
            newest = _newest(reader, path, where, limit, progress)
            yield join_outcomes(path, reader, newest) if outcomes else newest
            return
        found = 0
        with closing(reader.batches(where)) as batches:
            for batch in batches:
                records = [record for record in read_rows(path, batch.rows) if where.matches(record)]
                found += len(records)
                if progress is not None:
                    progress(batch.done, batch.total, found)
                yield join_outcomes(path, reader, records) if outcomes else records


def with_id(path: Path, id: str) -> list[Record]:
    """
    Return the records with an event's id, of every kind, in the order of the trail.

    Raises:
        NoTrail: If there is no trail.
        TrailUnusable: If it cannot be read.
    """
    with closing(open_reader(path)) as reader:
        records = [record for record in read_rows(path, reader.with_id(id)) if record.id == id]
        return join_outcomes(path, reader, records)


def _newest(reader: Reader, path: Path, where: Filter, limit: int, progress: Progress | None) -> list[Record]:
    newest: deque[Record] = deque()
    with closing(reader.batches(where, backward=True)) as batches:
        while len(newest) < limit and (batch := next(batches, None)) is not None:
            for record in read_rows(path, batch.rows):
                if where.matches(record) and len(newest) < limit:
                    newest.appendleft(record)
            if progress is not None:
                progress(batch.done, batch.total, len(newest))
    return list(newest)
