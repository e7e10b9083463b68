"""What authors and operators write is in the reference: each hook, each key of the configuration."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from plugbus.config import HOST_KEYS, BusSettings
from plugbus.hookspecs import HookContext
from plugbus.plugins._hooks import HOOKS


REFERENCE = Path(__file__).resolve().parents[2] / "docs/reference"
HOOK_PAGE = (REFERENCE / "hooks.md").read_text(encoding="utf-8")
CONFIGURATION = (REFERENCE / "configuration.md").read_text(encoding="utf-8")


def rows(text):
    """The names in the first column of a section's tables."""
    return set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def section(text, title):
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize(("hook", "argument"), HOOKS.items())
def test_every_hook_has_a_section_with_its_argument(hook, argument):
    assert f"\n## `{hook}({argument})`\n" in HOOK_PAGE


def test_every_field_of_the_context_is_in_its_table():
    assert rows(section(HOOK_PAGE, "`HookContext`")) == {field.name for field in attrs.fields(HookContext)}


def test_every_key_of_the_bus_is_in_its_table():
    assert rows(section(CONFIGURATION, "`[bus]`")) == {field.name for field in attrs.fields(BusSettings)}


def test_every_key_of_the_host_is_in_its_table():
    assert rows(section(CONFIGURATION, "`[plugins.NAME]`")) == set(HOST_KEYS)


@pytest.mark.parametrize("field", [*attrs.fields(BusSettings)], ids=lambda field: field.name)
def test_the_default_of_a_key_of_the_bus_is_the_one_in_the_table(field):
    assert re.search(rf"^\| `{field.name}` \| `{re.escape(repr(field.default))}` \|", CONFIGURATION, re.MULTILINE)
