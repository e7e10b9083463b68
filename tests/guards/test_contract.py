"""The guards plugin keeps what every plugin has to keep."""

from __future__ import annotations

from typing import ClassVar

from plugbus.testing.contract import PluginContract
from plugbus_guards import GuardsPlugin


class TestGuardsPlugin(PluginContract):
    plugin = GuardsPlugin
    settings: ClassVar = {
        "default": "allow",
        "rules": [
            {"events": ["order.*"], "all": ["authenticated", {"guard": "age", "minimum": 18}], "mode": "report"},
        ],
    }
