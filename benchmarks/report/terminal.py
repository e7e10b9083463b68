"""The tables on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from harness.outcome import OWN, Figure, Row, Table
from harness.run import Run
from report.numbers import amount, ratio


COLORS = {"aim": "green", "at most": "yellow", "missed": "bold red", None: "default"}
HEADINGS = ("", "contender", "unit", "least", "median", "ratio", "at most", "aim", "reached")


def show(table: Table, console: Console) -> None:
    """Print one case: for each variant a line for each contender."""
    title = f"[bold]{escape(table.title)}[/]  [dim]{table.name}\n1.00 = {escape(table.baseline)}"
    grid = Grid(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="")
    for heading in HEADINGS:
        grid.add_column(
            heading, justify="right" if heading in {"least", "median", "ratio", "at most", "aim"} else "left"
        )
    for row in table.rows:
        if row.baseline is not None:
            grid.add_row("", "baseline", row.unit, *_amounts(row.baseline), "1.00", style="dim")
        for name, figure in row.ranked():
            limits, verdict = row.limits.get(name), row.verdict(name)
            wanted = (f"{limits.at_most:g}", f"{limits.aim:g}", verdict) if limits is not None else ()
            value = f"[{COLORS[verdict]}]{ratio(figure.value)}"
            grid.add_row(row.label, name, row.unit, *_amounts(figure), value, *wanted)
        grid.add_section()
    console.print(grid)
    _say_who_cannot(table.rows, console)


def _amounts(figure: Figure) -> list[str]:
    return [amount(figure.least), amount(figure.median)]


def _say_who_cannot(rows: list[Row], console: Console) -> None:
    reasons = {peer: reason for row in rows for peer, reason in row.cannot.items()}
    for peer, reason in sorted(reasons.items()):
        console.print(f"  [dim]{peer}: {escape(reason)}")


def summarize(run: Run, console: Console) -> None:
    """Print what each limit came to, who was faster, and who could not take part."""
    rows = [(table, row, name) for table in run.tables for row in table.rows for name in row.limits]
    verdicts = [row.verdict(name) for _, row, name in rows]
    console.print(
        f"[bold]Python {run.python}, {run.rounds} rounds: of {len(rows)} figures "
        f"{verdicts.count('aim')} reach their aim, {verdicts.count('at most')} are within what is at most, "
        f"[red]{verdicts.count('missed')} are missed"
    )
    for table in run.tables:
        for row in table.rows:
            own = row.figures.get(OWN)
            for peer in run.faster(row, own.value) if own is not None and row.baseline is not None else ():
                lacks = ", ".join(peer.lacks) or "nothing"
                console.print(f"  ahead of plugbus: {table.name}, {row.label}: {peer.name} (lacks: {lacks})")
    for name, reason in run.absent.items():
        console.print(f"  [dim]{name} {escape(reason)}")
