"""When the program ends or forks: buses are flushed at exit and on SIGTERM, and begin anew in a forked child."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from time import monotonic
from types import FrameType
from typing import Protocol
from weakref import WeakSet


__all__ = ("Mortal", "on_fork", "unwatch", "watch")

SIGTERM_SECONDS = 5.0
EXIT_SECONDS = 10.0


class Mortal(Protocol):
    """What a bus does when its program ends or forks."""

    def flush(self, seconds: float) -> None:
        """Have the plugins write what they hold, without taking a lock or starting a thread."""

    def _finish(self, seconds: float) -> None:
        """Wait for what is pending, then flush."""

    def _renew(self) -> None:
        """Drop what a forked child does not have: threads, loop, connections."""


# One that has plugins is kept: although it may be nobody's any more, there is a trail to write.
_kept: dict[int, Mortal] = {}
_started: WeakSet[Mortal] = WeakSet()
_all: WeakSet[Mortal] = WeakSet()


def watch(bus: Mortal, *, keep: bool, handle_sigterm: bool) -> None:
    """
    Take care of a bus that has been started.

    Args:
        bus: The bus.
        keep: Keep it alive until it is stopped.
        handle_sigterm: Flush it when the process is told to end.
    """
    if not _started:
        atexit.unregister(_at_exit)
        atexit.register(_at_exit)
    _started.add(bus)
    if keep:
        _kept[id(bus)] = bus
    if _in_multiprocessing_child():
        # Such a child ends with os._exit: atexit does not run, these finalizers do.
        from multiprocessing.util import Finalize

        Finalize(None, _at_exit, exitpriority=1)
    if (
        handle_sigterm
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    ):
        signal.signal(signal.SIGTERM, _on_sigterm)


def unwatch(bus: Mortal) -> None:
    """Forget a bus that has been stopped; with the last one the SIGTERM handler goes too."""
    _started.discard(bus)
    _kept.pop(id(bus), None)
    if (
        not _kept
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGTERM) is _on_sigterm
    ):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def on_fork(bus: Mortal) -> None:
    """Have `renew` called in forked children, as long as the bus lives."""
    _all.add(bus)


def _in_multiprocessing_child() -> bool:
    process = sys.modules.get("multiprocessing.process")
    return process is not None and process.parent_process() is not None


def _at_exit() -> None:
    for bus in _alive():
        bus._finish(EXIT_SECONDS)


def _alive() -> list[Mortal]:
    while True:
        try:
            return list(_started)
        except RuntimeError:  # another thread has started a bus meanwhile
            continue


def _on_sigterm(number: int, _: FrameType | None) -> None:
    # Runs between any two bytecodes of the main thread, possibly inside a `with lock` of ours: takes none.
    deadline = monotonic() + SIGTERM_SECONDS
    for bus in list(_kept.values()):
        bus.flush(max(deadline - monotonic(), 0.0))
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _after_fork() -> None:
    _started.clear()
    _kept.clear()
    for bus in list(_all):
        bus._renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
