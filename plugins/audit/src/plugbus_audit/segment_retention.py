"""Retention of a trail of JSON lines: whole segments are removed, never the last."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from plugbus_audit.canon import from_line
from plugbus_audit.retention import Grave, Keeping
from plugbus_audit.segments import Segment, end_of, segments_of


__all__ = ("SegmentRetention",)


class _Recorded(msgspec.Struct):
    recordedtime: str = ""


_read_time = msgspec.json.Decoder(_Recorded).decode


class SegmentRetention(Keeping):
    """Finds segments that are old or too many."""

    def plan(self, folder: Path) -> tuple[Grave, list[Segment]] | None:
        """Look for segments that have to go, from the first on; None if there are none."""
        self._looked = time.monotonic()
        segments = segments_of(folder)
        old, many = self._too_old(segments), self._too_many(segments)
        gone = segments[: max(old, many)]
        if not gone:
            return None
        end, _, _ = end_of(gone[-1])
        grave = Grave(
            through=end.number,
            hash=end.hash,
            records=end.number - gone[0].first + 1,
            since=_first_time(gone[0]),
            until=_last_time(gone[-1]),
            why="age" if old >= many else "size",
        )
        self._tell(grave)
        return grave, gone

    def _too_old(self, segments: list[Segment]) -> int:
        limit = self._oldest()
        if limit is None:
            return 0
        count = 0
        for segment in segments[:-1]:
            if _last_time(segment) >= limit:
                break
            count += 1
        return count

    def _too_many(self, segments: list[Segment]) -> int:
        if self._keep_size is None:
            return 0
        sizes = [segment.path.stat().st_size for segment in segments]
        total = sum(sizes)
        count = 0
        while total > self._keep_size and count < len(segments) - 1:
            total -= sizes[count]
            count += 1
        return count


def _first_time(segment: Segment) -> str:
    with segment.path.open("rb") as lines:
        return _time_of(next(lines, b""))


def _last_time(segment: Segment) -> str:
    last = b""
    with segment.path.open("rb") as lines:
        for line in lines:
            last = line
    return _time_of(last)


def _time_of(line: bytes) -> str:
    try:
        return _read_time(from_line(line)[0]).recordedtime
    except (ValueError, msgspec.MsgspecError):
        return ""
