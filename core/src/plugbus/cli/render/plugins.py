"""Plugins: the list of all, and one with everything that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plugbus.cli.render.page import Page
from plugbus.cli.render.settings import list_settings


if TYPE_CHECKING:
    from plugbus.plugins import PluginRecord
    from plugbus.plugins.views import PluginView

__all__ = ("list_plugins", "show_plugin")


def list_plugins(records: Sequence[PluginRecord]) -> None:
    """Write a table of plugins, and below it what is wrong with them."""
    page = Page()
    if not records:
        page.line("No plugin is installed. The first one to try: pip install plugbus-audit")
        return
    rows = [
        (record.name, record.distribution or "-", record.version or "-", _on(record), str(record.state))
        for record in records
    ]
    page.table(("plugin", "distribution", "version", "on", "state"), rows)
    for record in records:
        for problem in record.problems:
            page.block(problem.report)


def _on(record: PluginRecord) -> str:
    return "yes" if record.selected else "no"


def show_plugin(view: PluginView) -> None:
    """Write what a plugin is, how it is set, and what is wrong with it."""
    page, record = Page(), view.record
    page.line((record.name, "bold"), f"  {view.summary}" if view.summary else "")
    page.blank()
    offered = f"{record.distribution or 'unknown'} {record.version or ''}".strip()
    facts = {
        "distribution": offered if record.value else "not installed",
        "class": record.value or "-",
        "on": f"{_on(record)}: {view.reason}",
        "state": str(record.state) + (", not required" if record.selected and not record.required else ""),
        "hooks": "not known, for it was not imported" if view.hooks is None else ", ".join(view.hooks) or "none",
        "wishes": _wishes(view),
    }
    for name, fact in facts.items():
        page.line(f"{name:<13}{fact}", indent=2)
    page.blank()
    page.line(("Settings", "bold"), f" in [plugins.{record.name}]")
    list_settings(page, view.settings)
    if not view.settings:
        page.line("not known, for it was not imported" if view.hooks is None else "none", indent=2)
    page.blank()
    page.line(("Keys of the host", "bold"), " in the same table")
    list_settings(page, view.host)
    if record.problems:
        page.blank()
        for problem in record.problems:
            page.block(problem.report)
    elif view.hooks is None and record.value:
        page.blank()
        page.line("It is not on, so it was not imported. To import it for this once:")
        page.line(f"plugbus plugins show {record.name} --import", indent=2)


def _wishes(view: PluginView) -> str:
    if view.hooks is None:
        return "not known, for it was not imported"
    wishes = [f"{key} {', '.join(names)}" for key, names in (("before", view.before), ("after", view.after)) if names]
    return f"to come {' and '.join(wishes)}" if wishes else "none about its place"
