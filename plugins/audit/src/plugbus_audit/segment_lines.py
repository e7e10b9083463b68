"""The lines of a segment, from its first to its last or the other way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


__all__ = ("lines_of",)

_BLOCK = 256 * 1024


def lines_of(path: Path, start: int, end: int, *, backward: bool = False) -> Iterator[bytes]:
    """
    Yield the lines of a file between two places, each with its line break but perhaps the very last.

    A file that was removed meanwhile has none: retention does that.

    Args:
        path: The file.
        start: The place of the first line, in bytes.
        end: Where to stop, in bytes.
        backward: Begin with the last line.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        if backward:
            rest = b""
            while end > start:
                size = min(_BLOCK, end - start)
                end -= size
                file.seek(end)
                first, *lines = (file.read(size) + rest).splitlines(keepends=True)
                yield from reversed(lines)
                rest = first
            if rest:
                yield rest
            return
        file.seek(start)
        for line in file:
            start += len(line)
            if start > end:
                return
            yield line
