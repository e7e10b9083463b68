"""`plugbus guards check`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from plugbus.cli.acting import read_object
from plugbus.cli.answers import print_json
from plugbus.cli.exits import FINDINGS, FINE, CannotRun
from plugbus.cli.options import app_option, format_option
from plugbus.cli.render.page import Page
from plugbus.cli.text import one_line
from plugbus.codec import decode
from plugbus.errors import DecodeError, UsageError
from plugbus_guards.cli.opened import opened
from plugbus_guards.decision import Allow, Deny
from plugbus_guards.principal import ANONYMOUS, Principal, principal_of


if TYPE_CHECKING:
    from plugbus_guards.explaining import Explanation, Word


__all__ = ("check", "described")


@click.command("check")
@click.option("--event", "event_file", metavar="FILE", required=True, help="The event: one JSON object.")
@click.option(
    "--as", "principal_file", metavar="FILE", help='Who publishes it: {"id": "7", "roles": []}; nobody without it.'
)
@app_option
@format_option
@click.pass_context
def check(ctx: click.Context, *, event_file: str, principal_file: str | None, app: str | None, form: str) -> None:
    """
    Tell whether an event may be published, and why: what each guard of each rule says.

    Nothing is published, used up or recorded. Exit code 1 if the event may not be published.
    """
    with opened(ctx, app, form) as (_, guards):
        try:
            event = decode(read_object(event_file))
        except DecodeError as error:
            raise CannotRun(one_line(f"{event_file}: {error}")) from None
        principal = described(principal_file)
        found = asyncio.run(guards.explain(event, principal))
    if form == "json":
        print_json(found.as_json() | {"principal": principal.id})
    else:
        _show(found, principal)
    ctx.exit(FINE if found.allowed else FINDINGS)


def described(file: str | None) -> Principal:
    """
    Return the principal that a file describes.

    Raises:
        CannotRun: If it describes none.
    """
    if file is None:
        return ANONYMOUS
    try:
        return principal_of(read_object(file))
    except UsageError as error:
        raise CannotRun(one_line(f"{file}: {error}")) from None


def _show(found: Explanation, principal: Principal) -> None:
    page = Page()
    verdict = ("allowed", "green") if found.allowed else ("denied", "bold red")
    who = f" to {principal.id}"
    code = f" ({found.error.code})" if found.error is not None else ""
    page.line(f"{found.event_type} is ", verdict, who, code)
    if not found.rules:
        reason = found.error.reason if found.error is not None else "no rule names it"
        page.line(reason, indent=2)
    for one in found.rules:
        mode = "" if one.rule.mode == "enforce" else f", mode {one.rule.mode}"
        page.line((f"{one.rule.place or 'a rule in code'}", "bold"), f"  {one.rule.name}{mode}", indent=2)
        _show_word(page, one.word, 4)


def _show_word(page: Page, word: Word, indent: int) -> None:
    decision = word.decision
    match decision:
        case Allow():
            page.line(("allows  ", "green"), word.guard, indent=indent)
        case Deny():
            page.line(("denies  ", "red"), f"{word.guard}: {decision.reason}", indent=indent)
        case _:
            page.line(("fails   ", "bold red"), f"{word.guard}: {decision.reason}", indent=indent)
    for part in word.parts:
        _show_word(page, part, indent + 2)
