"""How many publishes are waiting for something, at no cost for those who wait."""

from __future__ import annotations

import sys


__all__ = ("Underway",)


class Underway:
    """
    Counts the publishes of a bus that are waiting for their handlers.

    Each of them holds `mark` in a local variable as long as it takes. How many do is the number of references to it, so
    there is nothing to count on the way of an event, and nothing for threads to agree on.
    """

    def __init__(self) -> None:
        self.mark = object()
        self._idle = self._references()

    def count(self) -> int:
        """Return how many publishes are under way."""
        return self._references() - self._idle

    def _references(self) -> int:
        return sys.getrefcount(self.mark)
