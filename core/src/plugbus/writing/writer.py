"""`BufferedWriter`: takes rows from any thread, and has them written by one."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, MutableSequence
from contextlib import suppress
from queue import Empty
from typing import Generic, TypeVar

from plugbus.writing import processes
from plugbus.writing.bells import Bells, until
from plugbus.writing.errors import RowNotWritten, WriterOverloaded, WriterUnusable
from plugbus.writing.guard import Guard
from plugbus.writing.outage import Outage
from plugbus.writing.room import Room
from plugbus.writing.status import WriterStatus
from plugbus.writing.store import Store
from plugbus.writing.worker import RETRY_PAUSE, Worker


__all__ = ("BufferedWriter",)

# Rows in one transaction at most: it should be short, since other processes wait for it.
_BATCH = 1000
# Seconds between attempts to open while another process is making the file.
_OPEN_PAUSE = 0.02
# How long `open` waits for other processes, a fork for a running write, and the end of the process for the disk,
# in seconds.
_OPEN_TIMEOUT = _FORK_TIMEOUT = 10.0
_EXIT_TIMEOUT = 2.0

Row = TypeVar("Row")


class BufferedWriter(Generic[Row]):
    """
    Writes rows in the background, in the order in which they came, in short batches.

    `put` may be called from any thread, before `open` and after `close`. `flush` may be called from a signal handler
    that has interrupted `put` in its own thread; so there is no lock that both need. A row leaves the buffer after its
    batch is on disk, and whoever writes holds the guard, so nothing is lost or written twice, whoever writes.

    Args:
        make_store: Makes what the rows are written into; called again in a forked child.
        name: What is written, for messages, as in "the audit trail var/audit.db".
        logger: Told when an outage begins and ends, and of what could not be written at the end; names the thread.
        rows: What to call the rows in messages.
        flush_every: Rows that are worth a write.
        flush_interval: Seconds that a row waits at most.
        buffer_size: Rows that wait at most.
        buffer_timeout: Seconds that `put` waits for room; counted from when the disk last took something. Also how
            long `wait` waits.
        wait_for_room: Whether `put` waits for room at all.
    """

    _accepted: int

    def __init__(
        self,
        make_store: Callable[[], Store[Row]],
        *,
        name: str,
        logger: logging.Logger,
        rows: str = "rows",
        flush_every: int,
        flush_interval: float,
        buffer_size: int,
        buffer_timeout: float,
        wait_for_room: bool = True,
    ) -> None:
        self._make_store = make_store
        self._name = name
        self._logger = logger
        self._rows = rows
        self._enough = min(flush_every, buffer_size)
        self._interval = flush_interval
        self._size = buffer_size
        self._timeout = buffer_timeout
        self._patience = buffer_timeout if wait_for_room else 0.0
        self._is_closed = False
        self._is_cut_off = False
        self._begin()

    def open(self) -> None:
        """
        Open the file and start the thread. May be called again after `close`.

        Raises:
            Exception: What the store raises if it cannot be opened.
            RuntimeError: If no thread can be started.
        """
        give_up = time.monotonic() + _OPEN_TIMEOUT
        while True:
            try:
                with self._guard.held():
                    self._is_store_closed = False
                    self._store.open()
                    self._adopt_tally()
                break
            except Exception as error:
                if not self._store.is_busy(error) or time.monotonic() > give_up:
                    raise
                time.sleep(_OPEN_PAUSE)
        if self._is_closed:
            self._is_closed = False
            self._worker = self._new_worker()
        self._start(self._worker)

    def put(self, row: Row) -> int:
        """
        Take a row. The thread writes it soon; where there is none (after `close`) it is written before this returns.

        Returns:
            The row's number, for `wait`.

        Raises:
            WriterOverloaded: If the buffer stays full. The row is not taken.
            WriterUnusable: If there is no thread and the row could not be written here. It stays in the buffer, for a
                later row or a flush to write.
        """
        buffer = self._buffer
        if len(buffer) >= self._size:
            self._wait_for_room()
        # A signal handler may publish right in between, so its own thread may pass; `flush` needs none of this.
        with self._order:
            self._accepted = number = self._accepted + 1
            self._tally[0] = number
            buffer.append(row)
        worker = self._worker
        if len(buffer) >= worker.wake_at:
            worker.wake()
        # Asked when the row is in the buffer: whoever ends the thread says so first and then looks into the buffer, so
        # one of the two sees the other.
        if not worker.is_running or worker.is_leaving:
            self._find_writer(worker)
        return number

    async def put_async(self, row: Row) -> int:
        """Take a row, as `put`, but wait for room without blocking the running loop."""
        while self._is_full():
            self._find_writer_if_none()
            if not await self._room.wait_async():
                raise self._overloaded()
        return self.put(row)

    def wait(self, number: int) -> None:
        """
        Wait until a row is on disk. Rows that wait at the same time share one write.

        Args:
            number: What `put` returned.

        Raises:
            RowNotWritten: If it is not after `buffer_timeout` seconds.
        """
        if not self._receipts.wait(self._is_written(number), until(time.monotonic() + self._timeout)):
            raise self._not_written()

    async def wait_async(self, number: int) -> None:
        """Wait until a row is on disk, as `wait`, without blocking the running loop."""
        if not await self._receipts.wait_async(self._is_written(number), until(time.monotonic() + self._timeout)):
            raise self._not_written()

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
        while self._buffer and not self._guard.is_interrupted:
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

    @property
    def is_full(self) -> bool:
        """Whether the next row has to wait for room."""
        return self._is_full()

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
        if not self._buffer:
            with self._guard.held(max(0.1, end - time.monotonic())) as held:
                if held:
                    self._end_store()
        if left and self._buffer:
            self._logger.error(
                "%s: %s not written: %d (%s)", self._name, self._rows, len(self._buffer), self._outage.error
            )

    def status(self) -> WriterStatus:
        """Return how the writer does."""
        return WriterStatus(len(self._buffer), self._is_full(), self._outage.error)

    def before_fork(self) -> None:
        """Wait for the end of a write and close the connection."""
        self._guard.pause(_FORK_TIMEOUT, self._close_store)

    def after_fork_in_parent(self) -> None:
        """Let the thread go on."""
        self._guard.resume()

    def after_fork_in_child(self) -> None:
        """Forget the parent's rows, which the parent writes, and its thread and connection."""
        self._is_cut_off = self._is_cut_off or not (self._guard.is_interrupted and self._is_store_closed)
        self._begin()

    def at_exit(self) -> None:
        """Close; rows that come still later are written at once."""
        self.close(_EXIT_TIMEOUT)

    def _begin(self) -> None:
        self._buffer: deque[Row] = deque()
        self._order = threading.RLock()
        self._accepted = 0
        self._written = 0
        self._room = Room(self._is_full, self._patience)
        self._receipts = Bells()
        self._guard: Guard = Guard()
        self._store: Store[Row] = self._make_store()
        self._tally: MutableSequence[int] = self._store.tally
        self._is_store_closed = True
        meanwhile = f"meanwhile up to {self._size:,} {self._rows} wait"
        self._outage = Outage(self._logger, self._name, meanwhile, self._store.is_busy)
        self._worker = self._new_worker()

    def _new_worker(self) -> Worker:
        return Worker(
            self._buffer,
            write=self._write_in_background,
            rest=self._rest,
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

    def _is_written(self, number: int) -> Callable[[], bool]:
        return lambda: self._written >= number

    def _find_writer_if_none(self) -> None:
        worker = self._worker
        if not worker.is_running or worker.is_leaving:
            self._find_writer(worker)

    def _wait_for_room(self) -> None:
        self._find_writer_if_none()
        if not self._room.wait():
            raise self._overloaded()

    def _overloaded(self) -> WriterOverloaded:
        return WriterOverloaded(
            f"{self._name} takes no more {self._rows}: {len(self._buffer):,} wait to be written, and within "
            f"{self._patience:g} s there was no room. Last error: {self._outage.error or 'none, the disk is slow'}."
        )

    def _not_written(self) -> RowNotWritten:
        return RowNotWritten(
            f"{self._name} has accepted what is not on disk after {self._timeout:g} s; it is written as soon as "
            f"possible. Last error: {self._outage.error or 'none, the disk is slow'}."
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
            with self._guard.held(timeout) as held:
                if not held:
                    raise TimeoutError(f"{self._name} is being written by somebody else")
                rows = [buffer[index] for index in range(min(left, len(buffer), _BATCH))]
                self._is_store_closed = False
                self._store.write(rows)
                self._adopt_tally()
                for _ in rows:
                    buffer.popleft()
                self._written += len(rows)
                if not self._worker.is_running:
                    self._store.rest()
                    self._close_store()
                    if not buffer:
                        self._end_store()
            left -= len(rows)
            self._room.made()
            self._receipts.ring()
        self._outage.ended()

    def _adopt_tally(self) -> None:
        # Without the lock of `put`, whose holder may be interrupted by one who waits for this thread.
        if self._tally is not self._store.tally:
            self._store.tally[0] = self._accepted
            self._tally = self._store.tally
            self._tally[0] = self._accepted

    def _rest(self) -> None:
        with self._guard.held():
            self._store.rest()

    def _leave(self) -> None:
        with self._guard.held():
            self._store.rest()
            self._close_store()

    def _end_store(self) -> None:
        with self._order:  # not in the writer's thread, see `_adopt_tally`
            self._store.end()
            self._adopt_tally()

    def _close_store(self) -> None:
        self._store.close()
        self._is_store_closed = True
