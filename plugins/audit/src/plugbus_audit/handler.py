"""`AuditLogHandler`: every event becomes a record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from plugbus.codec import encode
from plugbus.handlers import EventHandler
from plugbus_audit.records import without_data


__all__ = ("AuditLogHandler", "Sink")


class Sink(Protocol):
    """Takes records."""

    def put(self, record: bytes, /) -> None:
        """
        Take a record.

        Raises:
            Exception: If it cannot be kept.
        """


class AuditLogHandler(EventHandler):
    """
    Encodes every event and hands the record over; somebody else writes it.

    Events that are replayed are not recorded again: they are in the trail already.

    Args:
        sink: Takes the records.
    """

    event_types = ("*",)

    def __init__(self, sink: Sink) -> None:
        self._put: Callable[[bytes], None] = sink.put

    def handle(self, event: Any) -> None:
        """
        Record an event, its secrets masked.

        Raises:
            EncodeError: If its data have no JSON form. Then its envelope is recorded, with the reason.
            Exception: If the sink takes no records.
        """
        try:
            record = encode(event)
        except Exception as error:
            self._put(without_data(event, error))
            raise
        self._put(record)
