"""The segments of a trail of JSON lines: their names, their order, and how they end."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import attrs
import msgspec

from plugbus_audit.canon import Header, Link, from_line, read_header


__all__ = ("Segment", "end_of", "rows_after", "segment_name", "segments_of")

_NAME = re.compile(r"audit-[0-9]{8}-([0-9]{12,})\.jsonl")
# How far from its end a segment is searched for its last line, for a start.
_STEP = 64 * 1024


@attrs.frozen(order=True)
class Segment:
    """
    One file of a trail.

    Args:
        first: The number of its first record.
        path: Where it is.
    """

    first: int
    path: Path


def segment_name(first: int, time: str) -> str:
    """Return the name of the segment that begins with a record, at a time in ISO 8601."""
    return f"audit-{time[:10].replace('-', '')}-{first:012}.jsonl"


def segments_of(folder: Path) -> list[Segment]:
    """Return the segments in a folder, in their order."""
    with os.scandir(folder) as entries:
        names = [(_NAME.fullmatch(entry.name), entry.name) for entry in entries]
    return sorted(Segment(int(match[1]), folder / name) for match, name in names if match)


def end_of(segment: Segment) -> tuple[Link, Header | None, int]:
    """
    Return how a segment ends: number and hash of its last record, what that says, and the size up to its end.

    The file is longer than that if a write was cut short: such a line was never acknowledged.
    """
    with segment.path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        step = _STEP
        while True:
            start = max(0, size - step)
            file.seek(start)
            content = file.read(size - start)
            end = content.rfind(b"\n") + 1
            begin = content.rfind(b"\n", 0, max(0, end - 1)) + 1
            if begin or start == 0:
                break
            step *= 4
    if end == 0:
        return Link(segment.first - 1), None, 0
    try:
        body, hash = from_line(content[begin:end])
        header = read_header(body)
    except (ValueError, msgspec.MsgspecError):
        return Link(segment.first - 1), None, start + end
    return Link(header.seq, hash), header, start + end


def rows_after(folder: Path, seq: int) -> Iterator[tuple[Header, str]]:
    """Yield what the records after a number say of where they stand, and their hashes; others are left out."""
    segments = segments_of(folder)
    for index, segment in enumerate(segments):
        if index + 1 < len(segments) and segments[index + 1].first <= seq:
            continue
        with segment.path.open("rb") as lines:
            for line in lines:
                try:
                    body, hash = from_line(line)
                    header = read_header(body)
                except (ValueError, msgspec.MsgspecError):
                    continue
                if header.seq > seq:
                    yield header, hash
