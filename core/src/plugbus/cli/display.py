"""What the user sees on stderr while something runs: lines, and on a terminal a progress bar below them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol, Self

from plugbus.cli.text import printable


if TYPE_CHECKING:
    from types import TracebackType


__all__ = ("Bar", "Display", "Lines", "display_for")


class Display(Protocol):
    """Shows lines, and how far the work has come. A context manager."""

    def line(self, text: str) -> None:
        """Show a line or several; the text is printable already."""

    def step(self, size: int, events: int) -> None:
        """Tell that so many more bytes were read, and how many events were published so far."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def display_for(name: str, size: int | None) -> Display:
    """
    Return the display that fits stderr.

    Args:
        name: What is read.
        size: Its size in bytes, None if nobody knows.
    """
    return Bar(name, size) if sys.stderr.isatty() else Lines()


class Lines:
    """Lines only: for files, pipes and logs."""

    def line(self, text: str) -> None:
        """Write the text to stderr."""
        print(text, file=sys.stderr)

    def step(self, size: int, events: int) -> None:
        """Say nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass


class Bar:
    """A progress bar that is gone at the end, with the lines above it."""

    def __init__(self, name: str, size: int | None) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            *([TaskProgressColumn()] if size is not None else []),
            TextColumn("{task.fields[events]:,} events"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            # What handlers print stands above the bar, unless it goes somewhere else.
            redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),
        )
        shown = printable(name)
        shown = shown if len(shown) <= 24 else f"...{shown[-21:]}"
        self._task = self._progress.add_task(escape(shown), total=size, events=0)

    def line(self, text: str) -> None:
        """Print the text above the bar."""
        self._console.print(text, markup=False, soft_wrap=True)

    def step(self, size: int, events: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, advance=size, events=events)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()
