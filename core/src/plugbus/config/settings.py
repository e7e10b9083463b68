"""What a configuration says: `Config`, the bus's own settings, and one table for each plugin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import attrs

from plugbus.config._document import HOST_KEYS, Document, Mark, Owner
from plugbus.config._environment import Overlay, variables_of
from plugbus.config._structure import Structured, structure
from plugbus.config.durations import Duration
from plugbus.config.options import option
from plugbus.config.source import TableSource
from plugbus.errors import ConfigurationError, Problem


if TYPE_CHECKING:
    from plugbus.config._positions import KeyPath


__all__ = ("HOST_KEYS", "BusSettings", "Config", "HostSettings", "PluginTable", "read_table")

S = TypeVar("S")


@attrs.frozen
class BusSettings:
    """The table `[bus]`."""

    source: str | None = option(None, help="the `source` of events that name none")
    plugins: Literal["installed"] | tuple[str, ...] | None = option(
        None, help="exactly these plugins, in this order; 'installed' for all; without it those that have a table"
    )
    imports: tuple[str, ...] = option((), help="modules that register handlers, imported when the bus is built")
    correlation: bool = option(True, help="hand correlation and causation on to events published while handling")
    sequential: bool = option(False, help="await async handlers one by one")
    max_pending: int = option(
        10_000, help="how much work `publish_soon` may leave pending", validator=attrs.validators.ge(1)
    )
    handle_sigterm: bool = option(True, help="flush plugins on SIGTERM")
    start_timeout: Duration = option(  # noqa: RUF009  (it is an attrs field)
        30.0, help="how long the start of each plugin may take", validator=attrs.validators.gt(0)
    )


@attrs.frozen
class HostSettings:
    """The keys of a plugin's table that are the host's, not the plugin's."""

    enabled: bool = option(True, help="false switches the plugin off before it is imported")
    required: bool | None = option(None, help="false starts the bus without the plugin if that is broken")
    before: tuple[str, ...] = option((), help="plugins that come after this one")
    after: tuple[str, ...] = option((), help="plugins that come before this one")
    distribution: str | None = option(None, help="which distribution's plugin, if two have one of this name")


@attrs.frozen
class PluginTable:
    """
    The table of one plugin.

    Args:
        name: The plugin's name.
        host: The host's keys.
        settings: The plugin's own, as TOML gave them; not in the repr, for there may be secrets among them.
        present: Whether the configuration has such a table.
    """

    name: str
    host: HostSettings = HostSettings()
    settings: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    present: bool = True


@attrs.frozen
class Config:
    """
    A configuration that has been read.

    Problems of `[bus]` and of the host's keys do not stop the reading: they are kept, so that they can be reported
    together with those of the plugins. `PluginHost.load` raises them; whoever does not call that calls `check`.

    Args:
        path: The file, None if there is none.
        folder: What relative paths are relative to: the file's folder, else the current one.
        bus: The settings of the bus; defaults stand in for what is wrong.
        plugins: The tables of plugins, in the file's order.
        disabled: Plugins that PLUGBUS_DISABLE switches off.
        problems: What is wrong so far.
        environ: The environment variables that begin with PLUGBUS_; not in the repr, for there may be secrets in them.
    """

    path: Path | None
    folder: Path
    bus: BusSettings = BusSettings()
    plugins: Mapping[str, PluginTable] = MappingProxyType({})
    disabled: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    _document: Document = attrs.field(kw_only=True, repr=False)
    environ: Mapping[str, str] = attrs.field(kw_only=True, repr=False, factory=dict)
    _bus_overlay: Overlay = attrs.field(kw_only=True, repr=False, factory=lambda: Overlay({}))

    def check(self) -> None:
        """
        Make sure that there are no problems.

        Raises:
            ConfigurationError: If there are.
        """
        if self.problems:
            raise ConfigurationError("Nothing was started.", self.problems)

    def table(self, name: str) -> PluginTable:
        """Return the table of a plugin; one made of the environment alone if the file has none."""
        found = self.plugins.get(name)
        if found is not None:
            return found
        table, _ = read_table(name, {}, self._document, self.environ)
        return attrs.evolve(table, present=False)

    def settings_for(self, table: PluginTable, cls: type[S], owner: Owner) -> Structured[S]:
        """
        Make a plugin's settings from its table and the environment.

        Args:
            table: The plugin's table.
            cls: Its settings class.
            owner: The plugin, for messages.

        Raises:
            DefinitionError: If the class cannot be a settings class.
        """
        return structure(
            cls,
            table.settings,
            keys=("plugins", table.name),
            document=self._document,
            owner=owner,
            variables=[
                variable
                for variable in variables_of(self.environ, "plugins", table.name)
                if variable.parts[0].lower() not in HOST_KEYS
            ],
        )

    def source_of(self, table: PluginTable, read: Structured[Any], owner: Owner) -> TableSource:
        """Return where a plugin's settings came from: the arguments and the result of `settings_for`."""
        return TableSource(table.name, self._document, read, owner)

    def problem(
        self, message: str, keys: KeyPath, *, mark: Mark = "key", hint: str | None = None, owner: Owner | None = None
    ) -> Problem:
        """
        Make a problem that points to where something stands: in the file, or in an environment variable for `[bus]`.

        Args:
            message: What is wrong.
            keys: The key path, as in `("plugins", "audit")`.
            mark: What the caret stands under.
            hint: What to do.
            owner: The plugin that it concerns.
        """
        origin = self._bus_overlay.origin(keys[1:]) if keys[:1] == ("bus",) else None
        if origin is None:
            return self._document.problem(message, keys, mark=mark, hint=hint, owner=owner)
        return Problem(
            message,
            hint=hint,
            location=origin,
            plugin=owner.plugin if owner else None,
            distribution=owner.distribution if owner else None,
        )


def read_table(
    name: str, table: object, document: Document, environ: Mapping[str, str]
) -> tuple[PluginTable, tuple[Problem, ...]]:
    """Divide a plugin's table into the host's keys, which are checked here, and the plugin's."""
    keys: KeyPath = ("plugins", name)
    owner = Owner.of_plugin(name)
    if not isinstance(table, Mapping):
        problem = document.problem(f"plugins.{name} expects a table", keys, owner=owner, hidden=[keys])
        return PluginTable(name), (problem,)
    variables = [
        variable for variable in variables_of(environ, "plugins", name) if variable.parts[0].lower() in HOST_KEYS
    ]
    given = {key: value for key, value in table.items() if key in HOST_KEYS}
    read = structure(HostSettings, given, keys=keys, document=document, owner=owner, variables=variables, whole=False)
    settings = {key: value for key, value in table.items() if key not in HOST_KEYS}
    return PluginTable(name, read.settings or HostSettings(), settings), read.problems
