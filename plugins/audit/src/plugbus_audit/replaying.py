"""`replay`: events of a trail, published again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from plugbus.bus import EventBus
from plugbus.codec import decode
from plugbus.errors import DecodeError, PlugbusError, Refusal
from plugbus.events import EventBase
from plugbus.result import PublishResult
from plugbus_audit.async_trail import AsyncTrail
from plugbus_audit.cloudevents import as_cloudevent, lacks_secrets
from plugbus_audit.filters import Filter
from plugbus_audit.record import Record
from plugbus_audit.selection import Progress


__all__ = ("OTHERS", "Replay", "ReplayCount", "replay")

OTHERS = "(others)"
_MOST_TYPES = 1_000
_EVERYTHING = Filter()


@attrs.define
class ReplayCount:
    """
    What became of the events of one type.

    Args:
        selected: How many are meant.
        replayed: How many reached the handlers that take replays.
        blocked: How many a middleware stopped.
        failed: On how many of those that were replayed a handler failed.
        generic: How many of those that were replayed went out as a generic `Event`, since something was removed
            from their data.
        unfit: How many could not be published: without data, or with data that no longer make an event of their class.
    """

    selected: int = 0
    replayed: int = 0
    blocked: int = 0
    failed: int = 0
    generic: int = 0
    unfit: int = 0


@attrs.define
class Replay:
    """
    A replay, and what has become of it so far.

    Args:
        bus: Where events are published; None to only count those that are meant.
        rate: How many events a second at most; None for as many as the handlers take.
        complain: Told of every event that a handler failed on, that was refused, or that could not be published.
        types: The counts by event type. Beyond a thousand types all others count as one.
        refused: How many a middleware stopped by raising.
    """

    bus: EventBus | None
    rate: float | None = None
    complain: Callable[[Record, str], None] = lambda _, __: None
    types: dict[str, ReplayCount] = attrs.field(factory=dict, init=False)
    refused: int = attrs.field(default=0, init=False)

    @property
    def total(self) -> ReplayCount:
        """The counts of all types together."""
        counts = self.types.values()
        names = [field.name for field in attrs.fields(ReplayCount)]
        return ReplayCount(**{name: sum(getattr(count, name) for count in counts) for name in names})

    @property
    def ok(self) -> bool:
        """Whether every event that was meant was published and handled, or blocked without a word."""
        total = self.total
        return not (total.failed or total.unfit or self.refused)

    async def run(self, path: str | Path, where: Filter = _EVERYTHING, *, progress: Progress | None = None) -> None:
        """
        Publish the events that a filter means in their order, each when the handlers of the one before have ended.

        Args:
            path: The trail.
            where: Which events; those that were blocked are left out.
            progress: Called now and then with how much was looked at, how much there is, and how many were found.

        Raises:
            NoTrail: If there is no trail.
            TrailUnusable: If it cannot be read.
            PlugbusError: If the bus itself cannot publish.
        """
        events = AsyncTrail(path).search(attrs.evolve(where, kinds=("event",)), outcomes=False, progress=progress)
        begun = time.monotonic()
        number = 0
        try:
            async for record in events:
                if self.rate is not None:
                    await asyncio.sleep(max(0.0, begun + number / self.rate - time.monotonic()))
                number += 1
                await self._take(record)
        finally:
            await events.aclose()

    async def _take(self, record: Record) -> None:
        count = self._count(record)
        count.selected += 1
        if self.bus is None:
            count.generic += lacks_secrets(record)
            return
        # Handlers that never wait would otherwise keep plugins' timers, and Ctrl-C, out.
        await asyncio.sleep(0)
        try:
            event, is_generic = _event(record)
        except DecodeError as error:
            count.unfit += 1
            self.complain(record, str(error))
            return
        result = await self._publish(self.bus, record, event)
        if result is None or result.blocked_by is not None:
            count.blocked += 1
            return
        count.replayed += 1
        count.generic += is_generic
        if result.failures:
            count.failed += 1
            told = "; ".join(f"{one.handler}: {type(one.exception).__name__}" for one in result.failures)
            self.complain(record, f"failed in {told}")

    async def _publish(self, bus: EventBus, record: Record, event: Any) -> PublishResult | None:
        try:
            return await bus.replay(event)
        except Exception as error:
            if isinstance(error, PlugbusError) and not isinstance(error, Refusal):
                raise  # no middleware's word, but the bus's own
            self.refused += 1
            self.complain(record, f"was refused: {type(error).__name__}: {error}")
            return None

    def _count(self, record: Record) -> ReplayCount:
        name = record.type or ""
        if name not in self.types and len(self.types) >= _MOST_TYPES:
            name = OTHERS
        return self.types.setdefault(name, ReplayCount())


async def replay(
    path: str | Path,
    bus: EventBus | None,
    where: Filter = _EVERYTHING,
    *,
    rate: float | None = None,
    complain: Callable[[Record, str], None] = lambda _, __: None,
    progress: Progress | None = None,
) -> Replay:
    """
    Publish events of a trail again.

    They keep their envelope, reach only handlers that are subscribed with `replay=True`, and are not recorded again.
    An event from whose data something was removed is published as a generic `Event`, even if a class stands for its
    type: its data do not make one. So is one of a class that is no `EventBase`, since only so it keeps its id.

    Args:
        path: The trail.
        bus: Where to publish; None to only count what would be published.
        where: Which events.
        rate: How many a second at most.
        complain: Told of every event that did not go well, with the reason.
        progress: Called now and then with how much was looked at, how much there is, and how many were found.

    Raises:
        NoTrail: If there is no trail.
        TrailUnusable: If it cannot be read.
        PlugbusError: If the bus itself cannot publish.
    """
    made = Replay(bus, rate, complain)
    await made.run(path, where, progress=progress)
    return made


def _event(record: Record) -> tuple[Any, bool]:
    """Return the event of a record, and whether it stands for another class."""
    known = as_cloudevent(record)
    if "data" not in known:
        raise DecodeError("recorded data", f"none: {record.unencodable or 'the record has none'}")
    if lacks_secrets(record):
        return decode(known, generic=True), True
    event = decode(known)
    if not isinstance(event, EventBase):
        return decode(known, generic=True), True
    return event, False
