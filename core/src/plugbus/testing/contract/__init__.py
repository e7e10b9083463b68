"""
The conformance kit: what every plugin has to keep, as tests; and `plugin_bus`, for the plugin's other tests.

    from plugbus.testing.contract import PluginContract

    class TestWeatherPlugin(PluginContract):
        plugin = WeatherPlugin
"""

from __future__ import annotations

from plugbus.testing._building import plugin_bus
from plugbus.testing.contract._suite import PluginContract


__all__ = ("PluginContract", "plugin_bus")
