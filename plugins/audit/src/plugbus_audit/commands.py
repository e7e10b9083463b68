"""`plugbus audit ...`: the trail on the command line. Only reads; no bus is started."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugbus.cli.exits import FINDINGS
from plugbus.cli.text import amount, printable
from plugbus.errors import InvalidPattern
from plugbus_audit.errors import NoTrail
from plugbus_audit.trail import Record, Trail, TrailStats


if TYPE_CHECKING:
    from rich.console import Console

__all__ = ("commands",)

# Hours that the terminal shows; `--format json` has them all.
_HOURS_SHOWN = 24
_BAR_WIDTH = 30

_form_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it."
)


def commands(path: Path) -> tuple[click.Command, ...]:
    """
    Return the commands.

    Args:
        path: The trail that they read.
    """

    @click.command()
    @click.option("-n", "limit", type=click.IntRange(min=0), default=20, show_default=True, help="How many events.")
    @click.option("--type", "pattern", default="*", metavar="PATTERN", help="Only these types, as in 'user.*'.")
    @_form_option
    def tail(limit: int, pattern: str, form: str) -> None:
        """
        Show the newest events, the oldest of them first.

        As JSON it is one CloudEvents object a line, which `plugbus publish -` reads. Exit code 1 if there is no trail.
        """
        with _opened(path) as trail:
            try:
                records = trail.tail(limit, type=pattern)
            except InvalidPattern as error:
                raise click.BadParameter(str(error), param_hint="'--type'") from error
            if form == "json":
                for record in records:
                    click.echo(_safe_json(record.text))
                return
            console = _console()
            for record in records:
                _show_record(console, record)

    @click.command()
    @_form_option
    def stats(form: str) -> None:
        """Count the events, by type and by hour (UTC). Exit code 1 if there is no trail."""
        with _opened(path) as trail:
            found = trail.stats()
        if form == "json":
            click.echo(json.dumps(_as_dict(found), indent=2))
        else:
            _show_stats(_console(), path, found)

    return tail, stats


def _opened(path: Path) -> Trail:
    try:
        return Trail(path)
    except NoTrail as error:
        click.echo(printable(str(error)), err=True)
        raise click.exceptions.Exit(FINDINGS) from None


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, emoji=False, markup=False)


def _show_record(console: Console, record: Record) -> None:
    from rich.text import Text

    if record.unencodable is not None:
        rest = Text(f"unencodable: {printable(record.unencodable)}", style="yellow")
    else:
        rest = Text(printable(json.dumps(record.data, ensure_ascii=False)))
    # Text, not markup: what is in square brackets is the event's own.
    line = Text.assemble(
        (printable(record.time or "-"), "dim"),
        "  ",
        (printable(record.type or "-"), "bold"),
        "  ",
        (printable(record.source or "-"), "dim"),
        "  ",
        rest,
    )
    console.print(line, soft_wrap=True)


def _show_stats(console: Console, path: Path, stats: TrailStats) -> None:
    from rich.text import Text

    console.print(Text(f"{amount(stats.total, 'event')} in {printable(str(path))}"), soft_wrap=True)
    if not stats.total:
        return
    console.print(Text(f"from {printable(stats.first or '-')} to {printable(stats.last or '-')}"), soft_wrap=True)
    _show_bars(console, "by type", stats.types)
    hours = dict(list(stats.hours.items())[-_HOURS_SHOWN:])
    left_out = len(stats.hours) - len(hours)
    _show_bars(console, f"by hour, the last {_HOURS_SHOWN} that had any" if left_out else "by hour", hours)


def _show_bars(console: Console, title: str, counts: Mapping[str, int]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=None, show_header=False, title_style="bold")
    table.add_column(overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    most = max(counts.values())
    block = "\N{FULL BLOCK}" if console.encoding.startswith("utf") else "#"
    for name, count in counts.items():
        bar = block * max(1, round(_BAR_WIDTH * count / most))
        table.add_row(Text(printable(name) or "-"), Text(f"{count:,}"), Text(bar, style="cyan"))
    console.print()
    console.print(table)


def _as_dict(stats: TrailStats) -> dict[str, object]:
    return {
        "total": stats.total,
        "first": stats.first,
        "last": stats.last,
        "types": dict(stats.types),
        "hours": dict(stats.hours),
    }


def _safe_json(text: str) -> str:
    """Return JSON with what would steer a terminal escaped; it stands in strings only, and means the same."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
