"""Following a trail while it is written."""

from __future__ import annotations

from pathlib import Path

from plugbus_audit.errors import NoTrail
from plugbus_audit.filters import Filter
from plugbus_audit.reader import Reader, open_reader, read_rows
from plugbus_audit.record import Record


__all__ = ("Follower",)


class Follower:
    """
    Reads what has come since it was asked last. If the trail is replaced by another one, it goes on with that.

    Args:
        path: The trail.
        where: Which records.
        after: The number of the record that it begins after; None for the last one that there is.

    Raises:
        NoTrail: If there is no trail.
        TrailUnusable: If it cannot be read.
    """

    def __init__(self, path: Path, where: Filter, after: int | None = None) -> None:
        self._path = path
        self._where = where
        self._reader: Reader | None = open_reader(path)
        self._seq = self._reader.last() if after is None else after

    def poll(self) -> list[Record] | None:
        """
        Return the records that have come, those that are not meant left out; None if nothing has come.

        Raises:
            TrailUnusable: If the trail cannot be read.
        """
        reader = self._opened()
        if reader is None:
            return None
        rows = reader.after(self._seq)
        if not rows:
            if not reader.is_current():
                self.close()
            return None
        records = list(read_rows(self._path, rows))
        self._seq = records[-1].seq
        return [record for record in records if self._where.matches(record)]

    def close(self) -> None:
        """Close the trail."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()

    def _opened(self) -> Reader | None:
        if self._reader is None:
            try:
                self._reader = open_reader(self._path)
            except NoTrail:
                return None
            self._seq = 0
        return self._reader
