"""
`Tally`: how many rows a process has accepted, in a mapped file beside the trail.

The page of a mapped file outlives a process that is killed, though not a power failure. Who starts next finds the
file, with nobody holding its lock, and can tell how many rows were accepted and never written.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, MutableSequence
from mmap import mmap
from pathlib import Path
from typing import Self

import attrs


__all__ = ("Orphan", "Tally", "orphans")

_MAGIC = b"pbtally2"
_CHAIN = slice(8, 24)
# Numbers of 8 bytes each, counted from the beginning of the file.
_ACCEPTED, _WRITTEN, _SEQ = 3, 4, 5
_SIZE = 64


class Tally:
    """
    The count of one process.

    Args:
        file: The descriptor of the mapped file, whose lock is held as long as it is open.
        path: Where it is.

    Attributes:
        accepted: A view of one number: the rows that were accepted.
    """

    def __init__(self, file: int, path: Path) -> None:
        self._file: int | None = file
        self._path = path
        self._map = mmap(file, _SIZE)
        self._numbers = memoryview(self._map).cast("B").cast("Q")
        self.accepted: MutableSequence[int] = self._numbers[_ACCEPTED : _ACCEPTED + 1]  # type: ignore[assignment]

    @classmethod
    def create(cls, trail: Path, chain: str) -> Self | None:
        """
        Begin to count, beside a trail; None where the system has no locks that end with their process.

        Raises:
            OSError: If the file cannot be made.
        """
        try:
            import fcntl
        except ImportError:
            return None
        path = trail.with_name(f"{trail.name}-accepted-{chain}")
        hidden = path.with_name(f".{path.name}")
        file = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(file, (_MAGIC + chain.encode()).ljust(_SIZE, b"\0"))
            fcntl.flock(file, fcntl.LOCK_EX)
            # Under its name it is locked from the beginning, so that nobody takes it for an orphan.
            hidden.rename(path)
            return cls(file, path)
        except BaseException:
            os.close(file)
            hidden.unlink(missing_ok=True)
            raise

    def wrote(self, rows: int, seq: int) -> None:
        """Take note of rows that are on disk, the last of them with this number."""
        self._numbers[_WRITTEN] += rows
        self._numbers[_SEQ] = seq

    def remove(self) -> None:
        """Remove the file; the view stays usable, since a publisher may be about to write to it."""
        self._path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file. Nobody uses the view any more."""
        self.accepted.release()  # type: ignore[attr-defined]
        self._numbers.release()
        self._map.close()
        self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)  # its lock ends here, or in the parent if this is a forked child
            self._file = None

    __del__ = _close_file


@attrs.frozen
class Orphan:
    """
    The count of a process that was killed.

    Args:
        chain: The chain of that process.
        accepted: Rows that it has accepted.
        written: Rows of which it has noted that they are on disk; there may be more.
        seq: The number of the last of those.
        file: The descriptor of the file, whose lock is held.
        path: Where it is.
    """

    chain: str
    accepted: int
    written: int
    seq: int
    file: int
    path: Path

    def remove(self) -> None:
        """Remove the file: what it says is known."""
        self.path.unlink(missing_ok=True)
        os.close(self.file)


def orphans(trail: Path) -> Iterator[Orphan]:
    """Yield what killed processes have left beside a trail, and no other process is looking at."""
    try:
        import fcntl
    except ImportError:
        return
    for path in sorted(trail.parent.glob(f"{trail.name}-accepted-*")):
        try:
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # its process has ended in good order meanwhile
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            content = os.pread(file, _SIZE, 0)
        except OSError:
            os.close(file)
            continue
        if len(content) != _SIZE or not content.startswith(_MAGIC) or not path.exists():
            os.close(file)
            continue
        accepted, written, seq = struct.unpack_from("QQQ", content, _ACCEPTED * 8)
        yield Orphan(content[_CHAIN].decode("ascii", "replace"), accepted, written, seq, file, path)
