"""`AuditLogHandler`: every event becomes a record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

from plugbus.handlers import EventHandler
from plugbus_audit.records import Recorder


__all__ = ("AuditLogHandler", "Sink")


class Sink(Protocol):
    """Takes rows and has them written; `plugbus.writing.BufferedWriter` is one."""

    @property
    def is_full(self) -> bool:
        """Whether `put` would have to wait for room."""

    def put(self, row: bytes, /) -> int:
        """
        Take a row.

        Returns:
            Its number.

        Raises:
            Exception: If it cannot be kept.
        """

    async def put_async(self, row: bytes, /) -> int:
        """Take a row, and wait for room without blocking the loop."""

    def wait(self, number: int, /) -> None:
        """Wait until a row is on disk."""

    async def wait_async(self, number: int, /) -> None:
        """Wait until a row is on disk, without blocking the loop."""


class AuditLogHandler(EventHandler):
    """
    Encodes every event and hands the record over; somebody else writes it.

    A sync handler that has to wait, for room in the buffer or for the disk, blocks its thread, unless a loop runs in
    that thread: then it returns what the publish awaits. Events that are replayed are not recorded again: they are in
    the trail already.

    Args:
        sink: Takes the records.
        recorder: Makes them.
        durable: Whether to wait until a record is on disk.
    """

    event_types = ("*",)

    def __init__(self, sink: Sink, recorder: Recorder, *, durable: bool = False) -> None:
        self._sink = sink
        self._recorder = recorder
        self._durable = durable

    def handle(self, event: Any) -> Awaitable[None] | None:
        """
        Record an event, its secrets taken out.

        Raises:
            EncodeError: If its data have no JSON form. Then its envelope is recorded, with the reason.
            Exception: If the sink takes no records.
        """
        try:
            row = self._recorder.event(event)
        except Exception as error:
            row = self._recorder.without_data(event, error)
            if self._waits and asyncio._get_running_loop() is not None:
                return self._refuse_later(row, error)
            self._keep_now(row)
            raise
        return self._keep(row)

    def _keep(self, row: bytes) -> Awaitable[None] | None:
        if not self._waits:
            self._sink.put(row)
            return None
        if asyncio._get_running_loop() is not None:
            return self._keep_later(row)
        self._keep_now(row)
        return None

    @property
    def _waits(self) -> bool:
        return self._durable or self._sink.is_full

    def _keep_now(self, row: bytes) -> None:
        number = self._sink.put(row)
        if self._durable:
            self._sink.wait(number)

    async def _keep_later(self, row: bytes) -> None:
        number = await self._sink.put_async(row)
        if self._durable:
            await self._sink.wait_async(number)

    async def _refuse_later(self, row: bytes, error: Exception) -> None:
        await self._keep_later(row)
        raise error
