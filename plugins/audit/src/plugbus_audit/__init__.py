"""The audit trail of a plugbus application: every event, in SQLite."""

from __future__ import annotations

from plugbus_audit.errors import AuditError, NoTrail, TrailNotWritten, TrailUnusable
from plugbus_audit.plugin import AuditPlugin, AuditSettings
from plugbus_audit.trail import Record, Trail, TrailStats


__all__ = (
    "AuditError",
    "AuditPlugin",
    "AuditSettings",
    "NoTrail",
    "Record",
    "Trail",
    "TrailNotWritten",
    "TrailStats",
    "TrailUnusable",
)
