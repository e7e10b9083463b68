"""`TrailStats`: what a trail holds, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import attrs

from plugbus_audit.record import Record


__all__ = ("TrailStats", "count")

_HOUR = len("2026-11-20T19")


@attrs.frozen(kw_only=True)
class TrailStats:
    """
    What a trail holds, in numbers.

    Args:
        total: How many events.
        first: Time of the oldest event, ISO 8601, UTC; None if there is none.
        last: Time of the newest event.
        types: How many of each type, the most frequent first.
        hours: How many in each hour that had any, in order; the keys are as in "2026-11-20T19".
    """

    total: int
    first: str | None
    last: str | None
    types: Mapping[str, int]
    hours: Mapping[str, int]


def count(records: Iterable[Record]) -> TrailStats:
    """Count records."""
    types: Counter[str] = Counter()
    hours: Counter[str] = Counter()
    first: str | None = None
    last: str | None = None
    for record in records:
        time = record.time
        types[record.type or ""] += 1
        hours[(time or "")[:_HOUR]] += 1
        if time is not None:
            first = time if first is None or time < first else first
            last = time if last is None or time > last else last
    return TrailStats(
        total=types.total(),
        first=first,
        last=last,
        types=dict(sorted(types.items(), key=lambda item: (-item[1], item[0]))),
        hours=dict(sorted(hours.items())),
    )
