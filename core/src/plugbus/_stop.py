"""How a bus stops: it drains, flushes its plugins, leaves them, and ends what it had made."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any

from plugbus._plan import is_plan
from plugbus.logger import logger


if TYPE_CHECKING:
    from plugbus._engine import Engine

__all__ = ("Stop",)

_POLL_SECONDS = 0.005
# What plugins get to stop, when draining has used up all the time.
_LEAST_SECONDS = 1.0


class Stop:
    """
    One stop of a bus.

    Args:
        engine: What runs the bus.
        timeout: Seconds for all of it.
        announce: Publishes that the service shuts down.
        flush: Has the plugins write what they hold, within so many seconds; returns what failed.
    """

    def __init__(
        self,
        engine: Engine,
        timeout: float,
        announce: Callable[[], Awaitable[Any]],
        flush: Callable[[float], list[Exception]],
    ) -> None:
        self._engine = engine
        self._timeout = timeout
        self._deadline = monotonic() + timeout
        self._announce = announce
        self._flush = flush

    async def run(self) -> None:
        """
        Stop; even if this is cancelled while it drains, the plugins are flushed and left.

        Raises:
            ExceptionGroup: Of what plugins raised while they were left.
        """
        errors: list[Exception] = []
        try:
            try:
                await self._wind_down()
            finally:
                errors = await self._leave_plugins()
        finally:
            threads, loop, readers = self._engine.detach()
            for reader in readers:
                reader.close()
            if threads is not None:
                threads.close()
            if loop is not None:
                await loop.close(self._seconds_left())
        if errors:
            raise ExceptionGroup("plugins failed to stop", errors)

    def _seconds_left(self) -> float:
        return max(self._deadline - monotonic(), _LEAST_SECONDS)

    async def _wind_down(self) -> None:
        """Say that the end is near, and wait for what is still running."""
        try:
            async with asyncio.timeout(self._timeout):
                if self._engine.is_starting:
                    with suppress(Exception):  # whoever starts the bus hears of it
                        await self._engine.ready()
                if self._engine.close_doors():
                    await self._tell()
                    await self._drained()
        except TimeoutError:
            await self._cut_off()

    async def _tell(self) -> None:
        try:
            with self._engine.tending():
                await self._announce()
        except Exception:  # noqa: BLE001  (the end comes all the same)
            logger.exception("service.shutdown could not be published")

    async def _drained(self) -> None:
        # A handler that stops its own bus does not wait for itself.
        own = max(_publishes_here(), 1 if self._engine.in_handler() else 0)
        while True:
            if (pending := self._engine._pending) is not None:
                await pending.settle()
            if self._engine.underway.count() <= own:
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def _cut_off(self) -> None:
        pending = self._engine._pending
        cut = pending.cut_off() if pending is not None else []
        if not cut and not self._engine.underway.count():
            return  # a plugin has used up the time
        logger.error(
            "stop() ran out of time: %d publish_soon cut off (%s), %d publishes still waiting for handlers",
            len(cut), ", ".join(sorted({handle.event_type for handle in cut})) or "none", self._engine.underway.count(),
        )  # fmt: skip
        if pending is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LEAST_SECONDS):
                    await pending.settle()

    async def _leave_plugins(self) -> list[Exception]:
        if not self._engine.is_open:
            return []
        errors = self._flush(self._seconds_left())
        lifespans = self._engine.lifespans
        return errors + (await lifespans.leave(self._seconds_left()) if lifespans is not None else [])


def _publishes_here() -> int:
    """Return in the middle of how many publishes this is called: one, or several inside each other."""
    frame: FrameType | None = sys._getframe()
    count = 0
    while frame is not None:
        count += is_plan(frame.f_code)
        frame = frame.f_back
    return count
