"""`Store`: what a writer writes into."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from typing import Protocol, TypeVar


__all__ = ("Store",)

Row = TypeVar("Row", contravariant=True)  # noqa: PLC0105


class Store(Protocol[Row]):
    """
    What rows are written into. Whoever calls holds the writer's lock, so no two calls overlap.

    A store must not hold anything open while its process forks that a child could not share: the writer closes it
    before, and makes another one in the child.

    """

    @property
    def tally(self) -> MutableSequence[int]:
        """
        Where it is counted: the first item is set to the number of rows accepted so far, with each of them.

        A list, or a view of a mapped file that outlives the process.
        """

    def open(self) -> None:
        """
        Open it if it is closed, made if there is none.

        Raises:
            Exception: If that cannot be done, in words for the user.
        """

    def write(self, rows: Sequence[Row]) -> None:
        """
        Write rows: all of them, durably, or, with an exception, none. Opens it if need be.

        Raises:
            Exception: If they could not be written; they will come again.
        """

    def rest(self) -> None:
        """Take note that everything that was accepted is written: at a flush, and before the writer ends."""

    def close(self) -> None:
        """Close it; it may be opened again."""

    def end(self) -> None:
        """Take note that this process is done with it, in good order. Nobody sets the tally meanwhile."""

    def is_busy(self, error: BaseException | None) -> bool:
        """Tell whether an error only says that another process is writing."""
