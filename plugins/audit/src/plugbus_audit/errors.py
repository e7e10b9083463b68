"""What can go wrong with an audit trail."""

from __future__ import annotations

from plugbus.errors import PlugbusError


__all__ = ("AuditError", "InvalidFilter", "NoTrail", "TrailNotWritten", "TrailUnusable")


class AuditError(PlugbusError):
    """The root of the errors of this plugin."""


class InvalidFilter(AuditError, ValueError):
    """What is searched for cannot be searched for; the message says what was expected."""


class TrailUnusable(AuditError):
    """The file cannot be opened as an audit trail; the message says why and what to do."""


class NoTrail(AuditError):
    """There is no file yet."""


class TrailNotWritten(AuditError):
    """Events were accepted but are not on disk, and time is up."""
