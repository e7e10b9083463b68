"""What is recorded of an event whose data cannot be: its envelope, and the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping

from plugbus.errors import EncodeError
from plugbus.events import envelope


__all__ = ("without_data", "without_refused_data")

_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "correlationid", "causationid", "dataversion")


def without_data(event: object, error: Exception) -> bytes:
    """
    Return the record of an event that cannot be encoded.

    Args:
        event: The event, while it is being published.
        error: Why it cannot be encoded. Its text is recorded if it is plugbus's own; others may quote secrets.
    """
    known = envelope(event)
    reason = str(error) if isinstance(error, EncodeError) else f"{type(error).__name__} while it was encoded"
    return _encoded(
        {
            "specversion": "1.0",
            "id": known.id,
            "source": known.source or "plugbus",
            "type": known.type,
            "time": known.timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "correlationid": known.correlation_id,
            "causationid": known.causation_id,
            "dataversion": str(known.version) if known.version != 1 else None,
        },
        reason,
    )


def without_refused_data(record: bytes, reason: str) -> bytes:
    """Return a record as it is after the database has refused it: without its data."""
    try:
        known = json.loads(record)
    except (ValueError, RecursionError):
        known = {"specversion": "1.0"}
    return _encoded({name: known.get(name) for name in _ATTRIBUTES}, reason)


def _encoded(attributes: Mapping[str, str | None], reason: str) -> bytes:
    made = {
        # The reason that an event cannot be encoded may lie here: a lone surrogate has no UTF-8 form.
        name: value.encode("utf-8", "backslashreplace").decode()
        for name, value in {**attributes, "unencodable": reason}.items()
        if value is not None
    }
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
