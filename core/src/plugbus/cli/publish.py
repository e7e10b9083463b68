"""`plugbus publish`: the events of a file or of standard input, through the configured bus."""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

import attrs
import click

from plugbus.cli.acting import acting, as_option
from plugbus.cli.answers import answering, aside
from plugbus.cli.display import Display, display_for
from plugbus.cli.eventlog import shown_event_log
from plugbus.cli.exits import FINDINGS, FINE, INTERRUPTED, CannotRun
from plugbus.cli.options import app_option
from plugbus.cli.publishing import Publisher
from plugbus.cli.session import Session
from plugbus.cli.source import Source, open_source
from plugbus.cli.tally import Tally
from plugbus.cli.text import one_line, printable, told


if TYPE_CHECKING:
    from plugbus.bus import EventBus

__all__ = ("publish",)


@attrs.define
class _Outcome:
    publisher: Publisher
    interrupted: bool = False
    problem: str | None = None

    @property
    def code(self) -> int:
        if self.interrupted:
            return INTERRUPTED
        return FINE if self.publisher.clean and self.problem is None else FINDINGS


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--strict", is_flag=True, help="Stop at the first line that is no event.")
@app_option
@as_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to print the counts.")
@click.pass_context
def publish(ctx: click.Context, file: str, *, strict: bool, app: str | None, principal: str | None, form: str) -> None:
    """
    Publish the events of FILE, or of standard input for "-".

    Each line is a JSON object: a CloudEvents one, or {"type": "user.created", "payload": {...}}. Events are published
    in their order through the bus that the configuration describes, or that --app names, each when the handlers of
    the one before have ended. A line that is no event is reported as FILE:LINE, and the others still go through.

    Exit code 1 if a line was no event, a handler failed, or a middleware refused an event by raising. An event that a
    middleware blocked without a word is no finding.
    """
    source = _open(file)
    try:
        with answering(form), aside() if form == "json" else nullcontext():
            bus = Session.of(ctx).bus(app)
        with acting(bus, principal), display_for(source.name, source.size) as display, shown_event_log(display.line):
            outcome = _run(bus, source, display, strict=strict)
    finally:
        source.close()
    _report(outcome, source.name, form)
    ctx.exit(outcome.code)


def _open(file: str) -> Source:
    try:
        return open_source(file)
    except OSError as error:
        raise CannotRun(one_line(f"cannot read {file}: {error.strerror or error}")) from None


def _run(bus: EventBus, source: Source, display: Display, *, strict: bool) -> _Outcome:
    tally = Tally()
    bus.add_monitor(tally)
    outcome = _Outcome(Publisher(bus, tally, display.line, display.step, strict))
    try:
        asyncio.run(_publish(bus, source, outcome))
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


async def _publish(bus: EventBus, source: Source, outcome: _Outcome) -> None:
    await bus.start()
    try:
        await outcome.publisher.publish(source)
    except asyncio.CancelledError:
        # Ctrl-C. What was published is still drained and flushed, and then told.
        outcome.interrupted = True
        cast("asyncio.Task[None]", asyncio.current_task()).uncancel()
    except BrokenPipeError:
        raise
    except OSError as error:
        outcome.problem = f"cannot read on in {source.name}: {error.strerror or error}"
    finally:
        await _stop(bus, outcome)


async def _stop(bus: EventBus, outcome: _Outcome) -> None:
    try:
        await bus.stop(announce=False)  # no service ends here, and each row of the trail is a line of the file
    except Exception as error:  # noqa: BLE001  (a plugin's last words may be anything, and are shown)
        outcome.problem = f"while stopping: {told(error)}"


def _report(outcome: _Outcome, source: str, form: str) -> None:
    from plugbus.cli import summary

    publisher = outcome.publisher
    if outcome.interrupted:
        print("Interrupted. Up to there:", file=sys.stderr)
    if outcome.problem is not None:
        print("\n".join(printable(line) for line in outcome.problem.splitlines()), file=sys.stderr)
    if form == "json":
        import json

        print(json.dumps({**summary.as_dict(publisher), "interrupted": outcome.interrupted}, indent=2))
    else:
        from rich.console import Console

        summary.show(Console(), publisher, source=source)
