"""The audit trail of a plugbus application: every event, in SQLite or JSON lines, and whether it was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugbus_audit.errors import AuditError, InvalidFilter, NoTrail, TrailNotWritten, TrailUnusable
from plugbus_audit.plugin import AuditPlugin
from plugbus_audit.problems import Problem, Verification
from plugbus_audit.settings import AuditSettings


__all__ = (
    "AsyncTrail",
    "AuditError",
    "AuditPlugin",
    "AuditSettings",
    "Cause",
    "Filter",
    "Grave",
    "InvalidFilter",
    "NoTrail",
    "Problem",
    "Record",
    "Replay",
    "Trace",
    "Trail",
    "TrailNotWritten",
    "TrailStats",
    "TrailUnusable",
    "Verification",
    "export",
    "prove",
    "purge",
    "replay",
    "verify",
)


if TYPE_CHECKING:
    from plugbus_audit.async_trail import AsyncTrail
    from plugbus_audit.commitments import prove
    from plugbus_audit.counting import TrailStats
    from plugbus_audit.exporting import export
    from plugbus_audit.filters import Filter
    from plugbus_audit.purging import purge
    from plugbus_audit.record import Record
    from plugbus_audit.replaying import Replay, replay
    from plugbus_audit.retention import Grave
    from plugbus_audit.tracing import Cause, Trace
    from plugbus_audit.trail import Trail
    from plugbus_audit.verification import verify
else:
    _LAZY = {
        "AsyncTrail": "plugbus_audit.async_trail",
        "Cause": "plugbus_audit.tracing",
        "Filter": "plugbus_audit.filters",
        "Grave": "plugbus_audit.retention",
        "Record": "plugbus_audit.record",
        "Replay": "plugbus_audit.replaying",
        "Trace": "plugbus_audit.tracing",
        "Trail": "plugbus_audit.trail",
        "TrailStats": "plugbus_audit.counting",
        "export": "plugbus_audit.exporting",
        "prove": "plugbus_audit.commitments",
        "purge": "plugbus_audit.purging",
        "replay": "plugbus_audit.replaying",
        "verify": "plugbus_audit.verification",
    }

    def __getattr__(name: str) -> object:
        """Import what only a reader needs when it is asked for."""
        if name in _LAZY:
            from importlib import import_module

            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module 'plugbus_audit' has no attribute {name!r}")
