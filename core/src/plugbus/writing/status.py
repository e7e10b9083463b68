"""`WriterStatus`: how a writer does."""

from __future__ import annotations

import attrs


__all__ = ("WriterStatus",)


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
