"""Reading a trail: `Trail`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import attrs

from plugbus.handlers import parse_pattern
from plugbus_audit.errors import TrailUnusable


if TYPE_CHECKING:
    import sqlite3

__all__ = ("Record", "Trail", "TrailStats")

_COLUMNS = "seq, id, type, source, time, correlation_id, causation_id, unencodable, data"


@attrs.frozen
class Record:
    """
    One event as it was recorded.

    Args:
        seq: Its number in the trail; later records have higher ones, some numbers may be unused.
        id: The event's id.
        type: The event type.
        source: Who raised it.
        time: When the event was created, ISO 8601, UTC.
        correlation_id: What it belongs to.
        causation_id: The id of the event that caused it.
        unencodable: Why its data could not be recorded; None if they were.
        text: The whole event as one CloudEvents JSON object; as in the file.
    """

    seq: int
    id: str | None
    type: str | None
    source: str | None
    time: str | None
    correlation_id: str | None
    causation_id: str | None
    unencodable: str | None
    text: str

    @property
    def data(self) -> Any:
        """The event's own data, secrets masked."""
        return json.loads(self.text).get("data")


@attrs.frozen(kw_only=True)
class TrailStats:
    """
    What a trail holds, in numbers.

    Args:
        total: How many events.
        first: Time of the oldest event, ISO 8601, UTC; None if there is none.
        last: Time of the newest event.
        types: How many of each type, the most frequent first.
        hours: How many in each hour that had any, in order; the keys are as in "2026-11-20T19".
    """

    total: int
    first: str | None
    last: str | None
    types: Mapping[str, int]
    hours: Mapping[str, int]


class Trail:
    """
    An audit trail, opened for reading. A context manager; use it in one thread.

    Args:
        path: The file.

    Raises:
        NoTrail: If there is no such file.
        TrailUnusable: If it is no audit trail, or one of a later form.
    """

    def __init__(self, path: str | Path) -> None:
        from plugbus_audit.store import open_for_reading

        self.path = Path(path)
        self._connection: sqlite3.Connection = open_for_reading(self.path)

    def tail(self, limit: int = 20, *, type: str = "*") -> Iterator[Record]:
        """
        Return the newest records, oldest of them first.

        Args:
            limit: How many at most.
            type: An event type or a pattern of types, as handlers use it.

        Raises:
            InvalidPattern: If `type` is no pattern.
            TrailUnusable: If the file is damaged.
        """
        chosen, parameters = self._chosen(type)
        newest = f"SELECT {_COLUMNS} FROM events {chosen} ORDER BY seq DESC LIMIT ?"  # noqa: S608
        rows = self._select(f"SELECT * FROM ({newest}) ORDER BY seq", *parameters, limit)  # noqa: S608
        return (Record(*row) for row in rows)

    def stats(self) -> TrailStats:
        """
        Count what the trail holds.

        Raises:
            TrailUnusable: If the file is damaged.
        """
        with self._snapshot():
            types = list(self._select("SELECT type, count(*) FROM events GROUP BY type ORDER BY count(*) DESC, type"))
            hours = list(self._select("SELECT substr(time, 1, 13), count(*) FROM events GROUP BY 1 ORDER BY 1"))
            ((total, first, last),) = self._select("SELECT count(*), min(time), max(time) FROM events")
        return TrailStats(
            total=total,
            first=first,
            last=last,
            types={name or "": number for name, number in types},
            hours={hour or "": number for hour, number in hours},
        )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _chosen(self, pattern: str) -> tuple[str, tuple[str, ...]]:
        parsed = parse_pattern(pattern)
        if pattern == "*":
            return "", ()
        types = [name for (name,) in self._select("SELECT DISTINCT type FROM events") if parsed.matches(name or "")]
        return "WHERE type IN (SELECT value FROM json_each(?))", (json.dumps(types),)

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Let several questions be answered from the same state, whatever is written meanwhile."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def _select(self, statement: str, *parameters: object) -> Iterator[Any]:
        import sqlite3

        try:
            yield from self._connection.execute(statement, parameters)
        except sqlite3.DatabaseError as error:
            raise TrailUnusable(f"cannot read the audit trail {self.path}: {error}") from error
