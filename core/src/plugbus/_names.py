"""Event types: the standard ones, the rule for their names, and the patterns that match them."""

from __future__ import annotations

import re
from enum import StrEnum

import attrs

from plugbus.errors import DefinitionError, InvalidEventType, InvalidPattern


__all__ = ("EVERYTHING", "EventType", "Pattern", "check_event_type", "check_version", "parse_pattern")

EVERYTHING = "*"

_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")


class EventType(StrEnum):
    """The twelve standard event types, for use with the generic `Event`."""

    USER_CREATED = "user.created"
    USER_UPDATED = "user.updated"
    USER_DELETED = "user.deleted"
    USER_LOGIN = "user.login"
    USER_LOGOUT = "user.logout"
    USER_LOGIN_FAILED = "user.login_failed"
    ITEM_CREATED = "item.created"
    ITEM_UPDATED = "item.updated"
    ITEM_DELETED = "item.deleted"
    CACHE_INVALIDATED = "cache.invalidated"
    ERROR_OCCURRED = "error.occurred"
    AUDIT_LOG = "audit.log"


def check_event_type(name: object) -> str:
    """
    Return the event type as a plain string.

    Raises:
        InvalidEventType: If it is no `entity.action` name: two or more lower-case segments joined by dots.
    """
    if not isinstance(name, str):
        raise InvalidEventType(f"an event type is a string such as 'user.created', got {type(name).__name__}")
    if not _EVENT_TYPE.fullmatch(name):
        raise InvalidEventType(
            f"{_plain(name)!r} is no event type: expected 'entity.action' in lower case, "
            f"for example 'user.created' or 'password.reset.requested'"
        )
    return _plain(name)


def check_version(name: str, version: object) -> int:
    """
    Return the version of an event type.

    Raises:
        DefinitionError: If it is no whole number from 1.
    """
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise DefinitionError(f"the version of {name!r} is a whole number from 1, got {version!r}")
    return version


def _plain(name: str) -> str:
    # str() would give 'Name.MEMBER' for an enum with str mixed in.
    return str.__str__(name)


@attrs.frozen
class Pattern:
    """
    What an event type's name is matched against: an exact name, or one with `*` in it.

    A `*` stands for one segment, at the end for one or more; alone it matches everything, unnamed events included.
    """

    text: str
    _regex: re.Pattern[str] | None = attrs.field(repr=False, eq=False)

    def matches(self, name: str) -> bool:
        """Tell whether the pattern matches the name of an event type."""
        if self._regex is None:
            return self.text in (EVERYTHING, name)
        return self._regex.fullmatch(name) is not None


def parse_pattern(text: str) -> Pattern:
    """
    Read a pattern.

    Exact names may be any CloudEvents type of two or more segments, since events from outside keep theirs.

    Raises:
        InvalidPattern: If a segment is empty or mixes `*` with other characters, or if there is but one segment.
    """
    text = _plain(text)
    if text == EVERYTHING:
        return Pattern(text, None)
    segments = text.split(".")
    if not all(segments):
        raise InvalidPattern(f"{text!r} is no pattern: it has an empty segment")
    if len(segments) == 1:
        raise InvalidPattern(
            f"{text!r} is no pattern: an event type is 'entity.action'; for every event of an entity write '{text}.*'"
        )
    for segment in segments:
        if EVERYTHING in segment and segment != EVERYTHING:
            raise InvalidPattern(
                f"{text!r} is no pattern: '*' stands for a whole segment, as in 'user.*' or '*.created', "
                f"not in {segment!r}"
            )
    if EVERYTHING not in segments:
        return Pattern(text, None)
    *inner, last = segments
    parts = ["[^.]+" if segment == EVERYTHING else re.escape(segment) for segment in inner]
    parts.append(".+" if last == EVERYTHING else re.escape(last))
    return Pattern(text, re.compile(r"\.".join(parts), re.DOTALL))
