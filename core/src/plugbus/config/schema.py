"""JSON Schema of the whole configuration file, for editors and for checks outside of Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from plugbus.config._annotations import table_kind
from plugbus.config._shelf import Schema, Shelf
from plugbus.config._tables import TableKind
from plugbus.config.settings import BusSettings, HostSettings
from plugbus.errors import DefinitionError


__all__ = ("DIALECT", "file_schema")

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def file_schema(settings: Mapping[str, type[Any] | None], opaque: Iterable[str] = ()) -> Schema:
    """
    Return the schema of a `plugbus.toml`, or of the table `[tool.plugbus]`, as data for `json.dumps`.

    It accepts what can be used as it stands, without settings from the environment. Two things JSON Schema cannot say:
    that 1.0 is no integer, and that a date is no string.

    Args:
        settings: The settings class of each plugin whose class is known; None for one that has no settings.
        opaque: Names of the plugins that are installed, but whose settings are not known.
    """
    shelf = Shelf()
    host = table_kind(HostSettings).object_schema(shelf)["properties"]
    tables: dict[str, Schema] = {}
    for name, cls in settings.items():
        with suppress(DefinitionError):  # one whose settings cannot be expressed is broken, and reported as such
            tables[name] = _plugin(cls, host, shelf)
    off = {name: {"type": "object", "properties": _shown(table) | host} for name, table in tables.items()}
    unknown = {name: _opaque(host) for name in (*settings, *opaque) if name not in tables}
    names = sorted({*off, *unknown})
    shelf.definitions |= {f"plugin.{name}": table for name, table in tables.items()}
    return {
        "$schema": DIALECT,
        "title": "Configuration of plugbus",
        "type": "object",
        "properties": {
            "bus": _bus(shelf, names),
            "plugins": {
                "description": "One table for each plugin; a table switches its plugin on, unless [bus] lists plugins.",
                "type": "object",
                "properties": off | unknown,
                "additionalProperties": {"type": "object", "properties": host},
            },
        },
        "additionalProperties": False,
        "allOf": [_not_installed(names), *(rule for name, table in tables.items() for rule in _on(name, table))],
        "$defs": shelf.definitions,
    }


def _bus(shelf: Shelf, names: list[str]) -> Schema:
    schema = table_kind(BusSettings).object_schema(shelf)
    listed = {"type": "array", "items": {"enum": names}, "uniqueItems": True}
    schema["properties"]["plugins"]["anyOf"] = [{"const": "installed"}, listed]
    return {"description": "The bus itself.", **schema}


def _plugin(cls: type[Any] | None, host: Schema, shelf: Shelf) -> Schema:
    """Return the schema of a plugin's table where the plugin is on."""
    if cls is None:
        return {"type": "object", "properties": dict(host), "additionalProperties": False}
    kind: TableKind = table_kind(cls)
    schema = kind.object_schema(shelf)
    schema["properties"] = host | schema["properties"]
    return schema


def _shown(table: Schema) -> Schema:
    """Return what an editor shows of settings, stating nothing: a plugin that is off may have any."""
    return {
        key: {word: value for word, value in schema.items() if word in {"description", "default", "writeOnly"}}
        for key, schema in table["properties"].items()
    }


def _opaque(host: Schema) -> Schema:
    comment = "The settings of this plugin are not known here: it is not switched on, or cannot be imported."
    return {"$comment": comment, "type": "object", "properties": host}


_LISTS: Schema = {
    "required": ["bus"],
    "properties": {"bus": {"required": ["plugins"], "properties": {"plugins": {"type": "array"}}}},
}


def _lists(name: str) -> Schema:
    contains = {"type": "array", "contains": {"const": name}}
    return {
        "required": ["bus"],
        "properties": {"bus": {"required": ["plugins"], "properties": {"plugins": contains}}},
    }


def _switched_off(name: str) -> Schema:
    off = {"required": ["enabled"], "properties": {"enabled": {"const": False}}}
    return {"required": ["plugins"], "properties": {"plugins": {"required": [name], "properties": {name: off}}}}


def _on(name: str, table: Schema) -> Iterable[Schema]:
    """State what holds for a plugin's table unless the plugin is off."""
    off = [_switched_off(name), {"allOf": [_LISTS, {"not": _lists(name)}]}]
    reference = {"properties": {"plugins": {"properties": {name: {"$ref": f"#/$defs/plugin.{name}"}}}}}
    yield {"if": {"anyOf": off}, "else": reference}
    if "required" in table or any("oneOf" in rule for rule in table.get("allOf", ())):
        needed = {"required": ["plugins"], "properties": {"plugins": {"required": [name]}}}
        yield {"if": _lists(name), "then": needed}


def _not_installed(names: list[str]) -> Schema:
    """A table of a plugin that is not installed has to say that the plugin is off, or not required."""
    excused: list[Schema] = [
        {"required": [key], "properties": {key: {"const": False}}} for key in ("enabled", "required")
    ]
    return {
        "if": _LISTS,
        "else": {
            "properties": {
                "plugins": {"properties": dict.fromkeys(names, True), "additionalProperties": {"anyOf": excused}}
            }
        },
    }
