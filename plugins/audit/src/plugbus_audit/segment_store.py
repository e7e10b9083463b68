"""How records get into a trail of JSON lines."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, MutableSequence, Sequence
from contextlib import contextmanager
from logging import Logger
from pathlib import Path

from plugbus.sqlite import BUSY_TIMEOUT
from plugbus_audit.canon import GENESIS, Link, to_line
from plugbus_audit.chain import now
from plugbus_audit.errors import TrailUnusable
from plugbus_audit.ledger import Ledger
from plugbus_audit.retention import Grave, tombstone
from plugbus_audit.segment_retention import SegmentRetention
from plugbus_audit.segments import Segment, end_of, rows_after, segment_name, segments_of
from plugbus_audit.tally import Orphan


__all__ = ("SegmentStore",)

_PAUSE = 0.005


class SegmentStore:
    """
    Appends records to the last segment of a folder, while it holds the lock that all writers share.

    Args:
        ledger: This process's part in the trail; its path is the folder.
        logger: Told of what was found and mended.
        size: Bytes after which the next segment is begun.
        age: Seconds after which the next segment is begun.
        retention: What is removed while it is written; None to keep everything.
    """

    def __init__(
        self, ledger: Ledger, logger: Logger, *, size: int, age: float, retention: SegmentRetention | None = None
    ) -> None:
        self.path = ledger.path
        self.ledger = ledger
        self._logger = logger
        self._size = size
        self._age = age
        self._retention = retention
        self._lock: int | None = None
        self._identity: tuple[int, int] | None = None
        self._known: tuple[Path, int, Link] | None = None
        self._begun = time.monotonic()

    @property
    def tally(self) -> MutableSequence[int]:
        """Where the writer notes how many rows were accepted."""
        return self.ledger.tally

    def open(self) -> None:
        """
        Open the folder; make it if there is none.

        Raises:
            TrailUnusable: If that cannot be done; the message says why.
        """
        if self._lock is not None and self._identity == _identity(self.path):
            return
        if self._identity is not None and self._identity != _identity(self.path):
            self._logger.warning("%s was removed or replaced while it was in use; it is opened anew", self.path)
            self.close()
            self.ledger.replaced()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._identity = _identity(self.path)
            self.ledger.open(self._count_written)
        except FileExistsError as error:
            raise TrailUnusable(
                f"{self.path} is a file; a trail of JSON lines is a folder, give another path"
            ) from error
        except OSError as error:
            self.close()
            raise TrailUnusable(f"cannot write the audit trail {self.path}: {error.strerror or error}") from error

    def write(self, rows: Sequence[bytes]) -> None:
        """
        Append records: all of them, durably, or, with an exception, none.

        Raises:
            OSError: If they could not be written.
        """
        self.open()
        with self._locked():
            self._append(rows, counted=True)
            self._retain()

    def bury(self, grave: Grave, segments: Sequence[Segment]) -> None:
        """Write the tombstone of segments, have a checkpoint vouch for it, and remove them. The folder is locked."""
        self._append([tombstone(grave)], counted=False)
        self.ledger.rest()
        for segment in segments:
            segment.path.unlink(missing_ok=True)

    def rest(self) -> None:
        """Make a checkpoint."""
        self.ledger.rest()

    def close(self) -> None:
        """Close the folder."""
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def end(self) -> None:
        """Stop counting."""
        self.ledger.end()

    def is_busy(self, error: BaseException | None) -> bool:
        """Tell whether an error only says that another process is writing."""
        return isinstance(error, BlockingIOError)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Open the folder and keep all others from writing."""
        self.open()
        with self._locked():
            yield

    def _retain(self) -> None:
        if self._retention is not None and self._retention.is_due():
            try:
                found = self._retention.plan(self.path)
                if found is not None:
                    self.bury(*found)
            except OSError as error:
                self._logger.warning("%s: old records could not be removed: %s", self.path, error)

    def _append(self, rows: Sequence[bytes], *, counted: bool) -> None:
        ledger = self.ledger
        ledger.prepare()
        segment, size, trail = self._end()
        ledger.begin(trail, self._own)
        made = [] if ledger.chain.is_open else ledger.chain.add([ledger.chain.opening()])
        made += ledger.add(rows) if counted else ledger.chain.add(rows)
        if segment is None or size >= self._size or time.monotonic() - self._begun >= self._age:
            segment = self.path / segment_name(made[0][0], now())
            size = 0
            self._begun = time.monotonic()
        content = b"".join(to_line(body.encode(), hash) for _, body, hash in made)
        _append(segment, size, content)
        seq, _, hash = made[-1]
        self._known = (segment, size + len(content), Link(seq, hash))
        ledger.committed()

    def _end(self) -> tuple[Path | None, int, Link]:
        segments = segments_of(self.path)
        if not segments:
            return None, 0, Link()
        last = segments[-1]
        size = last.path.stat().st_size
        if self._known is not None and self._known[:2] == (last.path, size):
            return self._known
        return self._look_at(last, size, segments)

    def _look_at(self, last: Segment, size: int, segments: Sequence[Segment]) -> tuple[Path, int, Link]:
        link, header, end = end_of(last)
        if end < size:
            self._logger.warning("%s ended with a line that was cut short, and is removed", last.path)
            os.truncate(last.path, end)
        if header is None and len(segments) > 1:
            link, _, _ = end_of(segments[-2])
        elif header is None:
            link = Link(0, GENESIS)
        return last.path, end, link

    def _own(self) -> list[tuple[int, str]]:
        chain = self.ledger.chain
        return [(h.n, hash) for h, hash in rows_after(self.path, chain.trail.number) if h.chain == chain.id]

    def _count_written(self, orphan: Orphan) -> int:
        return orphan.written + sum(
            header.chain == orphan.chain and header.kind not in {"opened", "tombstone"}
            for header, _ in rows_after(self.path, orphan.seq)
        )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        import fcntl

        if self._lock is None:
            raise TrailUnusable(f"the audit trail {self.path} is not open")
        give_up = time.monotonic() + BUSY_TIMEOUT
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(_PAUSE)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)


def _append(path: Path, size: int, content: bytes) -> None:
    is_new = size == 0
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            written = 0
            while written < len(content):
                written += os.pwrite(file, content[written:], size + written)
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)
            raise
    finally:
        os.close(file)
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
