"""A lock that a forked child does not inherit as somebody holds it."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet


__all__ = ("ForkLock",)


class ForkLock:
    """
    A lock; a forked child gets a new one, since a thread that held the old one is not there to release it.

    Attributes:
        held: The lock itself, for `with lock.held:`.
    """

    def __init__(self) -> None:
        self.held = threading.Lock()
        _all.add(self)


_all: WeakSet[ForkLock] = WeakSet()


def _renew() -> None:
    for lock in _all:
        lock.held = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
