"""
For authors of plugins: the base class, the mark for hooks, and what hooks are given and return.

A plugin is a class behind an entry point of the group `plugbus.plugins`:

    class AuditPlugin(Plugin[AuditSettings]):
        api = 1

        @hookimpl
        def handlers(self):
            yield AuditLogHandler(self.settings)
"""

from __future__ import annotations

from plugbus._own import own_event, publisher_of
from plugbus.config import Duration, Size, option
from plugbus.hookspecs import Deadline, Health, HookContext, Observation, hookimpl
from plugbus.plugins._plugin import Plugin
from plugbus.plugins.host import Contributions
from plugbus.plugins.records import PluginRecord, PluginState


__all__ = (
    "Contributions",
    "Deadline",
    "Duration",
    "Health",
    "HookContext",
    "Observation",
    "Plugin",
    "PluginRecord",
    "PluginState",
    "Size",
    "hookimpl",
    "option",
    "own_event",
    "publisher_of",
)
