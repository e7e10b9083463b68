"""Moving windows in memory: exact, and bounded."""

from __future__ import annotations

from collections import OrderedDict, deque

from plugbus_guards.limits.window import Full, Window, Windows
from plugbus_guards.locking import ForkLock


__all__ = ("MAX_KEYS", "MAX_TIMES", "MemoryWindows")

# The most keys, and the most points in time of all keys together, that are remembered.
MAX_KEYS = 100_000
MAX_TIMES = 2_000_000


class MemoryWindows(Windows):
    """
    Moving windows of this process. Each taking is remembered until it is out of its window.

    Args:
        max_keys: The most keys that are remembered.
        max_times: The most points in time that are remembered.
    """

    def __init__(self, max_keys: int = MAX_KEYS, max_times: int = MAX_TIMES) -> None:
        self._max_keys = max_keys
        self._max_times = max_times
        self._lock = ForkLock()
        self._count = 0
        # By key the window's length and what was taken; who took last stands last.
        self._taken: OrderedDict[str, tuple[float, deque[float]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._taken)

    def peek(self, window: Window, now: float) -> float:
        with self._lock.held:
            return self._wait(window, now)

    def take(self, window: Window, now: float) -> float:
        with self._lock.held:
            wait = self._wait(window, now)
            if wait > 0:
                return wait
            _, times = self._taken.setdefault(window.key, (window.seconds, deque()))
            # Never before what was taken last: a clock that is set back opens no window.
            times.append(max(now, times[-1]) if times else now)
            self._count += 1
            self._taken.move_to_end(window.key)
            return 0.0

    def close(self) -> None:
        with self._lock.held:
            self._taken.clear()
            self._count = 0

    def _wait(self, window: Window, now: float) -> float:
        found = self._taken.get(window.key)
        if found is None:
            self._make_room(now)
            return 0.0
        times = found[1]
        self._forget(times, now - window.seconds)
        if len(times) < window.limit:
            if self._count >= self._max_times:
                self._make_room(now)
            return 0.0
        return max(times[-window.limit] + window.seconds - now, 0.001)

    def _forget(self, times: deque[float], before: float) -> None:
        while times and times[0] <= before:
            times.popleft()
            self._count -= 1

    def _make_room(self, now: float) -> None:
        """Forget what is out of its window, if there is no room for more."""
        if len(self._taken) < self._max_keys and self._count < self._max_times:
            return
        for key, (seconds, times) in list(self._taken.items()):
            self._forget(times, now - seconds)
            if not times:
                del self._taken[key]
        if len(self._taken) >= self._max_keys or self._count >= self._max_times:
            raise Full(f"{len(self._taken)} keys and {self._count} points in time are remembered, there is no room")
