"""Reading a trail: `Trail`."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from itertools import chain
from pathlib import Path

import attrs

from plugbus_audit.counting import TrailStats, count
from plugbus_audit.filters import Filter
from plugbus_audit.following import Follower
from plugbus_audit.record import Record
from plugbus_audit.selection import Progress, select, with_id
from plugbus_audit.tracing import Trace, trace_of


__all__ = ("Trail",)

_EVERYTHING = Filter()


@attrs.frozen
class Trail:
    """
    An audit trail that is there to be read: a database, or a folder of JSON lines. Others may write it meanwhile.

    Every call opens what it needs, and what is not a list is read as it is asked for: memory does not grow with the
    number of records. All calls raise `NoTrail` if there is no trail, and `TrailUnusable` if it cannot be read, is
    something else, or of another form. `AsyncTrail` is the same for async code.

    Args:
        path: Where it is.
    """

    path: Path = attrs.field(converter=Path)

    def search(
        self,
        where: Filter = _EVERYTHING,
        *,
        limit: int | None = None,
        outcomes: bool = True,
        progress: Progress | None = None,
    ) -> Generator[Record, None, None]:
        """
        Yield the records that a filter means, in the order of the trail, up to the end that it has now.

        Args:
            where: Which records; by default all events.
            limit: How many at most: then the newest of them. So many are held in memory.
            outcomes: Whether events are given with what became of them.
            progress: Called now and then with how much was looked at, how much there is, and how many were found.
        """
        batches = select(self.path, where, limit=limit, outcomes=outcomes, progress=progress)
        with closing(batches):
            for records in batches:
                yield from records

    def tail(self, limit: int = 20, where: Filter = _EVERYTHING) -> list[Record]:
        """
        Return the newest records, oldest of them first.

        Args:
            limit: How many at most.
            where: Which records; by default all events.
        """
        return list(self.search(where, limit=limit))

    def show(self, id: str) -> list[Record]:
        """
        Return every record with an event's id, in the order of the trail: the event, what became of it.

        Args:
            id: The event's id.
        """
        return with_id(self.path, id)

    def trace(self, correlation_id: str, *, limit: int = 10_000) -> Trace:
        """
        Return the events with a correlation id, arranged by what caused them.

        Args:
            correlation_id: What they have in common.
            limit: How many at most, the first ones; they are held in memory.
        """
        events = self.search(Filter(correlation_id=correlation_id))
        kept = [record for _, record in zip(range(limit), events, strict=False)]
        left_out = sum(1 for _ in events)
        return trace_of(correlation_id, kept, left_out)

    def stats(self, where: Filter = _EVERYTHING, *, progress: Progress | None = None) -> TrailStats:
        """
        Count records by type and by hour.

        Args:
            where: Which records; by default all events.
            progress: As in `search`.
        """
        batches = select(self.path, where, outcomes=False, progress=progress)
        with closing(batches):
            return count(chain.from_iterable(batches))

    def follow(
        self,
        where: Filter = _EVERYTHING,
        *,
        after: int | None = None,
        every: float = 0.25,
        stop: threading.Event | None = None,
    ) -> Generator[Record, None, None]:
        """
        Yield records as they are written, for ever. If the trail is replaced by another one, that is followed.

        An event is given as soon as it is there, so without what became of it; that is a record of the kind `outcome`.

        Args:
            where: Which records; by default all events.
            after: The number of the record to begin after; None for the last one that there is now.
            every: How often the trail is looked at, in seconds.
            stop: Ends it when it is set.
        """
        pause = (stop or threading.Event()).wait
        with closing(Follower(self.path, where, after)) as follower:
            while stop is None or not stop.is_set():
                records = follower.poll()
                if records is None:
                    pause(every)
                else:
                    yield from records
