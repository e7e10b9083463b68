"""`plugbus audit replay`."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import attrs
import click

from plugbus.cli.acting import acting, as_option
from plugbus.cli.answers import answering, aside
from plugbus.cli.display import Display, display_for
from plugbus.cli.eventlog import shown_event_log
from plugbus.cli.exits import FINDINGS, FINE, INTERRUPTED
from plugbus.cli.options import app_option, format_option
from plugbus.cli.session import Session
from plugbus.cli.tally import Tally
from plugbus.cli.text import one_line, printable, told
from plugbus_audit.cli.filters import filter_options, reads_trail
from plugbus_audit.cli.progress import WHOLE, stepping
from plugbus_audit.cli.replay_summary import as_dict, show
from plugbus_audit.filters import Filter
from plugbus_audit.record import Record
from plugbus_audit.replaying import Replay


if TYPE_CHECKING:
    from plugbus.bus import EventBus

__all__ = ("replay_command",)


@attrs.define
class _Run:
    """One replay, with what is to be told at its end."""

    replay: Replay
    tally: Tally
    interrupted: bool = False
    problem: str | None = None

    @property
    def code(self) -> int:
        if self.interrupted:
            return INTERRUPTED
        return FINE if self.replay.ok and self.problem is None else FINDINGS


def replay_command(path: Path) -> click.Command:
    """
    Return the command.

    Args:
        path: The trail that it reads.
    """

    @click.command()
    @filter_options()
    @app_option
    @as_option
    @click.option("--dry-run", is_flag=True, help="Only tell what would be published.")
    @click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="How many events a second at most.")
    @format_option
    @click.pass_context
    @reads_trail
    def replay(
        ctx: click.Context,
        *,
        where: Filter,
        app: str | None,
        principal: str | None,
        dry_run: bool,
        rate: float | None,
        form: str,
    ) -> None:
        """
        Publish the events again that all options hold for, through the configured bus or that of --app.

        They keep their ids, reach only handlers that are subscribed with replay=True, and are not recorded again. An
        event from whose data a secret was removed comes as a generic event. Events that were blocked are left out.

        Exit code 1 if a handler failed, an event was refused or could not be published, or there is no trail.
        """
        with answering(form), aside() if form == "json" else nullcontext():
            bus = Session.of(ctx).bus(app)
        with acting(bus, principal), display_for(path.name, WHOLE) as display, shown_event_log(display.line):
            tally = Tally()
            run = _Run(Replay(None if dry_run else bus, rate, _complaints(display)), tally)
            bus.add_monitor(tally)
            _run(run, bus, path, where, display)
        _report(run, bus, path, form)
        ctx.exit(run.code)

    return replay


def _complaints(display: Display) -> Callable[[Record, str], None]:
    def complain(record: Record, why: str) -> None:
        display.line(one_line(f"record {record.seq}: {record.type} {record.id}: {why}"))

    return complain


def _run(run: _Run, bus: EventBus, path: Path, where: Filter, display: Display) -> None:
    try:
        asyncio.run(_replay(run, bus, path, where, display))
    except KeyboardInterrupt:
        run.interrupted = True


async def _replay(run: _Run, bus: EventBus, path: Path, where: Filter, display: Display) -> None:
    is_dry = run.replay.bus is None
    try:
        if not is_dry:
            await bus.start()
        await run.replay.run(path, where, progress=stepping(display))
    except asyncio.CancelledError:
        # Ctrl-C. What was published is still drained and flushed, and then told.
        run.interrupted = True
        cast("asyncio.Task[None]", asyncio.current_task()).uncancel()
    finally:
        if not is_dry:
            await _stop(run, bus)


async def _stop(run: _Run, bus: EventBus) -> None:
    try:
        await bus.stop(announce=False)  # no service ends here
    except Exception as error:  # noqa: BLE001  (a plugin's last words may be anything, and are shown)
        run.problem = f"while stopping: {told(error)}"


def _report(run: _Run, bus: EventBus, path: Path, form: str) -> None:
    if run.interrupted:
        print("Interrupted. Up to there:", file=sys.stderr)
    if run.problem is not None:
        print("\n".join(printable(line) for line in run.problem.splitlines()), file=sys.stderr)
    if form == "json":
        facts: dict[str, Any] = {"interrupted": run.interrupted, "dry_run": run.replay.bus is None}
        print(json.dumps({**as_dict(run.replay, run.tally), **facts}, indent=2))
    else:
        is_heard = any(subscription.options.replay for subscription in bus.subscriptions())
        show(run.replay, run.tally, name=str(path), is_heard=is_heard)
