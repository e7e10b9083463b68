"""Text from outside, made fit for a terminal: names and messages come from events, files and plugins."""

from __future__ import annotations

import textwrap


__all__ = ("amount", "one_line", "printable", "printed", "told", "wrapped")

_LONGEST = 300


def printable(text: str) -> str:
    """Return the text with everything that would steer a terminal, or cannot be shown, as a Python escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def printed(text: str) -> str:
    """Return a text of several lines with each made printable."""
    return "\n".join(printable(line) for line in text.splitlines())


def wrapped(text: str, width: int | None) -> str:
    """
    Return a report with its sentences wrapped, and what stands above a caret as it is.

    Args:
        text: The report.
        width: Columns that there are; None for any number.
    """
    if width is None:
        return text
    return "\n".join(part for line in text.splitlines() for part in _parts(line, width))


def _parts(line: str, width: int) -> list[str]:
    # A sentence is set in by two columns, an excerpt by more.
    if len(line) <= width or not line.startswith("  ") or line[2:3].isspace():
        return [line]
    return textwrap.wrap(
        line[2:],
        max(width, 40),
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def one_line(text: str) -> str:
    """Return the text as one printable line of at most 300 characters."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."


def amount(count: int, what: str) -> str:
    """Return "1 line", "2 lines"."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def told(error: BaseException) -> str:
    """Return an exception's class and message, and below a group's those of its members."""
    if isinstance(error, BaseExceptionGroup):
        members = [line for member in error.exceptions for line in told(member).splitlines()]
        return "\n  ".join([f"{error.message}:", *members])
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
