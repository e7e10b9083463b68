"""The thread that writes, and how it is woken."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any


__all__ = ("RETRY_PAUSE", "Worker")

# Seconds between attempts while the disk fails.
RETRY_PAUSE = 0.25

_NEVER = sys.maxsize
_STOP = object()


class Worker:
    """
    One thread that writes what is in a buffer: when enough is there, when the interval is over, when asked.

    It is woken through a `SimpleQueue`, whose `put` may interrupt itself: publishers and signal handlers call it at any
    point. With a lock, condition or event a signal handler could wait for what its own thread holds.

    Args:
        buffer: What the publishers append to; only `write` takes from it.
        write: Writes up to so many rows of the buffer and tells whether all of them are on disk.
        rest: Called when all that was there is written and somebody has asked for it.
        leave: Called as the last thing in the thread.
        enough: How many rows are worth a write.
        interval: Seconds that a row waits at most.
        name: The thread's name.
    """

    def __init__(
        self,
        buffer: deque[Any],
        *,
        write: Callable[[int], bool],
        rest: Callable[[], None],
        leave: Callable[[], None],
        enough: int,
        interval: float,
        name: str,
    ) -> None:
        # The length of the buffer from which on a publisher calls `wake`. Only the thread changes it: a publisher that
        # did could overwrite what the thread has set meanwhile, and nobody would wake it again.
        self.wake_at = 1
        self.is_running = False
        # Set before the thread is told to end; from then on it may not see what is put into the buffer.
        self.is_leaving = False
        self.has_ended = False
        self._buffer = buffer
        self._write = write
        self._rest = rest
        self._leave = leave
        self._enough = enough
        self._interval = interval
        self._name = name
        self._signals: SimpleQueue[Any] = SimpleQueue()
        self._claims = count()
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._asked: list[SimpleQueue[None]] = []
        self._stopping = False

    def claim(self) -> bool:
        """Tell one caller, and no other, that it is the one to call `start`."""
        return next(self._claims) == 0

    def start(self) -> None:
        """
        Start the thread.

        Raises:
            RuntimeError: If the system or the interpreter starts no more threads.
        """
        Thread(target=self._run, name=self._name, daemon=True).start()

    def wake(self) -> None:
        """Let the thread look at the buffer."""
        self._signals.put(None)

    def ask(self) -> SimpleQueue[None]:
        """Demand a write of all that is there now. Something is put into the returned queue when it is done."""
        reply: SimpleQueue[None] = SimpleQueue()
        self._signals.put(reply)
        return reply

    def stop(self, timeout: float) -> None:
        """Let the thread write once more and end; wait for that so many seconds."""
        self.is_leaving = True
        self._signals.put(_STOP)
        if self.claim():
            self.wake_at = _NEVER  # it was never started, and never will be
            return
        with suppress(Empty):
            self._ended.put(self._ended.get(timeout=timeout))  # put back, for whoever waits too

    def _run(self) -> None:
        self.is_running = True
        try:
            wrote = True
            while not self._stopping:
                self._wait(failing=not wrote)
                wrote = self._write(len(self._buffer))
                if wrote and self._asked:
                    self._rest()
                    self._reply()
        finally:
            self.has_ended = True
            self.is_running = False
            self.wake_at = _NEVER
            self._leave()
            self._ended.put(None)

    def _wait(self, *, failing: bool) -> None:
        if failing:
            self._receive(RETRY_PAUSE)
            return
        self.wake_at = 1
        if not self._buffer:
            self._receive(None)
        self.wake_at = self._enough
        due = time.monotonic() + self._interval
        while not (self._asked or self._stopping or len(self._buffer) >= self._enough):
            left = due - time.monotonic()
            if left <= 0:
                break
            self._receive(left)
        self.wake_at = _NEVER

    def _receive(self, timeout: float | None) -> None:
        with suppress(Empty):
            signal = self._signals.get(timeout=timeout)
            while True:
                if signal is _STOP:
                    self._stopping = True
                elif signal is not None:
                    self._asked.append(signal)
                signal = self._signals.get_nowait()

    def _reply(self) -> None:
        for reply in self._asked:
            reply.put(None)
        self._asked.clear()
