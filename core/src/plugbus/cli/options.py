"""Options that several commands have."""

from __future__ import annotations

import click


__all__ = ("app_option", "format_option")

app_option = click.option(
    "--app",
    metavar="MODULE:ATTR",
    help="The application's own bus, as in shop:bus; the current folder can be imported from.",
)

format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print it."
)
