"""`plugbus plugins`: which plugins there are, one of them, their order, and a new one."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plugbus.cli.answers import answering, aside, print_json, report
from plugbus.cli.exits import FINDINGS, MISUSED
from plugbus.cli.options import app_option, format_option
from plugbus.cli.session import Session, open_current_folder
from plugbus.cli.text import printable
from plugbus.errors import ConfigurationError


if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugbus.errors import Problem
    from plugbus.plugins import PluginRecord

__all__ = ("list_plugins", "new", "order", "plugins", "show")

_no_import_option = click.option("--no-import", is_flag=True, help="Import no plugin: tell what is known without.")


@click.group(invoke_without_command=True)
@_no_import_option
@format_option
@click.pass_context
def plugins(ctx: click.Context, no_import: bool, form: str) -> None:
    """Look at the plugins, and begin one of your own. Without a subcommand: list them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_plugins, no_import=no_import, form=form)


@plugins.command("list")
@_no_import_option
@format_option
@click.pass_context
def list_plugins(ctx: click.Context, no_import: bool, form: str) -> None:
    """
    List the plugins that the configuration names, in its order, and the others that are installed.

    Those that are on are imported, to see how far each comes; nothing is started. Exit code 1 if a plugin that is
    wanted cannot be used, 2 if the configuration is wrong.
    """
    session = Session.of(ctx)
    wrong: ConfigurationError | None = None
    records: Sequence[PluginRecord] = session.plugins
    try:
        records, problems = _looked_at(session, no_import=no_import)
        if problems:
            wrong = ConfigurationError("Nothing was started.", problems)
    except ConfigurationError as error:
        wrong = error
    if form == "json":
        print_json([record.as_json() for record in records])
    else:
        from plugbus.cli.render import plugins as render

        render.list_plugins(records)
    if wrong is not None:
        report(wrong)
        ctx.exit(MISUSED)
    if any(record.problems for record in records):
        ctx.exit(FINDINGS)


def _looked_at(session: Session, *, no_import: bool) -> tuple[Sequence[PluginRecord], Sequence[Problem]]:
    """Return the plugins as far as they come, and what is wrong with the configuration itself."""
    if no_import:
        return session.plugins, session.configuration.problems
    from plugbus.plugins.views import check_plugins

    open_current_folder()
    with aside():
        check = check_plugins(session.configuration, disabled=session.disabled)
    return check.records, check.problems


@plugins.command()
@click.argument("name")
@click.option("--import", "load", is_flag=True, help="Import the plugin even if it is not on.")
@format_option
@click.pass_context
def show(ctx: click.Context, name: str, load: bool, form: str) -> None:
    """
    Show all that is known of a plugin: its state, its hooks, its settings and where each value comes from.

    The plugin is imported if it is on; no other is. Exit code 1 if something is wrong with it.
    """
    from plugbus.plugins.views import view_plugin

    session = Session.of(ctx)
    with answering(form):
        config = session.configuration
    known = [record.name for record in session.plugins]
    if name not in known:
        raise click.UsageError(_unknown(name, known), ctx)
    open_current_folder()
    with aside():
        view = view_plugin(config, name, disabled=session.disabled, load=load)
    if form == "json":
        print_json(view.as_json())
    else:
        from plugbus.cli.render import plugins as render

        render.show_plugin(view)
    if view.record.problems:
        ctx.exit(FINDINGS)


def _unknown(name: str, known: Sequence[str]) -> str:
    from plugbus._suggest import did_you_mean
    from plugbus.plugins.discovery import FIRST_PARTY

    if name in FIRST_PARTY:
        return f"plugin {name} is not installed. Install it: pip install plugbus-{name}"
    what = f"there is no plugin {printable(name)!r}: it is not installed, and the configuration does not name it"
    hint = did_you_mean(name, known)
    return f"{what}. {hint}" if hint else what


@plugins.command()
@click.argument("event_type", metavar="[TYPE]", required=False)
@app_option
@format_option
@click.pass_context
def order(ctx: click.Context, event_type: str | None, app: str | None, form: str) -> None:
    """
    Show what events meet: middleware, interceptors and handlers in their order, with the reason for each place.

    TYPE is the name of an event type, as in user.created; without it all are shown that reach a handler. Nothing is
    started.
    """
    from plugbus.cli.events import note_unknown
    from plugbus.doctor import chains

    with answering(form), aside():
        bus = Session.of(ctx).bus(app)
        found = chains(bus, event_type)
    if event_type is not None:
        note_unknown(bus, event_type)
    if form == "json":
        print_json([chain.as_json() for chain in found])
    elif found:
        from plugbus.cli.render.chains import show_chains

        show_chains(found)
    else:
        print("No event type that is known reaches a handler. Handlers of yours come with --app or [bus] imports.")
    if any(chain.problem for chain in found):
        ctx.exit(FINDINGS)


@plugins.command()
@click.argument("name")
@click.option("--folder", metavar="DIR", help="Where it goes, a new or empty folder. Default: plugbus-NAME.")
def new(name: str, folder: str | None) -> None:
    """
    Begin a plugin of your own: a distribution with settings, a handler, a middleware, tests and CI.

    NAME is the plugin's: lower case letters and digits, words joined by single underscores. Nothing is overwritten.
    """
    from plugbus.scaffold import create

    files = create(name, folder)
    target = Path(os.path.commonpath([file.parent for file in files]))
    print(f"{printable(str(target))}:")
    for file in files:
        print(f"  {printable(str(file.relative_to(target)))}")
    print(_NEXT.format(folder=shlex.quote(str(target)), name=name), end="")


_NEXT = """
Next:
  cd {folder}
  python3 -m venv .venv && . .venv/bin/activate
  pip install --upgrade pip    # --group came with pip 25.1
  pip install --editable . --group dev
  pytest && ruff check && mypy
and, in a program that has it installed, these lines in plugbus.toml:
  [plugins.{name}]
"""
