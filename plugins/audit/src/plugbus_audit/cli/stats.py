"""`plugbus audit stats`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugbus.cli.options import format_option
from plugbus.cli.text import amount, printable
from plugbus_audit.cli.filters import filter_options, reads_trail
from plugbus_audit.cli.progress import progress_of
from plugbus_audit.cli.showing import console
from plugbus_audit.counting import TrailStats
from plugbus_audit.filters import Filter
from plugbus_audit.trail import Trail


if TYPE_CHECKING:
    from rich.console import Console

__all__ = ("stats_command",)

# Hours that the terminal shows; `--format json` has them all.
_HOURS_SHOWN = 24
_BAR_WIDTH = 30


def stats_command(path: Path) -> click.Command:
    """
    Return the command.

    Args:
        path: The trail that it reads.
    """

    @click.command()
    @filter_options()
    @format_option
    @reads_trail
    def stats(where: Filter, form: str) -> None:
        """Count the events, by type and by hour (UTC). Exit code 1 if there is no trail."""
        with progress_of(path) as progress:
            found = Trail(path).stats(where, progress=progress)
        if form == "json":
            click.echo(json.dumps(_as_dict(found), indent=2))
        else:
            _show_stats(console(), path, found)

    return stats


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
