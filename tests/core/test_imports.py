"""What `import plugbus` costs, and what it leaves for later."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


HEAVY = ("pluggy", "importlib_metadata", "cattrs", "typed_settings", "msgspec", "click", "rich", "tomllib", "sqlite3")

PROGRAM = """
import json, sys
import asyncio, attrs
before = set(sys.modules)
import {module}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded_by(module):
    command = [sys.executable, "-c", PROGRAM.format(module=module)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)


def test_importing_plugbus_costs_asyncio_attrs_and_at_most_fifteen_modules_of_ours():
    loaded = loaded_by("plugbus")
    ours = [name for name in loaded if name.partition(".")[0] == "plugbus"]
    assert len(ours) <= 15
    assert loaded == ours


@pytest.mark.parametrize("module", ["plugbus", "plugbus.testing", "plugbus.catalog", "plugbus.middleware"])
def test_importing_it_imports_none_of_what_is_needed_later(module):
    assert {name.partition(".")[0] for name in loaded_by(module)}.isdisjoint(HEAVY)


def test_the_pytest_plugin_costs_runs_without_plugbus_no_configuration_and_no_plugins():
    loaded = loaded_by("pytest, plugbus.testing.pytest_plugin")
    heavy = {"cattrs", "typed_settings", "msgspec", "importlib_metadata", "click", "sqlite3", "plugbus_audit"}
    assert heavy.isdisjoint(name.partition(".")[0] for name in loaded)
    assert {"plugbus.config", "plugbus.plugins"}.isdisjoint(loaded)
