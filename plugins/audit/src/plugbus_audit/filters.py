"""`Filter`: which records are meant, the same for search, export, statistics and replay."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from plugbus.handlers import parse_pattern
from plugbus_audit.errors import InvalidFilter
from plugbus_audit.matching import found_at, is_equal, leaves, may_hold, needles_at
from plugbus_audit.moments import moment
from plugbus_audit.record import EVENTS, KINDS, Record


__all__ = ("Filter",)

# Where text is looked for: in the event's own data, and in what is said of it.
_TEXTS = ("data", "blocked", "unencodable", "outcome")


def _moment(value: datetime | str | None) -> str | None:
    return None if value is None else moment(value)


def _kinds(_: object, __: object, value: Sequence[str]) -> None:
    for kind in value:
        if kind not in KINDS:
            raise InvalidFilter(f"{kind!r} is no kind of record: expected {', '.join(KINDS)}")


def _fields(_: object, __: object, value: Mapping[str, Any]) -> None:
    for path in value:
        if not all(path.split(".")):
            raise InvalidFilter(f"{path!r} is no path: expected steps with dots, as in 'payload.user.email'")


def _listed(value: Sequence[str]) -> tuple[str, ...]:
    return tuple(value)


def _to_pattern(text: str) -> str:
    parse_pattern(text)
    return text


@attrs.frozen(kw_only=True)
class Filter:
    """
    Which records are meant. What is not said holds for all.

    Args:
        type: An event type, or a pattern of types as handlers use it: `"user.*"`.
        since: The events created at that time or later: an aware datetime, ISO 8601, or a duration ago as in `"2h"`.
        until: The events created before that time.
        source: Who raised the event.
        correlation_id: What the event belongs to.
        fields: Values by paths with dots in the event's data, as in `{"payload.user_id": 7}`; a text stands for a
            number, a boolean or null as well. In a list a step is a number, or `*` for each.
        text: A part of any key, string or whole number in the event's data, or of why it was blocked, not encoded or
            not handled; the case of letters does not count.
        kinds: The kinds of records; by default events, those that were blocked included.

    Raises:
        InvalidPattern: If `type` is no pattern.
        InvalidFilter: If something else cannot be searched for.
    """

    type: str = attrs.field(default="*", converter=_to_pattern)
    since: str | None = attrs.field(default=None, converter=_moment)
    until: str | None = attrs.field(default=None, converter=_moment)
    source: str | None = None
    correlation_id: str | None = None
    fields: Mapping[str, Any] = attrs.field(factory=dict, validator=_fields)
    text: str | None = None
    kinds: Sequence[str] = attrs.field(default=EVENTS, converter=_listed, validator=_kinds)

    # Read once, not for every record.
    _is_type: Callable[[str], bool] = attrs.field(init=False, repr=False, eq=False)

    @_is_type.default
    def _read_type(self) -> Callable[[str], bool]:
        return parse_pattern(self.type).matches

    _needles: Sequence[Sequence[bytes]] = attrs.field(init=False, repr=False, eq=False)

    @_needles.default
    def _find_needles(self) -> Sequence[Sequence[bytes]]:
        found = (needles_at(path, wanted) for path, wanted in self.fields.items())
        return tuple(needles for needles in found if needles)

    def matches(self, record: Record) -> bool:
        """Tell whether a record is meant."""
        return (
            record.kind in self.kinds
            and self._matches_envelope(record)
            and (not self.fields or self._matches_fields(record))
            and (self.text is None or self._matches_text(record, self.text.casefold()))
        )

    def _matches_envelope(self, record: Record) -> bool:
        if not self._is_type(record.type or ""):
            return False
        if self.since is not None and (record.time is None or record.time < self.since):
            return False
        if self.until is not None and (record.time is None or record.time >= self.until):
            return False
        if self.source is not None and record.source != self.source:
            return False
        return self.correlation_id is None or record.correlation_id == self.correlation_id

    def _matches_fields(self, record: Record) -> bool:
        body = record.body
        for needles in self._needles:
            if not any(needle in body for needle in needles):
                return False
        data = record.data
        return all(
            any(is_equal(found, wanted) for found in found_at(data, path)) for path, wanted in self.fields.items()
        )

    def _matches_text(self, record: Record, wanted: str) -> bool:
        if not may_hold(record.body, wanted):
            return False
        members = record.members
        return any(wanted in leaf.casefold() for name in _TEXTS for leaf in leaves(members.get(name)))
