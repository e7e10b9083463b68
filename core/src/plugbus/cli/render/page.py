"""A page: lines and tables on stdout, with everything from outside made fit for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from plugbus.cli.text import printable, printed, wrapped


if TYPE_CHECKING:
    from rich.console import Console

__all__ = ("Page",)


class Page:
    """Writes to stdout; without color if NO_COLOR is set or nobody looks."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console: Console = Console(highlight=False)

    def line(self, *parts: str | tuple[str, str], indent: int = 0) -> None:
        """
        Write a line; where it is too long, it goes on below its own beginning.

        Args:
            parts: Texts, or pairs of text and style.
            indent: How many columns it is set in.
        """
        from rich.text import Text

        pieces = [(part, "") if isinstance(part, str) else part for part in parts]
        text = Text.assemble(*((printable(piece), style) for piece, style in pieces), overflow="fold")
        for line in text.wrap(self._console, max(self._console.width - indent, 20)) or [text]:
            line.rstrip()
            self._console.print(Text(" " * indent).append_text(line), soft_wrap=True)

    def code(self, *parts: str | tuple[str, str]) -> None:
        """Write a line that somebody may read again as it is: however long, it stays one line."""
        from rich.text import Text

        pieces = [(part, "") if isinstance(part, str) else part for part in parts]
        self._console.print(Text.assemble(*((printable(piece), style) for piece, style in pieces)), soft_wrap=True)

    def block(self, text: str) -> None:
        """Write a text of several lines as it is, for carets that stand below something."""
        from rich.text import Text

        width = self._console.width if self._console.is_terminal else None
        for line in wrapped(printed(text), width).splitlines():
            self._console.print(Text(line), soft_wrap=True)

    def blank(self) -> None:
        """Write an empty line."""
        self._console.print()

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Write a table."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD)
        for title in titles:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        self._console.print(table)
