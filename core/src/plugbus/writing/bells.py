"""Waiting for something that another thread does, in a thread or on a loop."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue


__all__ = ("Bells", "until")

# Seconds that are left for one who waits; 0 when time is up.
_Remaining = Callable[[], float]

_Waiter = SimpleQueue[None] | asyncio.Future[None]


class Bells:
    """
    Where threads and tasks wait until a condition holds; `ring` makes all of them look again.

    Each wait has a bell of its own, so that no signal handler finds one in use, and the ringing thread takes no lock
    that one who waits could hold.
    """

    def __init__(self) -> None:
        self._waiters: deque[_Waiter] = deque()

    def wait(self, condition: Callable[[], bool], remaining: _Remaining) -> bool:
        """Wait in this thread until the condition holds, and tell whether it does."""
        while not condition():
            left = remaining()
            if left <= 0:
                return False
            bell: SimpleQueue[None] = SimpleQueue()
            self._waiters.append(bell)
            if not condition():
                with suppress(Empty):
                    bell.get(timeout=left)
        return True

    async def wait_async(self, condition: Callable[[], bool], remaining: _Remaining) -> bool:
        """Wait on the running loop, without blocking it, until the condition holds, and tell whether it does."""
        loop = asyncio.get_running_loop()
        while not condition():
            left = remaining()
            if left <= 0:
                return False
            bell = loop.create_future()
            self._waiters.append(bell)
            if not condition():
                await asyncio.wait([bell], timeout=left)
        return True

    def ring(self) -> None:
        """Let all who wait look again."""
        loops: defaultdict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = defaultdict(list)
        for _ in range(len(self._waiters)):
            waiter = self._waiters.popleft()
            if isinstance(waiter, SimpleQueue):
                waiter.put(None)
            else:
                loops[waiter.get_loop()].append(waiter)
        for loop, futures in loops.items():
            with suppress(RuntimeError):  # it is closed, and nobody waits there any more
                loop.call_soon_threadsafe(_wake, futures)

    @property
    def waiting(self) -> int:
        """How many wait, those who have given up meanwhile included."""
        return len(self._waiters)


def _wake(futures: Iterable[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def until(end: float) -> _Remaining:
    """Return what tells how many seconds are left until a reading of the monotonic clock."""
    return lambda: end - time.monotonic()
