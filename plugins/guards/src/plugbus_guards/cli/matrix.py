"""`plugbus guards matrix`."""

from __future__ import annotations

import asyncio
import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

import plugbus.catalog  # noqa: F401  (its types are among those that are known)
from plugbus.cli.answers import print_json
from plugbus.cli.options import app_option
from plugbus.cli.render.page import Page
from plugbus.cli.text import printable
from plugbus.events import EventType, known_event_types
from plugbus_guards.cli.check import described
from plugbus_guards.cli.opened import opened
from plugbus_guards.matrix import Cell, Somebody, somebodies
from plugbus_guards.rule import Rule


if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ("matrix_command",)


@click.command("matrix")
@click.option(
    "--as", "files", metavar="FILE", multiple=True, help="A principal of yours as a further column; may be repeated."
)
@click.option(
    "--type", "types", multiple=True, help="A type of events; may be repeated. By default all that are known."
)
@app_option
@click.option("--format", "form", type=click.Choice(["text", "csv", "json"]), default="text", help="How to print it.")
@click.pass_context
def matrix_command(
    ctx: click.Context, *, files: tuple[str, ...], types: tuple[str, ...], app: str | None, form: str
) -> None:
    """
    Show who may publish what: allow, deny, or the guards that it depends on.

    The columns are nobody, somebody of whom nothing is known, somebody with each role that the rules name, and the
    principals of --as, whose claims are all that is known of them. Nothing is used up.
    """
    with opened(ctx, app, form) as (_, guards):
        columns = somebodies(guards.rules)
        columns += [Somebody(Path(file).stem, described(file)) for file in files]
        rows = types or sorted({*known_event_types(), *EventType, *_exact(guards.rules)})
        cells = asyncio.run(guards.matrix(rows, columns))
    titles = [column.title for column in columns]
    if form == "json":
        print_json(
            {
                row: {title: _as_json(cell) for title, cell in zip(titles, line, strict=True)}
                for row, line in zip(rows, cells, strict=True)
            }
        )
    elif form == "csv":
        click.echo(_csv(titles, rows, cells), nl=False)
    else:
        Page().table(("event", *titles), [(row, *map(str, line)) for row, line in zip(rows, cells, strict=True)])


def _exact(rules: Sequence[Rule]) -> set[str]:
    """Return the types that rules name exactly; nobody need define them."""
    patterns = (pattern.text for rule in rules for pattern in rule.patterns)
    return {text for text in patterns if "*" not in text}


def _as_json(cell: Cell) -> object:
    return {"answer": cell.answer, "depends": list(cell.depends)}


def _csv(titles: Sequence[str], rows: Sequence[str], cells: Sequence[Sequence[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("event", *titles))
    for row, line in zip(rows, cells, strict=True):
        writer.writerow([_safe(printable(one)) for one in (row, *map(str, line))])
    return text.getvalue()


def _safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
