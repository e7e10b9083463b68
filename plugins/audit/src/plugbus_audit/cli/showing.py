"""How records look on a terminal, and as JSON that does not steer it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from plugbus.cli.text import printable
from plugbus_audit.cloudevents import cloudevent_line
from plugbus_audit.record import Record


if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ("Printer", "as_text", "console", "print_json", "safe_json", "summary")

# What stands for the data in a record that is no event.
_OWN = {"outcome": "outcome", "opened": "process", "tombstone": "purged"}


def console() -> Console:
    """Return a console on standard output that takes text as it is."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, markup=False)


class Printer:
    """
    Prints records, one a line.

    Args:
        form: `text` or `json`.
    """

    def __init__(self, form: str) -> None:
        self._console = console() if form == "text" else None

    def show(self, record: Record) -> None:
        """Print a record."""
        if self._console is None:
            print_json(record)
            return
        line = as_text(record)
        if self._console.color_system is None:
            click.echo(line.plain)
        else:
            self._console.print(line, soft_wrap=True)


def print_json(record: Record) -> None:
    """Print a record as JSON in one line."""
    click.echo(safe_json(cloudevent_line(record).decode()))


def as_text(record: Record) -> Text:
    """Return a record as one line."""
    from rich.text import Text

    # Text, not markup: what is in square brackets is the event's own.
    parts = [
        (printable(record.time or record.recorded), "dim"),
        (printable(record.type or record.kind), "bold"),
        (printable(record.source or "-"), "dim"),
    ]
    line = Text("  ").join(Text(text, style=style) for text, style in parts)
    for text, style in summary(record):
        line.append("  ").append(text, style=style)
    return line


def summary(record: Record) -> list[tuple[str, str]]:
    """Return what is to be said of a record beside its envelope, with the style of each part."""
    parts = []
    if not record.is_event:
        own = record.members.get(_OWN.get(record.kind, ""))
        parts.append((f"{printable(record.kind)}: {_json(own)}", "red" if record.failures else "dim"))
        return parts
    if record.blocked_by is not None:
        parts.append((f"blocked by {printable(record.blocked_by)}", "yellow"))
    if record.failures:
        parts.append((f"failed in {printable(', '.join(record.failures))}", "red"))
    if record.unencodable is not None:
        parts.append((f"unencodable: {printable(record.unencodable)}", "yellow"))
    else:
        parts.append((_json(record.data), ""))
    return parts


def _json(value: Any) -> str:
    return printable(json.dumps(value, ensure_ascii=False))


def safe_json(text: str) -> str:
    """Return JSON with what would steer a terminal escaped; it stands in strings only, and means the same."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
