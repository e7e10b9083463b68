"""One command group for each plugin, which imports its plugin when it is called and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from plugbus.cli.exits import CannotRun
from plugbus.cli.session import Session, open_current_folder
from plugbus.cli.text import printable


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

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the plugin's commands; imports the plugin."""
        return list(self._load())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return one of the plugin's commands; imports the plugin."""
        return self._load().get(cmd_name)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Make sure that there are commands, before anything is said about them."""
        self._load()
        return super().parse_args(ctx, args)

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
        return PluginHost.load_one(config, self._record.name).commands(self._record.name)


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
