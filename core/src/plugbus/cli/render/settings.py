"""Settings: as a list with all that is known of each, and as the TOML that would give them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from plugbus.cli.text import printable


if TYPE_CHECKING:
    from plugbus.cli.render.page import Page
    from plugbus.config.inspection import SettingView

__all__ = ("as_toml", "list_settings", "literal")

# Where the comments of the TOML begin, if what is before them leaves room.
_COMMENT = 40
_BARE_KEY = re.compile("[A-Za-z0-9_-]+")


def literal(value: Any) -> str:
    """Return a value as TOML writes it; of nothing, which TOML cannot say, a dash."""
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case Mapping():
            items = ", ".join(f"{_key(key)} = {literal(item)}" for key, item in value.items())
            return f"{{ {items} }}" if value else "{}"
        case list() | tuple():
            return f"[{', '.join(map(literal, value))}]"
        case _:
            return str(value)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else literal(key)


def list_settings(page: Page, settings: Iterable[SettingView]) -> None:
    """Write each setting with its value, where that comes from, what it is for, its type and its default."""
    for one in settings:
        value = f" = {literal(one.value)}" if one.source != "missing" and one.value is not None else ""
        origin = {"missing": "missing", "default": "default"}.get(one.source, f"from {one.origin}")
        if one.source == "default" and not value:
            origin = "not set"
        style = "red" if one.source == "missing" else "" if one.source == "default" else "green"
        page.line((one.name, "bold"), value, "  (", (origin, style), ")", indent=2)
        if one.help:
            page.line(one.help, indent=6)
        if one.type is not None:
            page.line(_kind(one), indent=6)


def _kind(one: SettingView) -> str:
    default = "has to be given" if one.required else f"default {literal(one.default)}"
    if one.default is None and not one.required:
        default = "no default"
    return f"{one.type}; {default}" + ("; secret" if one.secret else "")


def as_toml(page: Page, table: str, settings: Iterable[SettingView]) -> None:
    """Write settings as a table of TOML, each with a comment that says where its value comes from."""
    page.code((f"[{table}]", "bold"))
    for one in settings:
        nothing = one.value is None or one.source == "missing"
        line = printable(f"# {one.name}" if nothing else f"{one.name} = {literal(one.value)}")
        origin = "not set" if nothing and one.source == "default" else one.origin
        page.code(line, " " * max(_COMMENT - len(line), 2), (f"# {origin}", "dim"))
