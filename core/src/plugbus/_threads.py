"""Worker threads for sync handlers that are subscribed with `in_thread`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any

import attrs

from plugbus._envelope import MAX_DEPTH


__all__ = ("Job", "WorkerThreads", "depth")

# How many jobs wait for what is done in this context, each for the next; set by whoever wrote a job's call.
depth: ContextVar[int] = ContextVar("plugbus.worker_depth", default=0)


@attrs.define(eq=False)
class Job:
    """One call for a worker thread."""

    call: Callable[[], Any]
    threads: WorkerThreads
    future: Future[Any] = attrs.field(factory=Future)
    abandoned: bool = False


class WorkerThreads:
    """
    A bounded pool of daemon threads, started on demand.

    A thread cannot be stopped from outside. One whose caller no longer waits is abandoned: it runs on, does not count
    against the limit, and being a daemon does not keep the interpreter from ending. That is what the standard
    library's pool does not offer.

    A job may wait for jobs of its own. Those have threads of their own, as many again, so that jobs that hold all
    threads never wait for one.

    Args:
        limit: The most threads at a time, abandoned ones not counted.
        level: How deep the jobs are among jobs; threads are kept for the next job only where this is 0.
    """

    def __init__(self, limit: int, level: int = 0) -> None:
        self._limit = limit
        self._level = level
        self._deeper: WorkerThreads | None = None
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._count = 0
        self._idle = 0
        self._closing = False

    def submit(self, call: Callable[[], Any]) -> Job:
        """
        Run a call in a worker thread, at once or when one is free.

        Raises:
            RuntimeError: If the system gives no thread, and there is none to wait for.
        """
        threads = self
        for _ in range(min(depth.get(), MAX_DEPTH)):
            threads = threads._below()
        return threads._take(Job(call, threads))

    def abandon(self, job: Job) -> bool:
        """Stop waiting for a job; True if its thread runs on, False if it had not begun or has ended."""
        if job.future.cancel():
            return False
        threads = job.threads
        with threads._changed:
            if job.future.done():
                return False
            job.abandoned = True
            threads._count -= 1
            threads._grow()
        return True

    def close(self) -> None:
        """Let the threads end when they have done what is queued."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def _below(self) -> WorkerThreads:
        with self._changed:
            if self._deeper is None:
                self._deeper = WorkerThreads(self._limit, self._level + 1)
            return self._deeper

    def _take(self, job: Job) -> Job:
        with self._changed:
            self._jobs.append(job)
            self._changed.notify()
            try:
                self._grow()
            except RuntimeError:
                if not self._count:
                    self._jobs.remove(job)
                    raise
        return job

    def _grow(self) -> None:
        """Start a thread if there are more jobs than threads that are free for them."""
        if len(self._jobs) > self._idle and self._count < self._limit:
            threading.Thread(target=self._work, name="plugbus-worker", daemon=True).start()
            self._count += 1

    def _work(self) -> None:
        while (job := self._next()) is not None:
            self._run(job)
            with self._changed:
                if job.abandoned:
                    return
            del job  # nothing of it is kept while waiting for the next

    def _next(self) -> Job | None:
        with self._changed:
            self._idle += 1
            while not self._jobs and not self._closing and self._level == 0:
                self._changed.wait()
            self._idle -= 1
            if self._jobs:
                return self._jobs.popleft()
            self._count -= 1
            return None

    def _run(self, job: Job) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        try:
            value = job.call()
        except BaseException as error:  # noqa: BLE001  (whoever waits gets it)
            with self._changed:
                job.future.set_exception(error)
        else:
            with self._changed:
                job.future.set_result(value)
