"""`plugbus doctor`: what is wrong with the configuration, the plugins, the handlers and what is around them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from plugbus.cli.answers import aside, print_json, unlogged
from plugbus.cli.exits import FINDINGS
from plugbus.cli.options import app_option, format_option
from plugbus.cli.session import Session


if TYPE_CHECKING:
    from plugbus.bus import EventBus
    from plugbus.doctor import Report

__all__ = ("doctor",)


@click.command()
@click.option("--live", is_flag=True, help="Start the bus, ask each plugin how it is, and stop the bus.")
@app_option
@format_option
@click.pass_context
def doctor(ctx: click.Context, live: bool, app: str | None, form: str) -> None:
    """
    Find what is wrong, and say what to do.

    Looks at the configuration, the plugins, the handlers and what is around them; without --live nothing is started.
    Each finding has a number, which the reference explains. Exit code 1 if there is more than notes.
    """
    with aside(), unlogged():
        report = _examined(Session.of(ctx), app, live=live)
    if form == "json":
        print_json(report.as_json())
    else:
        from plugbus.cli.render.findings import show_report

        show_report(report)
    if not report.fine:
        ctx.exit(FINDINGS)


def _examined(session: Session, app: str | None, *, live: bool) -> Report:
    from plugbus.doctor import examine

    try:
        bus = session.build(app)
    except click.ClickException:
        raise
    except Exception as error:  # noqa: BLE001  (a plugin or a module may raise anything, and that is the finding)
        return examine(config=session.readable, error=error, disabled=session.disabled)
    return asyncio.run(_started(bus)) if live else examine(bus)


async def _started(bus: EventBus) -> Report:
    from plugbus.doctor import Report, examine, examine_live

    try:
        await bus.start()
    except Exception as error:  # noqa: BLE001  (what keeps the bus from starting is the finding)
        return examine(bus, error=error)
    report = await examine_live(bus)
    try:
        await bus.stop(announce=False)
    except Exception as error:  # noqa: BLE001  (a plugin may raise anything when it is stopped, and that is a finding)
        findings = [*report.findings, *examine(bus, error=error).findings]
        return Report.of(findings, report.health, report.plugins)
    return report
