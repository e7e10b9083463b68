"""
Configuration: found, read, merged with the environment, checked strictly, and reported with file, line and column.

Nothing here knows a plugin; `plugbus.plugins` hands in their settings classes.
"""

from __future__ import annotations

from plugbus.config._document import Owner
from plugbus.config._positions import KeyPath, dotted
from plugbus.config.durations import Duration, Size, parse_duration, parse_size
from plugbus.config.load import load_config
from plugbus.config.options import key_of, option, secret_values, without
from plugbus.config.report import problems_of
from plugbus.config.settings import HOST_KEYS, BusSettings, Config, PluginTable
from plugbus.config.source import TableSource


__all__ = (
    "HOST_KEYS",
    "BusSettings",
    "Config",
    "Duration",
    "KeyPath",
    "Owner",
    "PluginTable",
    "Size",
    "TableSource",
    "dotted",
    "key_of",
    "load_config",
    "option",
    "parse_duration",
    "parse_size",
    "problems_of",
    "secret_values",
    "without",
)
