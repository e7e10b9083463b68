"""`plugbus plugins`: which plugins there are."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from plugbus.cli.exits import FINDINGS, MISUSED
from plugbus.cli.session import Session
from plugbus.cli.text import printable
from plugbus.errors import ConfigurationError


if TYPE_CHECKING:
    from plugbus.plugins import PluginRecord

__all__ = ("list_plugins", "plugins")

_form_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print them."
)


@click.group(invoke_without_command=True)
@_form_option
@click.pass_context
def plugins(ctx: click.Context, form: str) -> None:
    """Look at the plugins that are installed. Without a subcommand: list them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_plugins, form=form)


@plugins.command("list")
@_form_option
@click.pass_context
def list_plugins(ctx: click.Context, form: str) -> None:
    """
    List the plugins that the configuration names, in its order, and the others that are installed.

    No plugin is imported. Exit code 1 if a plugin that is wanted cannot be used, 2 if the configuration is wrong.
    """
    session = Session.of(ctx)
    wrong: ConfigurationError | None = None
    try:
        session.configuration.check()
    except ConfigurationError as error:
        wrong = error
    if form == "json":
        print(json.dumps([_as_dict(record) for record in session.plugins], indent=2))
    else:
        _show(session.plugins)
    if wrong is not None:
        print("\n".join(printable(line) for line in str(wrong).splitlines()), file=sys.stderr)
        ctx.exit(MISUSED)
    if any(record.problems for record in session.plugins):
        ctx.exit(FINDINGS)


def _as_dict(record: PluginRecord) -> dict[str, object]:
    return {
        "name": record.name,
        "distribution": record.distribution,
        "version": record.version,
        "on": record.selected,
        "state": record.state.value,
        "required": record.required,
        "problems": [problem.summary for problem in record.problems],
    }


def _show(records: tuple[PluginRecord, ...]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    if not records:
        console.print("No plugin is installed. The first one to try: pip install plugbus-audit", highlight=False)
        return
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("plugin", "distribution", "version", "on", "state"):
        table.add_column(title, overflow="fold")
    for record in records:
        on = "yes" if record.selected else "no"
        cells = (record.name, record.distribution or "-", record.version or "-", on, record.state.value)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    console.print(table)
    for record in records:
        for problem in record.problems:
            for line in str(problem).splitlines():
                console.print(Text(printable(line)), soft_wrap=True)
