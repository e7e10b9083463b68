"""The catalog of events, and the source of their plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plugbus.cli.render.page import Page


if TYPE_CHECKING:
    from plugbus.doctor import EventView, FieldView, PlanView

__all__ = ("plan_text", "show_events")


def show_events(views: Sequence[EventView], *, full: bool) -> None:
    """
    Write each type of events: its class, version, fields and handlers.

    Args:
        views: The types.
        full: Whether each field gets a line of its own.
    """
    page = Page()
    for number, view in enumerate(views):
        if number:
            page.blank()
        page.line((view.type, "bold"), f"  version {view.version}, {view.cls or 'generic events'}")
        if full and view.summary:
            page.line(view.summary, indent=2)
        _show_fields(page, view, full=full)
        handlers = [one.name if one.plugin is None else f"{one.name} (plugin {one.plugin})" for one in view.handlers]
        page.line(("handlers  ", "dim"), ", ".join(handlers) or "none", indent=2)


def _show_fields(page: Page, view: EventView, *, full: bool) -> None:
    if view.cls is None:
        page.line(("fields    ", "dim"), "any, in its payload", indent=2)
    elif full and view.fields:
        page.line(("fields", "dim"), indent=2)
        for field in view.fields:
            page.line(_field(field), indent=4)
    else:
        names = ", ".join(f"{field.name}{'' if field.required else '?'}" for field in view.fields)
        page.line(("fields    ", "dim"), names or "none", indent=2)


def _field(field: FieldView) -> str:
    default = "" if field.required else f" = {field.default}"
    return f"{field.name}: {field.type}{default}" + ("  (secret)" if field.secret else "")


def plan_text(view: PlanView) -> str:
    """Return the source of a plan under a head that says what its short names stand for."""
    head = [
        f"{view.type}, version {view.version}, {view.cls or 'generic events'}: what `await bus.publish(event)` runs"
    ]
    head += [f"{letter} is {name}" for letter, name in view.bound.items()]
    return "".join(f"# {line}\n" for line in head) + view.source
