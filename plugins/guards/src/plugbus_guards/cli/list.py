"""`plugbus guards list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plugbus.cli.answers import print_json
from plugbus.cli.options import app_option, format_option
from plugbus.cli.render.page import Page
from plugbus.events import event_type_of
from plugbus_guards.cli.opened import opened


if TYPE_CHECKING:
    from plugbus_guards.rule import Rule


__all__ = ("list_rules",)


@click.command("list")
@app_option
@format_option
@click.pass_context
def list_rules(ctx: click.Context, *, app: str | None, form: str) -> None:
    """List the rules: which events, which guards, where the rule stands."""
    with opened(ctx, app, form) as (_, guards):
        if form == "json":
            print_json([_as_json(rule) for rule in guards.rules])
            return
        page = Page()
        if not guards.rules:
            page.line("There are no rules.")
            return
        page.table(
            ("rule", "events", "guards", "mode"),
            [(rule.place or rule.name, ", ".join(_events(rule)), str(rule.guard), rule.mode) for rule in guards.rules],
        )


def _events(rule: Rule) -> list[str]:
    classes = [f"{cls.__name__} ({event_type_of(cls)})" for cls in rule.classes]
    return [*(pattern.text for pattern in rule.patterns), *classes]


def _as_json(rule: Rule) -> dict[str, object]:
    return {
        "name": rule.name,
        "place": rule.place,
        "events": [pattern.text for pattern in rule.patterns],
        "classes": [f"{cls.__module__}:{cls.__qualname__}" for cls in rule.classes],
        "guard": str(rule.guard),
        "mode": rule.mode,
    }
