"""The audit plugin keeps what every plugin has to keep."""

from __future__ import annotations

from typing import ClassVar

from plugbus.testing.contract import PluginContract
from plugbus_audit import AuditPlugin


class TestAuditPlugin(PluginContract):
    plugin = AuditPlugin
    settings: ClassVar = {"path": "trail/audit.db", "flush_every": 2}
