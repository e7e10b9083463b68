"""`plugbus config`: whether the configuration is right, what it comes to, and the schema of its file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from plugbus.cli.answers import answering, aside, print_json
from plugbus.cli.exits import MISUSED
from plugbus.cli.options import format_option
from plugbus.cli.session import Session, open_current_folder
from plugbus.cli.text import amount
from plugbus.errors import ConfigurationError


if TYPE_CHECKING:
    from plugbus.plugins.views import Check

__all__ = ("check", "config", "schema", "show")


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@format_option
@click.pass_context
def check(ctx: click.Context, form: str) -> None:
    """
    Check the file, the environment, and the settings and the order of the plugins that are on.

    Every problem is told. Those plugins are imported, the modules of [bus] imports are looked for; nothing is started,
    and no hook is called. Exit code 2 if something is wrong.
    """
    from plugbus.cli.render import config as render

    session = Session.of(ctx)
    checked: Check | None = None
    try:
        checked = _checked(session)
        error = checked.error
    except ConfigurationError as unreadable:
        error = unreadable
    if form == "json":
        print_json(render.as_json(checked, error))
    elif checked is None or error is not None:
        render.show_problems(checked, error)
    else:
        render.show_fine(session.configuration, checked)
    if error is not None:
        ctx.exit(MISUSED)


def _checked(session: Session) -> Check:
    from plugbus.plugins.views import check_plugins

    open_current_folder()
    with aside():
        return check_plugins(session.configuration, disabled=session.disabled, imports=True)


@config.command()
@format_option
@click.pass_context
def show(ctx: click.Context, form: str) -> None:
    """
    Show the configuration as it takes effect, with the file and line, or the variable, that gives each value.

    Defaults are shown too, secrets are not. What is printed is TOML.
    """
    from plugbus.cli.render import config as render
    from plugbus.config.inspection import view_bus, view_host

    session = Session.of(ctx)
    with answering(form):
        checked = _checked(session)
    effective = session.configuration
    tables = {
        name: (*(view for view in view_host(effective, name) if view.source != "default"), *settings)
        for name, settings in checked.settings.items()
    }
    if form == "json":
        print_json(
            {
                **render.as_json(checked, checked.error),
                "file": None if effective.path is None else str(effective.path),
                "bus": [view.as_json() for view in view_bus(effective)],
                "plugins": {name: [view.as_json() for view in views] for name, views in tables.items()},
            }
        )
    else:
        render.show_effective(effective, view_bus(effective), tables)
    if checked.error is not None:
        count = amount(len(checked.error.exceptions), "problem")
        print(f"{count}, so no bus can be built; `plugbus config check` tells more.", file=sys.stderr)
        ctx.exit(MISUSED)


@config.command()
@click.option("--all", "every", is_flag=True, help="With the settings of all plugins that are installed: imports them.")
@click.pass_context
def schema(ctx: click.Context, every: bool) -> None:
    """
    Print the JSON Schema of plugbus.toml, with the settings of the plugins that are on.

    Editors complete and check a file by its schema. Of the other plugins the names are known, not the settings.
    """
    from plugbus.config import load_config
    from plugbus.plugins.views import config_schema

    session = Session.of(ctx)
    open_current_folder()
    with aside():
        # Where the file cannot be read, its schema is of use all the same.
        known = session.readable or load_config({})
        found = config_schema(known, disabled=session.disabled, load_all=every)
    print_json(found)
