"""`SqliteWriter`: takes rows from any thread, and has them written by one."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import Generic, TypeVar

import attrs

from plugbus.errors import BusOverloaded, PlugbusError
from plugbus_audit.sqlite import processes
from plugbus_audit.sqlite.database import Database, Table, is_busy
from plugbus_audit.sqlite.outage import Outage
from plugbus_audit.sqlite.room import Room
from plugbus_audit.sqlite.worker import RETRY_PAUSE, Worker


__all__ = ("SqliteWriter", "WriterOverloaded", "WriterStatus", "WriterUnusable")

# Rows in one transaction at most: it should be short, since other processes wait for it.
_BATCH = 1000
# Seconds between attempts to open while another process is making the file.
_OPEN_PAUSE = 0.02
# How long `open` waits for other processes, a fork for a running write, and the end of the process for the disk,
# in seconds.
_OPEN_TIMEOUT = _FORK_TIMEOUT = 10.0
_EXIT_TIMEOUT = 2.0

Row = TypeVar("Row")


class WriterOverloaded(BusOverloaded):
    """Rows come faster than the disk takes them, or it takes none, and the buffer is full."""


class WriterUnusable(PlugbusError, RuntimeError):
    """Rows can neither be written nor buffered in this process."""


@attrs.frozen
class WriterStatus:
    """
    How a writer does.

    Args:
        waiting: Rows in the buffer.
        is_full: Whether publishers have to wait for room.
        error: Why the last attempt to write failed, None if it did not.
    """

    waiting: int
    is_full: bool
    error: Exception | None


class SqliteWriter(Generic[Row]):
    """
    Writes rows in the background, in the order in which they came, in short transactions.

    `put` may be called from any thread, before `open` and after `close`. `flush` may be called from a signal handler
    that has interrupted `put` in its own thread; so there is no lock that both need. A row leaves the buffer after its
    transaction is committed, and whoever writes holds the database's lock, so nothing is lost or written twice, whoever
    writes.

    Args:
        table: Where the rows go.
        name: What is written, for messages, as in "the audit trail var/audit.db".
        logger: Told when an outage begins and ends, and of what could not be written at the end; names the thread.
        rows: What to call the rows in messages.
        flush_every: Rows that are worth a write.
        flush_interval: Seconds that a row waits at most.
        buffer_size: Rows that wait at most.
        buffer_timeout: Seconds that `put` waits for room; counted from when the disk last took something.
    """

    def __init__(
        self,
        table: Table[Row],
        *,
        name: str,
        logger: logging.Logger,
        rows: str = "rows",
        flush_every: int,
        flush_interval: float,
        buffer_size: int,
        buffer_timeout: float,
    ) -> None:
        self._table = table
        self._name = name
        self._logger = logger
        self._rows = rows
        self._enough = min(flush_every, buffer_size)
        self._interval = flush_interval
        self._size = buffer_size
        self._timeout = buffer_timeout
        self._is_closed = False
        self._is_cut_off = False
        self._begin()

    def open(self) -> None:
        """
        Open the file and start the thread. May be called again after `close`.

        Raises:
            Exception: What the table raises if the file cannot be opened.
            RuntimeError: If no thread can be started.
        """
        give_up = time.monotonic() + _OPEN_TIMEOUT
        while True:
            try:
                with self._database.held():
                    self._database.open()
                break
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > give_up:
                    raise
                time.sleep(_OPEN_PAUSE)
        if self._is_closed:
            self._is_closed = False
            self._worker = self._new_worker()
        self._start(self._worker)

    def put(self, row: Row) -> None:
        """
        Take a row. The thread writes it soon; where there is none (after `close`) it is written before this returns.

        Raises:
            WriterOverloaded: If the buffer stays full. The row is not taken.
            WriterUnusable: If there is no thread and the row could not be written here. It stays in the buffer, for a
                later row or a flush to write.
        """
        buffer = self._buffer
        if len(buffer) >= self._size:
            self._wait_for_room()
        buffer.append(row)
        worker = self._worker
        if len(buffer) >= worker.wake_at:
            worker.wake()
        # Asked when the row is in the buffer: whoever ends the thread says so first and then looks into the buffer, so
        # one of the two sees the other.
        if not worker.is_running or worker.is_leaving:
            self._find_writer(worker)

    def flush(self, remaining: Callable[[], float]) -> int:
        """
        Write what is in the buffer: by the thread if it runs, else here.

        It starts no thread, and waits for no lock that the code below a signal handler could hold. If that code is
        itself in the middle of a write, as after `close`, nothing is done.

        Args:
            remaining: Tells how many seconds are left.

        Returns:
            The number of rows that are still not written.
        """
        reply = None
        while self._buffer and not self._database.is_interrupted:
            worker = self._worker
            if worker.is_running:
                reply = reply or worker.ask()
                # In short steps: the thread may be at its end and not see the question.
                with suppress(Empty):
                    reply.get(timeout=min(remaining(), 0.05))
                    return 0
            elif not self._attempt(remaining()):
                time.sleep(min(remaining(), RETRY_PAUSE))
            if remaining() <= 0:
                break
        return len(self._buffer)

    def close(self, timeout: float) -> None:
        """
        Write what is there and end the thread. What cannot be written in time is reported in the log.

        Args:
            timeout: Seconds that this may take.
        """
        end = time.monotonic() + timeout
        self._is_closed = True
        self._worker.is_leaving = True
        left = self.flush(lambda: max(0.0, end - time.monotonic()))
        self._worker.stop(max(0.1, end - time.monotonic()))
        if left and self._buffer:
            self._logger.error(
                "%s: %s not written: %d (%s)", self._name, self._rows, len(self._buffer), self._outage.error
            )

    def status(self) -> WriterStatus:
        """Return how the writer does."""
        return WriterStatus(len(self._buffer), self._is_full(), self._outage.error)

    def before_fork(self) -> None:
        """Wait for the end of a write and close the connection."""
        self._database.pause(_FORK_TIMEOUT)

    def after_fork_in_parent(self) -> None:
        """Let the thread go on."""
        self._database.resume()

    def after_fork_in_child(self) -> None:
        """Forget the parent's rows, which the parent writes, and its thread and connection."""
        self._is_cut_off = self._is_cut_off or not self._database.is_paused
        self._begin()

    def at_exit(self) -> None:
        """Close; rows that come still later are written at once."""
        self.close(_EXIT_TIMEOUT)

    def _begin(self) -> None:
        self._buffer: deque[Row] = deque()
        self._room = Room(self._is_full, self._timeout)
        self._outage = Outage(self._logger, self._name, f"meanwhile up to {self._size:,} {self._rows} wait")
        self._database = Database(self._table, self._logger)
        self._worker = self._new_worker()

    def _new_worker(self) -> Worker:
        return Worker(
            self._buffer,
            write=self._write_in_background,
            leave=self._leave,
            enough=self._enough,
            interval=self._interval,
            name=f"{self._logger.name}.writer",
        )

    def _start(self, worker: Worker) -> None:
        if worker.claim():
            processes.watch(self)
            try:
                worker.start()
            except RuntimeError:
                self._worker = self._new_worker()  # so that a later row tries again
                raise

    def _find_writer(self, worker: Worker) -> None:
        if self._is_cut_off:
            self._buffer.clear()
            raise WriterUnusable(
                f"{self._name} cannot be written in this process: it was forked while a write hung for "
                f"{_FORK_TIMEOUT:g} s. Start it with 'spawn', or before the first event."
            )
        if not (self._is_closed or worker.has_ended):
            with suppress(RuntimeError):
                self._start(worker)
                return
        try:
            self._write(self._timeout)
        except Exception as error:
            raise WriterUnusable(f"{self._name} could not be written: {error}") from error

    def _is_full(self) -> bool:
        return len(self._buffer) >= self._size

    def _wait_for_room(self) -> None:
        worker = self._worker
        if not worker.is_running or worker.is_leaving:
            self._find_writer(worker)
        if not self._room.wait():
            raise WriterOverloaded(
                f"{self._name} takes no more {self._rows}: {len(self._buffer):,} wait to be written, and within "
                f"{self._timeout:g} s there was no room. Last error: {self._outage.error or 'none, the disk is slow'}."
            )

    def _attempt(self, timeout: float) -> bool:
        try:
            self._write(timeout)
        except Exception as error:  # noqa: BLE001  (kept for whoever asks)
            self._outage.failed(error)
            return False
        return True

    def _write_in_background(self, count: int) -> bool:
        try:
            self._write(count=count)
        except Exception as error:  # noqa: BLE001  (the thread must live; it is logged)
            self._outage.failed(error)
            self._outage.tell()
            return False
        return True

    def _write(self, timeout: float = -1, *, count: int | None = None) -> None:
        """Write the first rows of the buffer, all if no count is given; wait so many seconds for others who write."""
        buffer = self._buffer
        left = len(buffer) if count is None else count
        while left > 0 and buffer:
            with self._database.held(timeout) as held:
                if not held:
                    raise TimeoutError(f"{self._name} is being written by somebody else")
                rows = [buffer[index] for index in range(min(left, len(buffer), _BATCH))]
                self._database.write(rows)
                for _ in rows:
                    buffer.popleft()
                if not self._worker.is_running:
                    self._database.close()
            left -= len(rows)
            self._room.made()
        self._outage.ended()

    def _leave(self) -> None:
        with self._database.held():
            self._database.close()
