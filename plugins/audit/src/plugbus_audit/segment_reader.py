"""Reading a trail of JSON lines, from one end to the other: it has no index."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from plugbus_audit.canon import from_line
from plugbus_audit.errors import NoTrail, TrailUnusable
from plugbus_audit.filters import Filter
from plugbus_audit.opening import reason
from plugbus_audit.reader import BATCH, Batch, Row, member, needles, read_rows
from plugbus_audit.record import Record, read_record
from plugbus_audit.segment_lines import lines_of
from plugbus_audit.segment_outcomes import OutcomeTable
from plugbus_audit.segments import Segment, end_of, segments_of


__all__ = ("SegmentReader",)

# The file that whoever writes has locked.
_LOCK = "lock"
# How every line begins.
_SEQ = b'{"seq":'


@attrs.frozen
class _Place:
    """Where a follower has read up to: the record, and where the next one begins."""

    seq: int
    segment: Path
    offset: int


class SegmentReader:
    """
    A trail of JSON lines, open for reading.

    Args:
        path: The folder.

    Raises:
        NoTrail: If nothing is in it yet.
        TrailUnusable: If it is no trail, or of another form.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: OutcomeTable | None = None
        self._place: _Place | None = None
        segments = self._segments()
        if not segments:
            self._refuse()
        for segment in {*segments[:1], *segments[-1:]}:
            for line in lines_of(segment.path, 0, _size(segment)):
                self._check(segment, line)
                break
        # Kept open, so that no other folder gets its number.
        self._folder = self._opened()

    def batches(self, where: Filter, *, backward: bool = False) -> Generator[Batch, None, None]:
        """Yield what a filter may mean and perhaps more, up to the end that the trail has now."""
        wanted = needles(where)
        segments = [(segment, _size(segment)) for segment in self._segments()]
        total = sum(size for _, size in segments)
        done = looked = 0
        rows: list[Row] = []
        for segment, size in reversed(segments) if backward else segments:
            for line in self._lines(segment, size, backward=backward, is_last=segment == segments[-1][0]):
                done += len(line)
                looked += 1
                if all(needle in line for needle in wanted):
                    rows.append(self._row(segment, line))
                if len(rows) >= BATCH or looked >= BATCH * 10:
                    yield Batch(rows, done, total)
                    rows, looked = [], 0
        yield Batch(rows, total, total)

    def outcomes(self, records: Sequence[Record]) -> Iterable[Row]:
        """Return the outcomes of these events, in their order."""
        first = min(record.seq for record in records)
        if self._outcomes is None or first < self._outcomes.first:
            if self._outcomes is not None:
                self._outcomes.close()
            self._outcomes = OutcomeTable(first)
            self._outcomes.fill(read_rows(self._path, self._last_outcomes(first)))
        return self._outcomes.of(records)

    def with_id(self, id: str) -> Iterable[Row]:
        """Yield the records with an id, in their order."""
        return self._from(0, member("id", id))

    def after(self, seq: int) -> Sequence[Row]:
        """Return the records after a number, as many as a batch may hold."""
        segments = self._segments()
        place = self._place if self._place is not None and self._place.seq == seq else None
        rows: list[Row] = []
        for number, segment in enumerate(segments):
            if number + 1 < len(segments) and segments[number + 1].first <= seq + 1:
                continue
            offset = place.offset if place is not None and place.segment == segment.path else 0
            is_last = number + 1 == len(segments)
            for line in self._lines(segment, _size(segment), start=offset, is_last=is_last):
                offset += len(line)
                found = self._check(segment, line)
                if found.seq > seq:
                    rows.append(self._row(segment, line))
                    self._place = _Place(found.seq, segment.path, offset)
                if len(rows) >= BATCH:
                    return rows
        return rows

    def last(self) -> int:
        """Return the number of the last record, 0 if there is none."""
        segments = self._segments()
        try:
            return end_of(segments[-1])[0].number if segments else 0
        except OSError as error:
            raise self._unreadable(error) from error

    def is_current(self) -> bool:
        """Tell whether this is still the folder that lies at the path."""
        try:
            return os.path.samestat(self._path.stat(), os.fstat(self._folder))
        except OSError:
            return False

    def close(self) -> None:
        """Close the folder, and forget what was noted."""
        os.close(self._folder)
        if self._outcomes is not None:
            self._outcomes.close()

    def _from(self, seq: int, needle: bytes) -> Iterator[Row]:
        segments = self._segments()
        for number, segment in enumerate(segments):
            if number + 1 < len(segments) and segments[number + 1].first <= seq:
                continue
            for line in self._lines(segment, _size(segment), is_last=number + 1 == len(segments)):
                if needle in line:
                    yield self._row(segment, line)

    def _last_outcomes(self, first: int) -> Iterator[Row]:
        """Yield the outcomes from a record on, from the last one back: what is asked for is often near the end."""
        needle = member("kind", "outcome")
        segments = self._segments()
        for segment in reversed(segments):
            for line in self._lines(segment, _size(segment), backward=True, is_last=segment == segments[-1]):
                if needle in line:
                    yield self._row(segment, line)
                elif _seq(line) < first:
                    return

    def _lines(
        self, segment: Segment, end: int, *, start: int = 0, backward: bool = False, is_last: bool
    ) -> Iterator[bytes]:
        try:
            for line in lines_of(segment.path, start, end, backward=backward):
                # What is still being written ends the last segment.
                if line.endswith(b"\n") or not is_last:
                    yield line
        except OSError as error:
            raise self._unreadable(error) from error

    def _row(self, segment: Segment, line: bytes) -> Row:
        try:
            return from_line(line)
        except ValueError as error:
            raise self._damaged(segment, error) from None

    def _check(self, segment: Segment, line: bytes) -> Record:
        try:
            return read_record(*from_line(line))
        except ValueError as error:
            raise self._damaged(segment, error) from None

    def _segments(self) -> list[Segment]:
        try:
            return segments_of(self._path)
        except OSError as error:
            raise self._unreadable(error) from error

    def _opened(self) -> int:
        try:
            return os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise self._unreadable(error) from error

    def _refuse(self) -> None:
        names = {entry.name for entry in self._path.iterdir()}
        if _LOCK in names:
            return  # a process has opened it, and has written nothing yet
        if names:
            raise TrailUnusable(f"the folder {self._path} holds no audit trail, but other files; give another path")
        raise NoTrail(f"there is nothing in the audit trail {self._path} yet")

    def _unreadable(self, error: OSError) -> TrailUnusable:
        return TrailUnusable(f"cannot read the audit trail {self._path}: {reason(error)}")

    def _damaged(self, segment: Segment, error: ValueError) -> TrailUnusable:
        return TrailUnusable(
            f"cannot read the audit trail {self._path}: in {segment.path.name}: {error}; `plugbus audit verify` tells "
            f"what was changed"
        )


def _seq(line: bytes) -> int:
    """Return the number of a record without reading it; one that does not begin with it is taken for any."""
    number = line[len(_SEQ) : line.find(b",")]
    return int(number) if line.startswith(_SEQ) and number.isdigit() else sys.maxsize


def _size(segment: Segment) -> int:
    try:
        return segment.path.stat().st_size
    except FileNotFoundError:
        return 0
