"""`plugbus audit tail`, `search` and `show`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import click

from plugbus.cli.exits import FINDINGS
from plugbus.cli.options import format_option
from plugbus.cli.text import printable
from plugbus_audit.cli.filters import filter_options, reads_trail
from plugbus_audit.cli.progress import progress_of
from plugbus_audit.cli.showing import Printer, safe_json
from plugbus_audit.filters import Filter
from plugbus_audit.record import EVENTS, KINDS, Record
from plugbus_audit.trail import Trail


__all__ = ("looking_commands",)

# What is told of an event that was followed comes later, as a record of its own.
_FOLLOWED = (*EVENTS, "outcome")


def looking_commands(path: Path) -> tuple[click.Command, ...]:
    """
    Return the commands.

    Args:
        path: The trail that they read.
    """

    @click.command()
    @click.option("-n", "limit", type=click.IntRange(min=0), default=20, show_default=True, help="How many events.")
    @click.option("-f", "--follow", is_flag=True, help="Go on with what is written, until Ctrl-C.")
    @filter_options()
    @format_option
    @reads_trail
    def tail(limit: int, follow: bool, where: Filter, form: str) -> None:
        """
        Show the newest events, the oldest of them first.

        As JSON it is one CloudEvents object a line, which `plugbus publish -` reads. With --follow an event is shown as
        soon as it is written, and what became of it in a line of its own. Exit code 1 if there is no trail.
        """
        _tail(Trail(path), limit, where, Printer(form), follow=follow)

    @click.command()
    @click.option("-n", "limit", type=click.IntRange(min=0), help="How many at most: the newest.")
    @filter_options(KINDS)
    @format_option
    @reads_trail
    def search(limit: int | None, where: Filter, form: str) -> None:
        """
        Show the records that all options hold for, in the order of the trail.

        As JSON it is one CloudEvents object a line, which `plugbus publish -` reads; records that are no events are
        given as they are in the trail. Exit code 1 if nothing is found, or there is no trail.
        """
        printer = Printer(form)
        found = 0
        with (
            progress_of(path) as progress,
            closing(Trail(path).search(where, limit=limit, progress=progress)) as records,
        ):
            for record in records:
                printer.show(record)
                found += 1
        if not found:
            raise click.exceptions.Exit(FINDINGS)

    @click.command()
    @click.argument("id", metavar="ID")
    @format_option
    @reads_trail
    def show(id: str, form: str) -> None:
        """
        Show everything that the trail has of the event with an ID: what it was, and what became of it.

        As JSON it is one record a line, as in the trail, with its hash. Exit code 1 if there is none, or no trail.
        """
        records = Trail(path).show(id)
        for number, record in enumerate(records):
            if form == "json":
                click.echo(safe_json(f'{record.body.decode()[:-1]},"hash":"{record.hash}"}}'))
            else:
                click.echo("\n" * bool(number) + _details(record))
        if not records:
            click.echo(printable(f"no event in {path} has the id {id}"), err=True)
            raise click.exceptions.Exit(FINDINGS)

    return tail, search, show


def _tail(trail: Trail, limit: int, where: Filter, printer: Printer, *, follow: bool) -> None:
    if not follow:
        for record in trail.tail(limit, where):
            printer.show(record)
        return
    import attrs

    where = attrs.evolve(where, kinds=_FOLLOWED)
    last = 0
    # One look at all kinds: what is written from now on is after the last record of any.
    for record in trail.search(Filter(kinds=KINDS), limit=1):
        last = record.seq
    for record in trail.search(where, limit=limit, outcomes=False):
        if record.seq <= last:
            printer.show(record)
    with closing(trail.follow(where, after=last)) as records:
        for record in records:
            printer.show(record)


def _details(record: Record) -> str:
    facts = {
        "kind": record.kind,
        "type": record.type,
        "id": record.id,
        "time": record.time,
        "source": record.source,
        "correlation": record.correlation_id,
        "caused by": record.causation_id,
        "version": record.version if record.is_event else None,
        "recorded": record.recorded,
        "record": f"{record.seq}, number {record.n} of chain {record.chain}",
        "hash": record.hash,
    }
    members = record.members
    facts |= {
        name: json.dumps(members[name], ensure_ascii=False, indent=2)
        for name in ("blocked", "outcome", "unencodable", "data")
        if name in members
    }
    lines = [f"{name:<12} {_indented(value)}" for name, value in facts.items() if value is not None]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return f"\n{' ' * 13}".join(printable(line) for line in text.split("\n"))
