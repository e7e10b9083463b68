"""Reading a trail from async code: `AsyncTrail`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TypeVar

import attrs

from plugbus_audit.counting import TrailStats
from plugbus_audit.filters import Filter
from plugbus_audit.following import Follower
from plugbus_audit.record import Record
from plugbus_audit.selection import Progress, select
from plugbus_audit.tracing import Trace
from plugbus_audit.trail import Trail


__all__ = ("AsyncTrail",)

T = TypeVar("T")

_EVERYTHING = Filter()


@attrs.frozen
class AsyncTrail:
    """
    A `Trail` for async code: the same calls, each in a thread, so that the loop goes on.

    Close what `search` and `follow` return, with `contextlib.aclosing`, if it is left before its end.

    Args:
        path: Where it is.
    """

    path: Path = attrs.field(converter=Path)

    async def search(
        self,
        where: Filter = _EVERYTHING,
        *,
        limit: int | None = None,
        outcomes: bool = True,
        progress: Progress | None = None,
    ) -> AsyncGenerator[Record, None]:
        """Yield the records that a filter means; as `Trail.search`. `progress` is called in a thread."""
        batches = select(self.path, where, limit=limit, outcomes=outcomes, progress=progress)
        try:
            while (records := await _in_thread(lambda: next(batches, None))) is not None:
                for record in records:
                    yield record
        finally:
            await _in_thread(batches.close)

    async def tail(self, limit: int = 20, where: Filter = _EVERYTHING) -> list[Record]:
        """Return the newest records, oldest of them first; as `Trail.tail`."""
        return await _in_thread(lambda: Trail(self.path).tail(limit, where))

    async def show(self, id: str) -> list[Record]:
        """Return every record with an event's id; as `Trail.show`."""
        return await _in_thread(lambda: Trail(self.path).show(id))

    async def trace(self, correlation_id: str, *, limit: int = 10_000) -> Trace:
        """Return the events with a correlation id, arranged by what caused them; as `Trail.trace`."""
        return await _in_thread(lambda: Trail(self.path).trace(correlation_id, limit=limit))

    async def stats(self, where: Filter = _EVERYTHING, *, progress: Progress | None = None) -> TrailStats:
        """Count records by type and by hour; as `Trail.stats`."""
        return await _in_thread(lambda: Trail(self.path).stats(where, progress=progress))

    async def follow(
        self, where: Filter = _EVERYTHING, *, after: int | None = None, every: float = 0.25
    ) -> AsyncGenerator[Record, None]:
        """Yield records as they are written, until it is closed or cancelled; as `Trail.follow`."""
        follower = await _in_thread(lambda: Follower(self.path, where, after))
        try:
            while True:
                records = await _in_thread(follower.poll)
                if records is None:
                    await asyncio.sleep(every)
                    continue
                for record in records:
                    yield record
        finally:
            await _in_thread(follower.close)


async def _in_thread(call: Callable[[], T]) -> T:
    """Run a call in a thread. Who is cancelled meanwhile waits for its end first: it uses what is closed next."""
    running = asyncio.ensure_future(asyncio.to_thread(call))
    cancelled = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        running.exception()
        raise cancelled
    return running.result()
