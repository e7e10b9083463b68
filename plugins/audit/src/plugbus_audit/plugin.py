"""The plugin: its hooks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING

from plugbus.plugins import Deadline, Health, Plugin, hookimpl
from plugbus_audit.errors import TrailNotWritten
from plugbus_audit.settings import AuditSettings


if TYPE_CHECKING:
    import click

    from plugbus.handlers import EventHandler
    from plugbus.middleware import Monitor
    from plugbus.writing import BufferedWriter
    from plugbus_audit.commitments import CommitmentBook
    from plugbus_audit.records import Recorder

__all__ = ("AuditPlugin",)

_LOGGER = "plugbus.audit"
# Seconds that stopping waits for the disk.
_STOP_TIMEOUT = 5.0


class AuditPlugin(Plugin[AuditSettings]):
    """Records every event in a trail that shows whether it was changed."""

    api = 1
    after = ("guards",)

    @hookimpl
    def handlers(self) -> Iterable[EventHandler]:
        """Contribute the one handler."""
        from plugbus_audit.handler import AuditLogHandler

        yield AuditLogHandler(self._writer, self._recorder, durable=self.settings.durable)

    @hookimpl
    def monitors(self) -> Iterable[Monitor]:
        """Contribute what records outcomes, and events that did not go through."""
        from plugbus_audit.monitor import ResultMonitor

        yield ResultMonitor(self._writer, self._recorder, self.settings.record_results)

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
        """Contribute `plugbus audit ...`."""
        from plugbus_audit.cli import commands

        return commands(self.settings)

    @cached_property
    def _writer(self) -> BufferedWriter[bytes]:
        from plugbus_audit.assembly import make_writer

        return make_writer(self.settings, logging.getLogger(_LOGGER), self._book)

    @cached_property
    def _recorder(self) -> Recorder:
        from plugbus_audit.assembly import make_recorder

        return make_recorder(self.settings, self._book)

    @cached_property
    def _book(self) -> CommitmentBook | None:
        from plugbus_audit.assembly import make_book

        return make_book(self.settings)


class _Open:
    """
    Opens and closes the writer, off the loop.

    No generator: one whose loop was closed before its end would be ended wherever it is collected.
    """

    def __init__(self, writer: BufferedWriter[bytes]) -> None:
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
