"""The lock that keeps threads, signal handlers and forks apart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


__all__ = ("Guard",)


class Guard:
    """
    Who holds it uses the store, nobody else.

    What SQLite and file locks keep for a process must not exist while it forks: the child would inherit it and believe
    it. So a fork waits for the lock and has the store closed.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._holder: int | None = None

    @contextmanager
    def held(self, timeout: float = -1) -> Iterator[bool]:
        """
        Hold the lock.

        Args:
            timeout: Seconds to wait for it, without end if negative.

        Yields:
            Whether it is held. Not if the time is over, nor if it `is_interrupted`.
        """
        if not self._lock.acquire(timeout=timeout):
            yield False
            return
        interrupted = self.is_interrupted
        self._holder = threading.get_ident()
        try:
            yield not interrupted
        finally:
            if not interrupted:
                self._holder = None
            self._lock.release()

    @property
    def is_interrupted(self) -> bool:
        """Whether this thread is at work here already, further down its stack: a signal handler has interrupted it."""
        return self._holder == threading.get_ident()

    def pause(self, timeout: float, close: Callable[[], None]) -> None:
        """Close what is open and keep the lock until `resume`: the process is about to fork."""
        if self._lock.acquire(timeout=timeout):
            self._holder = threading.get_ident()
            close()

    def resume(self) -> None:
        """Let go of the lock after a fork, in the parent."""
        if self.is_interrupted:
            self._holder = None
            self._lock.release()
