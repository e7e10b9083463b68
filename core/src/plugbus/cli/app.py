"""The root command: finds the other commands when they are called, and turns what goes wrong into an exit code."""

from __future__ import annotations

import importlib
import io
import os
import platform
import sys
from typing import TYPE_CHECKING

import click

from plugbus._suggest import did_you_mean
from plugbus._version import __version__
from plugbus.cli.answers import report
from plugbus.cli.exits import FINDINGS, FINE, INTERRUPTED, MISUSED
from plugbus.cli.plugin_groups import PluginGroup, plugin_groups
from plugbus.cli.session import Session, parse_switches
from plugbus.cli.text import printable
from plugbus.errors import PlugbusError


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


__all__ = ("Root", "root", "run")

# Where each command is, as module:attribute, and its line in the help: nothing is imported to list them.
_COMMANDS = {
    "config": ("plugbus.cli.config:config", "Check and show the configuration."),
    "demo": ("plugbus.cli.demo.command:demo", "See a small storefront at work."),
    "doctor": ("plugbus.cli.doctor:doctor", "Find what is wrong, and say what to do."),
    "events": ("plugbus.cli.events:events", "List the types of events and who handles them."),
    "plugins": ("plugbus.cli.plugins:plugins", "Look at the plugins, and begin one of your own."),
    "publish": ("plugbus.cli.publish:publish", "Publish the events of a file of JSON lines."),
}
_GLOBAL_OPTIONS = ("--config", "-p")


class Root(click.Group):
    """Has the commands of plugbus, and one group for each plugin, imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands and plugins, importing none."""
        return [*_COMMANDS, *self._plugin_groups(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of plugbus, or the group of a plugin."""
        if cmd_name not in _COMMANDS:
            return self._plugin_groups(ctx).get(cmd_name)
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name, or say which one was meant."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            ctx.fail(_unknown(name, self.list_commands(ctx)))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and the plugins, each with one line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])
        groups = self._plugin_groups(ctx)
        if groups:
            with formatter.section("Plugins"):
                formatter.write_dl([(name, group.get_short_help_str(60)) for name, group in groups.items()])

    def _plugin_groups(self, ctx: click.Context) -> dict[str, PluginGroup]:
        return plugin_groups(Session.of(ctx), taken=_COMMANDS)


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(
    __version__, message=f"plugbus {__version__} (Python {platform.python_version()})", help="Show the version."
)
@click.option(
    "--config",
    metavar="FILE",
    is_eager=True,  # as --help is, which lists the plugins of the configuration
    help="The configuration file. Default: what PLUGBUS_CONFIG names, else plugbus.toml, else pyproject.toml.",
)
@click.option(
    "-p",
    "switches",
    metavar="no:NAME",
    multiple=True,
    is_eager=True,
    callback=parse_switches,
    help="Switch a plugin off before it is imported; may be given more than once.",
)
@click.pass_context
def root(ctx: click.Context, config: str | None, switches: tuple[str, ...]) -> None:  # noqa: ARG001
    """
    An event bus with plugins.

    These options go before the command. Modules in the current folder can be named with --app and in the
    configuration, as with `python -m`.

    Exit codes: 0 fine; 1 findings, such as lines that are no event; 2 wrong usage or configuration; 130 interrupted.
    """
    if switches:
        _check_switches(Session.of(ctx))


def run(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        arguments: What follows the program's name; by default what the process was given.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What comes from outside may hold characters that the terminal's encoding has no place for.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        return _flushed(code)
    except BrokenPipeError:
        _forget_stdout()
        return FINDINGS


def _flushed(code: int) -> int:
    """Write what is left for standard output; return the exit code, which is another one if that fails."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _forget_stdout()
        if code == FINE:
            print(f"Error: cannot write standard output: {error.strerror or error}", file=sys.stderr)
            return MISUSED
    return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = root.main(arguments, prog_name="plugbus", standalone_mode=False)
    except click.Abort:
        return INTERRUPTED
    except click.NoSuchOption as error:
        if error.option_name in _GLOBAL_OPTIONS:
            hint = f"{error.option_name} goes before the command: plugbus {error.option_name} ... COMMAND"
            click.UsageError(hint, error.ctx).show()
        else:
            error.show()
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PlugbusError as error:
        report(error)
        return MISUSED
    return code if isinstance(code, int) else FINE


def _check_switches(session: Session) -> None:
    from plugbus.plugins.discovery import FIRST_PARTY

    known = {*FIRST_PARTY, *(record.name for record in session.plugins)}
    for name in session.disabled:
        if name not in known:
            raise click.UsageError(
                f"-p no:{printable(name)}: there is no plugin {printable(name)!r}{_meant(name, known)}"
            )


def _unknown(name: str, known: Sequence[str]) -> str:
    from plugbus.plugins.discovery import FIRST_PARTY

    if name in FIRST_PARTY:
        return f"plugin {name} is not installed. Install it: pip install plugbus-{name}"
    return f"there is no command or plugin {printable(name)!r}{_meant(name, known)}"


def _meant(name: str, known: Iterable[str]) -> str:
    hint = did_you_mean(name, known)
    return f". {hint}" if hint else ""


def _forget_stdout() -> None:
    """Let the interpreter flush into nothing at its end, instead of complaining about a reader that has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
