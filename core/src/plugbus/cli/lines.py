"""Cuts a stream of bytes into numbered lines, however long the stream is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ("LONGEST_LINE", "LineSplitter")

LONGEST_LINE = 16 * 1024 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@attrs.define
class LineSplitter:
    """
    Takes chunks as they come and yields each line with its number, from 1.

    A line is yielded as its bytes, or as None if it is longer than `longest`; then no more than that has been kept of
    it. Lines that are empty or white space are counted and left out. A UTF-8 byte order mark at the start is dropped.

    Args:
        longest: The longest line, in bytes.
    """

    longest: int = LONGEST_LINE
    number: int = attrs.field(default=0, init=False)
    _parts: list[bytes] = attrs.field(factory=list, init=False)
    _size: int = attrs.field(default=0, init=False)

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes | None]]:
        """Yield the lines that end in this chunk."""
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            line = self._join(piece) if self._size else piece
            self.number += 1
            if self.number == 1 and line is not None:
                line = line.removeprefix(_BYTE_ORDER_MARK)
            if line is None or (line and not line.isspace()):
                yield self.number, line
        self._keep(rest)

    def finish(self) -> Iterator[tuple[int, bytes | None]]:
        """Yield the last line, if no line break ended it."""
        if self._size:
            yield from self.feed(b"\n")

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self.longest:
            self._parts.clear()
        elif piece:
            self._parts.append(piece)

    def _join(self, piece: bytes) -> bytes | None:
        self._keep(piece)
        line = b"".join(self._parts) if self._size <= self.longest else None
        self._parts.clear()
        self._size = 0
        return line
