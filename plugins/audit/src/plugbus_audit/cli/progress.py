"""How far a command has come: the progress bar of `plugbus publish`, moved by a search."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from plugbus.cli.display import Display, display_for
from plugbus_audit.selection import Progress


__all__ = ("WHOLE", "progress_of", "records_of", "stepping")

WHOLE = 1_000


@contextmanager
def progress_of(path: Path) -> Iterator[Progress]:
    """Show a bar on standard error, if that is a terminal, and yield what moves it."""
    # The size of the work is known when it has begun; the bar counts in thousandths of it.
    with display_for(path.name, WHOLE) as display:
        yield stepping(display)


@contextmanager
def records_of(path: Path) -> Iterator[Callable[[int, int], None]]:
    """Show the same for what counts each record that it has done, and yield what takes their number and that of all."""
    with progress_of(path) as step:
        yield lambda done, total: step(done, total, done)


def stepping(display: Display) -> Progress:
    """Return what moves a display whose size is 1,000."""
    shown = 0

    def step(done: int, total: int, found: int) -> None:
        nonlocal shown
        place = WHOLE * done // total if total else WHOLE
        display.step(place - shown, found)
        shown = place

    return step
