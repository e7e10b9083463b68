"""Text from outside, made fit for a terminal: names and messages come from events, files and plugins."""

from __future__ import annotations


__all__ = ("amount", "one_line", "printable", "told")

_LONGEST = 300


def printable(text: str) -> str:
    """Return the text with everything that would steer a terminal, or cannot be shown, as a Python escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


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
