"""Waiting for room in a full buffer."""

from __future__ import annotations

import time
from collections.abc import Callable

from plugbus.writing.bells import Bells


__all__ = ("Room",)


class Room:
    """
    Where publishers wait while the buffer is full.

    The wait is counted from when the buffer became full, or room was made last: while nothing is written at all, only
    the first publishers wait, and those after them are refused at once.

    Args:
        is_full: Tells whether one has to wait.
        timeout: Seconds to wait.
    """

    def __init__(self, is_full: Callable[[], bool], timeout: float) -> None:
        self._is_full = is_full
        self._timeout = timeout
        self._since: float | None = None
        self._bells = Bells()

    def wait(self) -> bool:
        """Wait in this thread until there is room, and tell whether there is."""
        return self._bells.wait(self._has_room, self._remaining(time.monotonic()))

    async def wait_async(self) -> bool:
        """Wait on the running loop until there is room, and tell whether there is."""
        return await self._bells.wait_async(self._has_room, self._remaining(time.monotonic()))

    def made(self) -> None:
        """Wake those who wait: rows have left the buffer."""
        self._since = None
        self._bells.ring()

    @property
    def waiting(self) -> int:
        """How many wait, those who have given up meanwhile included."""
        return self._bells.waiting

    def _has_room(self) -> bool:
        return not self._is_full()

    def _remaining(self, began: float) -> Callable[[], float]:
        def remaining() -> float:
            if self._since is None:
                self._since = time.monotonic()
            return min(began, self._since or began) + self._timeout - time.monotonic()

        return remaining
