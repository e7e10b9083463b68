"""Points in time as a user gives them: a datetime, ISO 8601, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from plugbus.config import parse_duration
from plugbus_audit.errors import InvalidFilter


__all__ = ("moment",)


def moment(value: datetime | str, now: datetime | None = None) -> str:
    """
    Return a point in time as records have it: ISO 8601 with microseconds, UTC.

    Args:
        value: An aware datetime; a text in ISO 8601, in UTC if it says no offset; or a duration such as `"2h"`, which
            means so long ago.
        now: What a duration is counted from.

    Raises:
        InvalidFilter: If it is none of these.
    """
    if isinstance(value, str):
        value = _read(value, now or datetime.now(UTC))
    if value.tzinfo is None:
        raise InvalidFilter(f"{value!r} has no time zone; give an aware datetime, as in datetime.now(UTC)")
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _read(text: str, now: datetime) -> datetime:
    try:
        read = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        try:
            return now - timedelta(seconds=parse_duration(text))
        except (ValueError, OverflowError):
            raise InvalidFilter(
                f"{text!r} is no point in time: expected ISO 8601, as in '2026-11-20T19:00Z', or how long ago, as in "
                f"'2h' or '7d'"
            ) from None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
