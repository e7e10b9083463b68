"""`plugbus events`: the catalog of event types, and the code that a publish of one runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from plugbus.cli.answers import answering, aside, print_json
from plugbus.cli.options import app_option, format_option
from plugbus.cli.session import Session
from plugbus.cli.text import printable


if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugbus.bus import EventBus
    from plugbus.doctor import EventView

__all__ = ("events", "note_unknown")


@click.command()
@click.argument("pattern", metavar="[TYPE]", required=False)
@click.option("--plan", is_flag=True, help="Print the generated source that a publish of TYPE runs.")
@app_option
@format_option
@click.pass_context
def events(ctx: click.Context, pattern: str | None, plan: bool, app: str | None, form: str) -> None:
    """
    List the types of events: name, version, class, fields, and who handles them.

    TYPE is the name of one, as in user.created, or a pattern, as in 'user.*'. With it, fields have their types and
    defaults. Nothing is started.
    """
    if plan and pattern is None:
        raise click.UsageError("--plan needs a TYPE, as in: plugbus events --plan user.created", ctx)
    with answering(form), aside():
        bus = Session.of(ctx).bus(app)
    if plan and pattern is not None:
        note_unknown(bus, pattern)
        _print_plans(bus, pattern, form)
        return
    from plugbus.doctor import catalog

    views = catalog(bus)
    if pattern is not None:
        views = _chosen(ctx, views, pattern)
    if form == "json":
        print_json([view.as_json() for view in views])
    else:
        from plugbus.cli.render.events import show_events

        show_events(views, full=pattern is not None)


def _chosen(ctx: click.Context, views: Sequence[EventView], pattern: str) -> tuple[EventView, ...]:
    from plugbus._names import EVERYTHING, parse_pattern
    from plugbus.errors import InvalidPattern

    try:
        matches = (lambda _: True) if pattern == EVERYTHING else parse_pattern(pattern).matches
    except InvalidPattern as error:
        raise click.UsageError(str(error), ctx) from None
    found = tuple(view for view in views if matches(view.type))
    if not found:
        raise click.UsageError(_unknown(views, pattern), ctx)
    return found


def note_unknown(bus: EventBus, event_type: str) -> None:
    """Say on stderr if nobody defines or names a type: it is shown as that of a generic event."""
    from plugbus.doctor import catalog

    views = catalog(bus)
    if event_type not in {view.type for view in views}:
        print(f"Note: {_unknown(views, event_type)}. This is the way of a generic event of that type.", file=sys.stderr)


def _unknown(views: Sequence[EventView], name: str) -> str:
    from plugbus._suggest import did_you_mean

    hint = did_you_mean(name, [view.type for view in views])
    what = f"no class defines the event type {printable(name)!r}, and no handler names it"
    return f"{what}. {hint}" if hint else what


def _print_plans(bus: EventBus, event_type: str, form: str) -> None:
    from plugbus.doctor import plans

    found = plans(bus, event_type)
    if form == "json":
        print_json([view.as_json() for view in found])
    else:
        from plugbus.cli.render.events import plan_text

        print("\n".join(map(plan_text, found)), end="")
