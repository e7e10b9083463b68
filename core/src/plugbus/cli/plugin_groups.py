"""One command group for each plugin, which imports its plugin when it is called and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plugbus.cli.exits import CannotRun, Failed
from plugbus.cli.session import Session, open_current_folder
from plugbus.cli.text import printable
from plugbus.errors import PlugbusError


if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from plugbus.plugins import PluginRecord

__all__ = ("PluginGroup", "plugin_groups")


def plugin_groups(session: Session, *, taken: Container[str]) -> dict[str, PluginGroup]:
    """
    Return the groups of the plugins that are installed or that the configuration names, by name.

    Args:
        session: Says what the configuration is.
        taken: Names that commands of plugbus have.
    """
    groups: dict[str, PluginGroup] = {}
    for record in session.plugins:
        if record.name not in taken and record.name not in groups:
            groups[record.name] = PluginGroup(record, session)
    return groups


class PluginGroup(click.Group):
    """
    The commands of one plugin.

    Args:
        record: What is known of the plugin without importing it.
        session: Says what the configuration is.
    """

    def __init__(self, record: PluginRecord, session: Session) -> None:
        super().__init__(record.name, help=f"Commands of plugin {record.name}.", short_help=_short_help(record))
        self._record = record
        self._session = session
        self._loaded: dict[str, click.Command] | None = None
        self._secrets: frozenset[str] = frozenset()

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the plugin's commands; imports the plugin."""
        return list(self._load())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return one of the plugin's commands; imports the plugin."""
        return self._load().get(cmd_name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """
        Make sure that there are commands, before anything is said about them.

        Raises:
            CannotRun: If there are none.
        """
        if not self._load():
            owner = self._record.offer
            raise CannotRun(f"plugin {self._record.name}{f' ({owner})' if owner else ''} has no commands")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was called; what it raises is told with the plugin that it is of."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.Abort, click.exceptions.Exit, PlugbusError, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  (a plugin's command may raise anything)
            from plugbus.cli.application import explained
            from plugbus.config import Owner, without

            called = f"{self._record.name} {ctx.invoked_subcommand or ''}".rstrip()
            owner = Owner.of_plugin(self._record.name, self._record.offer)
            what = f"`plugbus {called}`, a command of {owner.text}, raised:"
            raise Failed(f"{what}\n{without(explained(error), self._secrets)}") from None

    def _load(self) -> dict[str, click.Command]:
        if self._loaded is None:
            self._loaded = {command.name or "": command for command in self._commands()}
        return self._loaded

    def _commands(self) -> Sequence[click.Command]:
        from plugbus.plugins.host import PluginHost

        config = self._session.configuration
        if (refusal := _refusal(self._record, str(config.path or "plugbus.toml"), config.bus.plugins)) is not None:
            raise CannotRun(refusal)
        open_current_folder()
        host = PluginHost.load_one(config, self._record.name)
        self._secrets = host.secrets(self._record.name)
        return host.commands(self._record.name)


def _short_help(record: PluginRecord) -> str:
    origin = printable(f"{record.distribution or 'unknown distribution'} {record.version or ''}".strip())
    if record.problems:
        return f"({record.state.value})"
    if record.selected:
        return f"Commands of {origin}"
    return f"({origin}: {'off' if record.state == 'off' else 'not switched on'})"


def _refusal(record: PluginRecord, file: str, listed: object) -> str | None:
    if record.selected:
        return None
    if record.state == "off":
        return f"plugin {record.name} is switched off, by -p, by PLUGBUS_DISABLE or by `enabled = false` in {file}"
    return f"plugin {record.name} is installed, but not switched on. " + (
        f"Add {record.name!r} to the list `plugins` of [bus] in {file}"
        if isinstance(listed, tuple)
        else f"Add this line to {file}:\n\n    [plugins.{record.name}]\n"
    )
