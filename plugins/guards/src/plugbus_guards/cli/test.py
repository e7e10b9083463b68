"""`plugbus guards test`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugbus.cli.answers import print_json
from plugbus.cli.exits import FINDINGS, FINE, CannotRun
from plugbus.cli.options import app_option, format_option
from plugbus.cli.render.page import Page
from plugbus.cli.text import amount, one_line
from plugbus.errors import UsageError
from plugbus_guards.cases import Case, Outcome, read_cases, run_case
from plugbus_guards.cli.opened import opened


if TYPE_CHECKING:
    from plugbus_guards.service import Guards


__all__ = ("test_cases",)


@click.command("test")
@click.argument("file", metavar="CASES.toml")
@app_option
@format_option
@click.pass_context
def test_cases(ctx: click.Context, *, file: str, app: str | None, form: str) -> None:
    """
    Test the rules by cases: an event, who publishes it, and whether that is to be allowed.

    Nothing is published, used up or recorded. Exit code 1 if a case comes out otherwise than expected.
    """
    with opened(ctx, app, form) as (_, guards):
        try:
            cases = read_cases(Path(file))
        except UsageError as error:
            raise CannotRun(one_line(str(error))) from None
        outcomes = asyncio.run(_run(guards, cases))
    failed = [outcome for outcome in outcomes if outcome.problem is not None]
    if form == "json":
        print_json(
            [
                {"name": outcome.case.name, "problem": outcome.problem, **outcome.explanation.as_json()}
                for outcome in outcomes
            ]
        )
    else:
        page = Page()
        for outcome in failed:
            page.line(("failed  ", "bold red"), f"{outcome.case.name}: {outcome.problem}")
            for one in outcome.explanation.rules:
                page.line(f"{one.rule.place or one.rule.name}", indent=8)
        page.line(f"{amount(len(outcomes), 'case')}, {len(failed)} failed")
    ctx.exit(FINDINGS if failed else FINE)


async def _run(guards: Guards, cases: list[Case]) -> list[Outcome]:
    return [await run_case(guards, case) for case in cases]
