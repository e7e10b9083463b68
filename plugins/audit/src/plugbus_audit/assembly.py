"""What the plugin is made of, put together as the settings say."""

from __future__ import annotations

from logging import Logger

from plugbus.redaction import NAMES, Redactor, marker
from plugbus.sqlite import SqliteStore
from plugbus.writing import BufferedWriter, Store
from plugbus_audit.checkpoints import Checkpoints
from plugbus_audit.commitments import CommitmentBook
from plugbus_audit.ledger import Ledger
from plugbus_audit.records import Recorder
from plugbus_audit.retention import Retention
from plugbus_audit.settings import AuditSettings
from plugbus_audit.signing import Signer


__all__ = ("make_book", "make_ledger", "make_recorder", "make_store", "make_writer")


def make_book(settings: AuditSettings) -> CommitmentBook | None:
    """Return what makes commitments, None if nobody asked for them."""
    return CommitmentBook(settings.commitments_path) if settings.commitments_path is not None else None


def make_recorder(settings: AuditSettings, book: CommitmentBook | None) -> Recorder:
    """Return what turns events into rows."""
    redactor = Redactor(
        names=(*NAMES, *settings.redact_names),
        paths=settings.redact_paths,
        patterns=settings.redact_patterns,
        mark=book.mark if book is not None else marker,
    )
    return Recorder(redactor, error_texts=settings.error_texts)


def make_ledger(settings: AuditSettings, logger: Logger, book: CommitmentBook | None = None) -> Ledger:
    """Return this process's part in the trail."""
    name = f"the audit trail {settings.path}"
    signer = Signer(settings.sign_key) if settings.sign_key is not None else None
    checkpoints = Checkpoints(settings.checkpoint_path, signer, logger, name)
    if book is None:
        return Ledger(settings.path, checkpoints, logger, name)
    return Ledger(settings.path, checkpoints, logger, name, prepare=book.save)


def make_store(settings: AuditSettings, logger: Logger, book: CommitmentBook | None = None) -> Store[bytes]:
    """Return what records are written into; one for each process."""
    ledger = make_ledger(settings, logger, book)
    name = f"the audit trail {settings.path}"
    limits = (settings.keep_for, settings.keep_size)
    keeps_all = limits == (None, None)
    if settings.format == "jsonl":
        from plugbus_audit.segment_retention import SegmentRetention
        from plugbus_audit.segment_store import SegmentStore

        return SegmentStore(
            ledger,
            logger,
            size=settings.segment_size,
            age=settings.segment_age,
            retention=None if keeps_all else SegmentRetention(*limits, logger, name),
        )
    from plugbus_audit.store import RecordTable

    table = RecordTable(ledger, None if keeps_all else Retention(*limits, logger, name))
    return SqliteStore[bytes](table, logger)


def make_writer(settings: AuditSettings, logger: Logger, book: CommitmentBook | None) -> BufferedWriter[bytes]:
    """Return the writer of the trail."""
    return BufferedWriter(
        lambda: make_store(settings, logger, book),
        name=f"the audit trail {settings.path}",
        rows="records",
        logger=logger,
        flush_every=1 if settings.durable else settings.flush_every,
        flush_interval=settings.flush_interval,
        buffer_size=settings.buffer_size,
        buffer_timeout=settings.buffer_timeout,
        wait_for_room=settings.on_full == "wait",
    )
