"""What the options before the command say: which configuration, which plugins are off, and so which bus."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from plugbus.cli.exits import CannotRun
from plugbus.errors import ConfigurationError, PlugbusError


if TYPE_CHECKING:
    from plugbus.bus import EventBus
    from plugbus.config import Config
    from plugbus.plugins import PluginRecord

__all__ = ("Session", "open_current_folder", "parse_switches")

_SWITCH = "no:"


@attrs.frozen(slots=False)
class Session:
    """
    One call of the command line.

    Args:
        config: The configuration file, None for the one that is found.
        disabled: Names of plugins that are switched off.
    """

    config: str | None
    disabled: tuple[str, ...]

    @classmethod
    def of(cls, ctx: click.Context) -> Session:
        """Return the session of a command's context."""
        start = ctx.find_root()
        if start.obj is None:
            start.obj = cls(start.params.get("config"), start.params.get("switches", ()))
        session: Session = start.obj
        return session

    @cached_property
    def configuration(self) -> Config:
        """
        The configuration.

        Raises:
            ConfigurationError: If it cannot be read.
        """
        from plugbus.config import load_config

        return load_config(self.config)

    @cached_property
    def plugins(self) -> tuple[PluginRecord, ...]:
        """What is known of the plugins without importing any; without a usable configuration, what is installed."""
        from plugbus.plugins.inspection import list_plugins

        try:
            config = self.configuration
        except ConfigurationError:
            return list_plugins()
        return list_plugins(config, disabled=self.disabled)

    @property
    def readable(self) -> Config | None:
        """The configuration, with all that may be wrong in it; None if it cannot be read."""
        try:
            return self.configuration
        except ConfigurationError:
            return None

    def bus(self, app: str | None) -> EventBus:
        """
        Return the bus that the configuration describes, or the application's own.

        Args:
            app: Where the application's bus is, as `module:attribute`.

        Raises:
            ConfigurationError: If the configuration or a plugin is wrong.
            CannotRun: If there is no such bus, or a module that registers handlers cannot be imported.
        """
        try:
            return self.build(app)
        except (ConfigurationError, click.ClickException, _Ended):
            raise
        except Exception as error:  # noqa: BLE001  (a module may raise anything)
            from plugbus.cli.application import explained

            raise CannotRun(f"the bus cannot be built:\n{explained(error)}") from None

    def build(self, app: str | None) -> EventBus:
        """Return the same bus; what a module that registers handlers raises comes as it is."""
        open_current_folder()
        if app is not None:
            from plugbus.cli.application import load_bus

            if self.config is not None:
                raise click.UsageError("--app brings a bus with a configuration of its own: leave out --config")
            # The application configures its bus where it is imported; this is how plugins are switched off there.
            disabled = [*self.disabled, *filter(None, os.environ.get("PLUGBUS_DISABLE", "").split(","))]
            os.environ["PLUGBUS_DISABLE"] = ",".join(disabled)
            return load_bus(app)
        from plugbus.bus import EventBus

        try:
            return EventBus.from_config(self.config, disabled=self.disabled)
        except SystemExit as ended:
            raise _Ended(f"a module of [bus] imports ended the program with exit code {ended.code}") from ended


class _Ended(PlugbusError):
    """What was imported called `sys.exit`."""


def parse_switches(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the plugins that `-p no:NAME` switches off."""
    for value in values:
        if not value.startswith(_SWITCH) or value == _SWITCH:
            raise click.BadParameter(f"expected no:NAME, as in no:audit, got {value!r}", ctx, parameter)
    return tuple(value.removeprefix(_SWITCH) for value in values)


def open_current_folder() -> None:
    """Let modules of the current folder be imported, as `python -m` does."""
    folder = str(Path.cwd())
    if not sys.flags.safe_path and folder not in sys.path and "" not in sys.path:
        sys.path.insert(0, folder)
