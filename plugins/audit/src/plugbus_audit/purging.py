"""`purge`: retention at once, by hand."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from plugbus_audit.assembly import make_ledger
from plugbus_audit.errors import NoTrail, TrailUnusable
from plugbus_audit.retention import Grave, Retention
from plugbus_audit.settings import AuditSettings
from plugbus_audit.verification import Progress


__all__ = ("purge",)


def purge(
    path: str | Path,
    *,
    keep_for: float | None = None,
    keep_size: int | None = None,
    checkpoint_path: str | Path | None = None,
    sign_key: str | Path | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Grave | None:
    """
    Remove records from the front of a trail, while others may write it.

    Args:
        path: The trail.
        keep_for: Seconds that a record is kept; None for ever.
        keep_size: Bytes that the trail may have; None for any number.
        checkpoint_path: Where its checkpoints are kept: one has to vouch for what this leaves.
        sign_key: The key that signs them.
        dry_run: Only tell what would be removed.
        progress: Called now and then with the number of records removed so far, and of all.

    Returns:
        What was removed, None if nothing.

    Raises:
        NoTrail: If there is no trail.
        TrailUnusable: If it cannot be opened or written.
    """
    path = Path(path)
    if not path.exists():
        raise NoTrail(f"there is no audit trail {path}, so there is nothing to remove")
    settings = AuditSettings(
        path=path,
        keep_for=keep_for,
        keep_size=keep_size,
        checkpoint_path=Path(checkpoint_path) if checkpoint_path is not None else None,
        sign_key=Path(sign_key) if sign_key is not None else None,
    )
    if path.is_dir():
        return _purged_segments(settings, dry_run=dry_run)
    try:
        return _looked_at(settings) if dry_run else _purged(settings, progress)
    except sqlite3.Error as error:
        raise TrailUnusable(f"cannot remove records from the audit trail {path}: {error}") from error


def _logger() -> logging.Logger:
    return logging.getLogger("plugbus.audit")


def _retention(settings: AuditSettings) -> Retention:
    return Retention(settings.keep_for, settings.keep_size, _logger(), f"the audit trail {settings.path}")


def _looked_at(settings: AuditSettings) -> Grave | None:
    from plugbus_audit.opening import open_for_reading

    with closing(open_for_reading(settings.path)) as connection:
        return _retention(settings).plan(connection)


def _purged(settings: AuditSettings, progress: Progress | None) -> Grave | None:
    from plugbus_audit.store import RecordTable

    ledger = make_ledger(settings, _logger())
    table = RecordTable(ledger)
    retention = _retention(settings)
    with closing(table.connect()) as connection:
        connection.execute("PRAGMA busy_timeout = 10000")
        try:
            grave = retention.plan(connection)
            if grave is not None:
                table.bury(connection, grave)
            total = grave.records if grave is not None else 0
            done = 0
            while removed := retention.remove(connection):
                done += removed
                if progress is not None:
                    progress(done, max(total, done))
        finally:
            ledger.end()
    return grave


def _purged_segments(settings: AuditSettings, *, dry_run: bool) -> Grave | None:
    from plugbus_audit.segment_retention import SegmentRetention
    from plugbus_audit.segment_store import SegmentStore

    name = f"the audit trail {settings.path}"
    retention = SegmentRetention(settings.keep_for, settings.keep_size, _logger(), name)
    found = retention.plan(settings.path)
    if found is None or dry_run:
        return found[0] if found is not None else None
    ledger = make_ledger(settings, _logger())
    store = SegmentStore(ledger, _logger(), size=settings.segment_size, age=settings.segment_age)
    try:
        with store.locked():
            store.bury(*found)
    except OSError as error:
        raise TrailUnusable(f"cannot remove records from the audit trail {settings.path}: {error}") from error
    finally:
        store.close()
        ledger.end()
    return found[0]
