"""What a store of moving windows does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import attrs


if TYPE_CHECKING:
    from collections.abc import Awaitable


__all__ = ("Full", "Window", "Windows")


@attrs.frozen
class Window:
    """
    A moving window.

    Args:
        key: What is counted; windows of one key are one.
        limit: How many there may be within any such stretch of time.
        seconds: How long that is.
    """

    key: str
    limit: int
    seconds: float


class Full(Exception):
    """There is no room for one more key: who is not known yet is not let in."""


class Windows(ABC):
    """A store of moving windows."""

    is_async: bool = False

    @abstractmethod
    def peek(self, window: Window, now: float) -> float | Awaitable[float]:
        """
        Return in how many seconds there is room in a window, 0 if there is now; nothing is taken.

        Args:
            window: The window.
            now: Seconds since the epoch; a store that has a clock of its own takes that.
        """

    @abstractmethod
    def take(self, window: Window, now: float) -> float | Awaitable[float]:
        """Take one, if there is room, and return 0; else return in how many seconds there is room."""

    @abstractmethod
    def close(self) -> None:
        """Close what is open."""
