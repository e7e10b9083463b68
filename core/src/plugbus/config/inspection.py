"""The settings one by one: what each is for, what it is now, and where that comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import attrs

from plugbus.config._defaults import anchored, default_of, plain
from plugbus.config._document import Owner
from plugbus.config._environment import Overlay, variables_of
from plugbus.config._kinds import INVALID, Place
from plugbus.config._positions import KeyPath, dotted
from plugbus.config._structure import structure
from plugbus.config._tables import TableKind
from plugbus.config.options import MASK
from plugbus.config.settings import HOST_KEYS, BusSettings, Config, HostSettings


if TYPE_CHECKING:
    from plugbus.config._tables import Setting


__all__ = ("SettingView", "Source", "view_bus", "view_host", "view_settings", "view_unread")

Source = Literal["default", "file", "environment", "secret_file", "missing"]


@attrs.frozen
class SettingView:
    """
    One setting as an operator may see it; secrets are masked.

    Args:
        name: Its key, that of a table within the settings included: `server.port`.
        help: What it is for.
        type: What it has to be, in words; None if that is not known, as for a plugin that is not imported.
        default: Its default as TOML would give it; None also if there is none.
        required: Whether it has to be given.
        secret: Whether its value must not be shown.
        value: What it is now, as TOML would give it; of what cannot be used, what was given.
        source: What gave it.
        origin: The same in words: `default`, `plugbus.toml:7`, the name of an environment variable.
    """

    name: str
    help: str = ""
    type: str | None = None
    default: Any = None
    required: bool = False
    secret: bool = False
    value: Any = None
    source: Source = "default"
    origin: str = "default"

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        return attrs.asdict(self)


@attrs.frozen
class _Table:
    """
    A table that is looked at, or one inside of it.

    Args:
        config: The configuration.
        keys: Where the plugin's or the bus's table stands.
        overlay: That table with the environment over it.
        kind: What this table is made of.
        path: Where this table stands in that one.
        values: What is given in it.
        settings: What was made of it; None if that cannot be used, and then each setting is read alone.
    """

    config: Config
    keys: KeyPath
    overlay: Overlay
    kind: TableKind
    path: KeyPath
    values: Mapping[str, Any]
    settings: object


def view_bus(config: Config) -> tuple[SettingView, ...]:
    """Return the settings of `[bus]`."""
    return _view(config, ("bus",), BusSettings, config._document.data.get("bus", {}))


def view_host(config: Config, plugin: str) -> tuple[SettingView, ...]:
    """Return the host's keys of a plugin's table."""
    tables = config._document.data.get("plugins", {})
    table = tables.get(plugin, {}) if isinstance(tables, Mapping) else {}
    own = {key: value for key, value in table.items() if key in HOST_KEYS} if isinstance(table, Mapping) else {}
    return _view(config, ("plugins", plugin), HostSettings, own)


def view_settings(config: Config, plugin: str, cls: type[Any]) -> tuple[SettingView, ...]:
    """
    Return the settings of a plugin, as far as each can be read.

    Args:
        config: The configuration.
        plugin: The plugin's name.
        cls: Its settings class.

    Raises:
        DefinitionError: If the class cannot be a settings class.
    """
    return _view(config, ("plugins", plugin), cls, config.table(plugin).settings)


def view_unread(config: Config, plugin: str) -> tuple[SettingView, ...]:
    """Return what is given to a plugin whose settings class is not known; any of it may be a secret."""
    views = {
        key: SettingView(key, value=MASK, source="file", origin=", ".join(_place(config, ("plugins", plugin, key))))
        for key in config.table(plugin).settings
    }
    for variable in variables_of(config.environ, "plugins", plugin):
        if variable.parts[0].lower() not in HOST_KEYS:
            name = ".".join(variable.parts).lower()
            views[name] = SettingView(name, value=MASK, source="environment", origin=variable.name)
    return tuple(views.values())


def _view(config: Config, keys: KeyPath, cls: type[Any], given: object) -> tuple[SettingView, ...]:
    host = cls is HostSettings
    wanted = [
        variable
        for variable in variables_of(config.environ, *map(str, keys))
        if keys == ("bus",) or (variable.parts[0].lower() in HOST_KEYS) is host
    ]
    document = config._document
    table = given if isinstance(given, Mapping) else {}
    read = structure(cls, table, keys=keys, document=document, owner=Owner(""), variables=wanted)
    top = _Table(config, keys, read.overlay, read.kind, (), read.overlay.table, read.settings)
    return tuple(_views(top))


def _views(table: _Table) -> Iterator[SettingView]:
    for key, setting in table.kind.settings.items():
        if isinstance(setting.kind, TableKind) and not setting.secret:
            given = table.values.get(key, {})
            inner = attrs.evolve(
                table,
                kind=setting.kind,
                path=(*table.path, key),
                values=given if isinstance(given, Mapping) else {},
                settings=getattr(table.settings, setting.field.name, None),
            )
            yield from _views(inner)
        else:
            yield _view_one(table, setting)


def _view_one(table: _Table, setting: Setting) -> SettingView:
    by_file = setting.key not in table.values and setting.file_key in {*table.values} & {*table.kind.files}
    source, origin = _origin(table, setting, by_file=by_file)
    if table.settings is not None:
        value = plain(getattr(table.settings, setting.field.name), secret=setting.secret)
    else:
        value = MASK if by_file else _alone(table, setting)
    return SettingView(
        name=dotted((*table.path, setting.key)),
        help=setting.help,
        type=setting.kind.expected,
        default=plain(_default(setting), secret=setting.secret),
        required=setting.required,
        secret=setting.secret,
        value=value,
        source=source,
        origin=origin,
    )


def _alone(table: _Table, setting: Setting) -> Any:
    """Read one setting of a table that cannot be used as a whole."""
    place = Place(table.config.folder)
    if setting.key not in table.values:
        return plain(anchored(_default(setting), place), secret=setting.secret)
    given = table.values[setting.key]
    found = setting.kind.read(given, place)
    if found is INVALID:
        return plain(given, secret=setting.secret or setting.kind.compound)
    return plain(found, secret=setting.secret)


def _origin(table: _Table, setting: Setting, *, by_file: bool) -> tuple[Source, str]:
    key = setting.file_key if by_file else setting.key
    path = (*table.path, key)
    if key not in table.values:
        return ("missing", "missing") if setting.required else ("default", "default")
    variable = table.overlay.origin(path)
    places = [variable] if variable else [*_place(table.config, (*table.keys, *path)), *_below(table.overlay, path)]
    if by_file:
        return "secret_file", f"{', '.join(places)}: {table.values[key]}"
    return ("environment" if places[0] in table.overlay.origins.values() else "file"), ", ".join(places)


def _below(overlay: Overlay, path: KeyPath) -> list[str]:
    return [name for keys, name in overlay.origins.items() if keys[: len(path)] == path and keys != path]


def _place(config: Config, keys: KeyPath) -> list[str]:
    """Return file and line of a key, nothing if it is not there."""
    inside: object = config._document.data
    for key in keys:
        if not isinstance(inside, Mapping) or key not in inside:
            return []
        inside = inside[key]
    found = config._document.problem("", keys, mark="key")
    return [f"{found.file}:{found.line}" if found.line is not None else "given in code"]


def _default(setting: Setting) -> object:
    try:
        return default_of(setting.field)
    except Exception:  # noqa: BLE001  (a factory may raise anything; reading the settings reports it)
        return None
