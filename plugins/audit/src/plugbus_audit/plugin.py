"""The plugin: its settings and its hooks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import attrs

from plugbus.config import Duration
from plugbus.plugins import Deadline, Health, Plugin, hookimpl, option
from plugbus_audit.errors import TrailNotWritten


if TYPE_CHECKING:
    import click

    from plugbus.handlers import EventHandler
    from plugbus_audit.sqlite import SqliteWriter

__all__ = ("AuditPlugin", "AuditSettings")

# Seconds that stopping waits for the disk.
_STOP_TIMEOUT = 5.0

_at_least_one = attrs.validators.ge(1)


@attrs.frozen
class AuditSettings:
    """
    The table `[plugins.audit]`.

    A record is written when `flush_every` wait or the oldest has waited for `flush_interval`, whichever is first.
    """

    path: Path = option(Path("audit.db"), help="where the trail is kept; its folder is made if there is none")
    flush_every: int = option(100, help="events that are worth a write", validator=_at_least_one)
    flush_interval: Duration = option(1.0, help="how long an event waits at most to be written")
    buffer_size: int = option(10_000, help="events that wait at most while the disk is slow", validator=_at_least_one)
    buffer_timeout: Duration = option(
        5.0, help="how long a publish waits for room in a full buffer before the result says that audit failed"
    )


class AuditPlugin(Plugin[AuditSettings]):
    """Records every event in an SQLite file."""

    api = 1
    after = ("guards",)

    @hookimpl
    def handlers(self) -> Iterable[EventHandler]:
        """Contribute the one handler."""
        from plugbus_audit.handler import AuditLogHandler

        yield AuditLogHandler(self._writer)

    @hookimpl
    def lifespan(self) -> AbstractAsyncContextManager[object]:
        """Open the trail while the bus runs."""
        return _Open(self._writer)

    @hookimpl
    def flush(self, deadline: Deadline) -> None:
        """
        Write what is buffered.

        Raises:
            TrailNotWritten: If the time was not enough.
        """
        left = self._writer.flush(deadline.remaining)
        if left:
            raise TrailNotWritten(f"the audit trail {self.settings.path}: events not written in time: {left:,}")

    @hookimpl
    def health(self) -> Health:
        """Say whether events reach the disk."""
        status = self._writer.status()
        if status.error is None and not status.is_full:
            return Health("ok")
        detail = f"events that wait to be written to {self.settings.path}: {status.waiting:,}"
        if status.error is not None:
            detail = f"{detail} ({status.error})"
        return Health("failing" if status.is_full else "degraded", detail)

    @hookimpl
    def commands(self) -> Iterable[click.Command]:
        """Contribute `plugbus audit tail` and `plugbus audit stats`."""
        from plugbus_audit.commands import commands

        return commands(self.settings.path)

    @cached_property
    def _writer(self) -> SqliteWriter[bytes]:
        from plugbus_audit.sqlite import SqliteWriter
        from plugbus_audit.store import EventTable

        settings = self.settings
        return SqliteWriter(
            EventTable(settings.path),
            name=f"the audit trail {settings.path}",
            rows="events",
            logger=logging.getLogger("plugbus.audit"),
            flush_every=settings.flush_every,
            flush_interval=settings.flush_interval,
            buffer_size=settings.buffer_size,
            buffer_timeout=settings.buffer_timeout,
        )


class _Open:
    """
    Opens and closes the writer, off the loop.

    No generator: one whose loop was closed before its end would be ended wherever it is collected.
    """

    def __init__(self, writer: SqliteWriter[bytes]) -> None:
        self._writer = writer

    async def __aenter__(self) -> None:
        try:
            await _to_its_end(self._writer.open)
        except asyncio.CancelledError:
            await _to_its_end(self._writer.close, _STOP_TIMEOUT)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await _to_its_end(self._writer.close, _STOP_TIMEOUT)


async def _to_its_end(call: Callable[..., None], *arguments: object) -> None:
    """Run a call in a thread. Who is cancelled meanwhile waits for its end first, since the thread runs on."""
    try:
        running = asyncio.get_running_loop().run_in_executor(None, call, *arguments)
    except RuntimeError:
        # The loop, or the interpreter, is at its end and lends no more threads.
        call(*arguments)
        return
    cancelled = None
    while not running.done():
        try:
            await asyncio.wait([running])
        except asyncio.CancelledError as error:
            cancelled = error
    running.result()
    if cancelled is not None:
        raise cancelled
