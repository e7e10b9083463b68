"""`plugbus audit trace`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from plugbus.cli.exits import FINDINGS
from plugbus.cli.options import format_option
from plugbus.cli.text import amount, printable
from plugbus_audit.cli.filters import reads_trail
from plugbus_audit.cli.showing import as_text, console, safe_json
from plugbus_audit.cloudevents import as_cloudevent
from plugbus_audit.tracing import Trace
from plugbus_audit.trail import Trail


__all__ = ("trace_command",)

# Before an effect that others follow, before the last one, and before what is below one that others follow.
_UNICODE = ("├── ", "└── ", "│   ")
_ASCII = ("|-- ", "`-- ", "|   ")


def trace_command(path: Path) -> click.Command:
    """
    Return the command.

    Args:
        path: The trail that it reads.
    """

    @click.command()
    @click.argument("id", metavar="CORRELATION_ID")
    @click.option("-n", "limit", type=click.IntRange(min=1), default=10_000, show_default=True, help="How many events.")
    @format_option
    @reads_trail
    def trace(id: str, limit: int, form: str) -> None:
        """
        Show the events with a CORRELATION_ID as a tree: each below the one that caused it.

        The id of any event of the tree will do as well. As JSON it is one line for each event, in the order of the
        tree, with its depth. Exit code 1 if there is none, or no trail.
        """
        found = _trace(Trail(path), id, limit)
        if not found.roots:
            click.echo(printable(f"nothing in {path} has the correlation id {id}, and no event has that id"), err=True)
            raise click.exceptions.Exit(FINDINGS)
        if form == "json":
            for depth, record in found.walk():
                line = json.dumps({"depth": depth, "event": as_cloudevent(record)}, ensure_ascii=False)
                click.echo(safe_json(line))
        else:
            _show(found)
        if found.left_out:
            click.echo(f"{amount(found.left_out, 'event')} more; -n says how many are shown.", err=True)

    return trace


def _trace(trail: Trail, id: str, limit: int) -> Trace:
    found = trail.trace(id, limit=limit)
    if found.roots:
        return found
    ids = [record.correlation_id for record in trail.show(id) if record.correlation_id is not None]
    return trail.trace(ids[0], limit=limit) if ids else found


def _show(trace: Trace) -> None:
    from rich.text import Text

    out = console()
    fork, last, through = _UNICODE if out.encoding.startswith("utf") else _ASCII
    out.print(Text(printable(trace.correlation_id), style="bold"), soft_wrap=True)
    waiting = [("", cause, cause is trace.roots[-1]) for cause in reversed(trace.roots)]
    while waiting:
        before, cause, is_last = waiting.pop()
        out.print(Text(before + (last if is_last else fork)).append_text(as_text(cause.record)), soft_wrap=True)
        below = before + ("    " if is_last else through)
        waiting.extend((below, effect, effect is cause.effects[-1]) for effect in reversed(cause.effects))
