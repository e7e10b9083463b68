"""Waiting for room in a full buffer."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue


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
        self._bells: deque[SimpleQueue[None]] = deque()

    def wait(self) -> bool:
        """Wait until there is room, and tell whether there is."""
        began = time.monotonic()
        while self._is_full():
            if self._since is None:
                self._since = time.monotonic()
            left = min(began, self._since or began) + self._timeout - time.monotonic()
            if left <= 0:
                return False
            # A bell of one's own for each wait, so that no signal handler finds it in use.
            bell: SimpleQueue[None] = SimpleQueue()
            self._bells.append(bell)
            if self._is_full():
                with suppress(Empty):
                    bell.get(timeout=left)
        return True

    def made(self) -> None:
        """Wake those who wait: rows have left the buffer."""
        self._since = None
        while self._bells:
            self._bells.popleft().put(None)

    @property
    def waiting(self) -> int:
        """How many wait, those who have given up meanwhile included."""
        return len(self._bells)
