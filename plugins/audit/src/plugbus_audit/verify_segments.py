"""A trail of JSON lines as `verify` looks at it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from plugbus_audit.canon import from_line, read_header
from plugbus_audit.errors import NoTrail, TrailUnusable
from plugbus_audit.examination import Examination, Tombstone
from plugbus_audit.segments import end_of, segments_of


__all__ = ("SegmentSource",)

_BATCH = 2_000


class SegmentSource:
    """
    The records of a folder.

    Args:
        path: The folder.

    Raises:
        NoTrail: If no segment is in it.
    """

    def __init__(self, path: Path) -> None:
        self._segments = segments_of(path)
        if not self._segments:
            raise NoTrail(f"there is nothing in the audit trail {path} yet")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing is open."""

    def count(self) -> int:
        """Return how many records there are, as far as that can be told quickly."""
        end, _, _ = end_of(self._segments[-1])
        return max(0, end.number - self._segments[0].first + 1)

    def first(self) -> int:
        """Return the number of the first record."""
        return self._segments[0].first

    def tombstones(self) -> list[Tombstone]:
        """Return what purges have left."""
        if self.first() <= 1:
            return []
        stones = []
        for line in self._lines():
            if b'"kind":"tombstone"' in line:
                try:
                    says = json.loads(line)
                    purged = says["purged"]
                    stones.append(Tombstone(int(says["seq"]), int(purged["through"]), str(purged["hash"])))
                except (ValueError, TypeError, KeyError):
                    continue  # no purge has written it
        return stones

    def batches(self, _: Examination) -> Iterator[list[tuple[int, bytes | None, bytes | None]]]:
        """Yield the records in their order."""
        rows: list[tuple[int, bytes | None, bytes | None]] = []
        seq = self.first() - 1
        for line in self._lines():
            try:
                body, hash = from_line(line)
                seq = read_header(body).seq
                rows.append((seq, body, hash.encode()))
            except (ValueError, msgspec.MsgspecError):
                seq += 1
                rows.append((seq, None, None))
            if len(rows) >= _BATCH:
                yield rows
                rows = []
        if rows:
            yield rows

    def examine(self, examination: Examination) -> None:
        """Look at what is not in the records: there is nothing else."""

    def _lines(self) -> Iterator[bytes]:
        for number, segment in enumerate(self._segments, 1):
            try:
                with segment.path.open("rb") as lines:
                    for line in lines:
                        # What is still being written ends the last segment.
                        if line.endswith(b"\n") or number < len(self._segments):
                            yield line
            except OSError as error:
                raise TrailUnusable(
                    f"cannot read {segment.path}: {error.strerror or error}; was it just removed? Then try again"
                ) from error
