"""What happens to writers when their process forks or ends."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Protocol
from weakref import WeakValueDictionary


__all__ = ("Resident", "watch")


class Resident(Protocol):
    """Somebody with a thread and a file in this process."""

    def before_fork(self) -> None:
        """Come to rest; in the thread that forks."""

    def after_fork_in_parent(self) -> None:
        """Go on; in the same thread."""

    def after_fork_in_child(self) -> None:
        """Begin anew, without the threads and files of the parent; in the same thread."""

    def at_exit(self) -> None:
        """Close: the thread is about to be stopped wherever it is."""


_watched: WeakValueDictionary[int, Resident] = WeakValueDictionary()
# Processes of multiprocessing that have been told; a set, since a forked child inherits it.
_told: set[int] = set()


def watch(resident: Resident) -> None:
    """Tell somebody of forks and of the end of this process, as long as he lives."""
    _watched[id(resident)] = resident
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None and os.getpid() not in _told:
        # Such a process ends with os._exit, past atexit, but calls finalizers of its own; this one last, after
        # everything that may still want to write.
        from multiprocessing.util import Finalize

        _told.add(os.getpid())
        Finalize(None, _at_exit, exitpriority=-100)


def _alive() -> list[Resident]:
    return [found for reference in _watched.valuerefs() if (found := reference()) is not None]


def _before_fork() -> None:
    for resident in _alive():
        resident.before_fork()


def _after_fork_in_parent() -> None:
    for resident in _alive():
        resident.after_fork_in_parent()


def _after_fork_in_child() -> None:
    for resident in _alive():
        resident.after_fork_in_child()


def _at_exit() -> None:
    for resident in _alive():
        resident.at_exit()


# Registered with the import, before any bus is started, and so called after the buses have done what is left to do.
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
