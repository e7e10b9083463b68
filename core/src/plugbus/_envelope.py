"""
Envelopes: what is known about an event apart from its own data, and how one event causes another.

Every event has a `Record`, made on first need. The context variable `current` holds what is being handled, so that
an event published meanwhile finds its cause.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import attrs

from plugbus.errors import EventLoopError, UsageError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime  # noqa: TC004  (`import plugbus` does without it)

__all__ = (
    "MAX_DEPTH",
    "Envelope",
    "Record",
    "correlation",
    "current",
    "detached",
    "from_nanoseconds",
    "new_id",
    "to_nanoseconds",
)

MAX_DEPTH = 64


@attrs.frozen(kw_only=True)
class Envelope:
    """
    What is known about an event, whatever its kind. The names on the wire are those of CloudEvents 1.0.

    Args:
        id: A UUID of version 7, so that ids sort by time.
        type: The event type, as in `user.created`.
        version: The version of the type, from 1.
        timestamp: When the event was created, aware, UTC.
        source: Who raised it; None if neither the event, nor the context, nor the bus says so.
        correlation_id: Shared by all events that go back to one root; a root's is its own id.
        causation_id: The id of the event whose handling raised this one; None for a root.
    """

    id: str
    type: str
    version: int
    timestamp: datetime
    source: str | None
    correlation_id: str
    causation_id: str | None


def new_id(time: int) -> str:
    """Return a UUID version 7 (RFC 9562) for a time in nanoseconds since the epoch."""
    random = int.from_bytes(os.urandom(10), "big")
    number = (
        (time // 1_000_000 & (1 << 48) - 1) << 80
        | 0x7 << 76
        | (random >> 68) << 64
        | 0b10 << 62
        | random & (1 << 62) - 1
    )
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def from_nanoseconds(time: int) -> datetime:
    """Return nanoseconds since the epoch as an aware UTC time."""
    import datetime as dt

    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=time // 1000)


def to_nanoseconds(time: datetime) -> int:
    """
    Return an aware time as nanoseconds since the epoch.

    Raises:
        OverflowError: If it has no UTC form, in the first or the last hours of the calendar.
    """
    import datetime as dt

    since = time.astimezone(dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return since // dt.timedelta(microseconds=1) * 1000


class Record:
    """
    The mutable side of an envelope: completed when an event is published, with ids made when somebody asks.

    Args:
        type: The event type's name.
        version: The event type's version.
        time: When the event was created, in nanoseconds since the epoch.
        id: The event's id, if it has one already.
        source: Who raised it, if the event says so.
        correlation_id: Where the event says so itself; else it follows from the cause.
        causation_id: Where the event says so itself.
        depth: The length of the chain of causes that ends with the event.
        subject: The event, if it cannot hold its record itself.
    """

    # Set by `own_event` alone; few events have a publisher that is asked for.
    publisher: str

    __slots__ = (
        "_id",
        "cause",
        "depth",
        "explicit_cause",
        "explicit_correlation",
        "is_cause",
        "publisher",
        "source",
        "subject",
        "time",
        "type",
        "version",
    )

    def __init__(
        self,
        type: str,
        version: int,
        time: int,
        *,
        id: str | None = None,
        source: str | None = None,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        depth: int = 1,
        subject: object = None,
    ) -> None:
        self.type = type
        self.version = version
        self.time = time
        self._id = id
        self.source = source
        self.explicit_correlation = correlation_id
        self.explicit_cause = causation_id
        self.depth = depth
        self.subject = subject
        self.cause: Record | None = None
        self.is_cause = False

    @property
    def id(self) -> str:
        if self._id is None:
            with lock.held:
                made = new_id(self.time)
                if self._id is None:
                    self._id = made
        return self._id

    @property
    def causation_id(self) -> str | None:
        if self.explicit_cause is not None:
            return self.explicit_cause
        return self.cause.id if self.cause is not None else None

    @property
    def inherited_correlation(self) -> str | None:
        """The correlation id, None for a root, whose own id it is."""
        if self.explicit_correlation is not None:
            return self.explicit_correlation
        return self.cause.correlation_id if self.cause is not None else None

    @property
    def correlation_id(self) -> str:
        return self.inherited_correlation or self.id

    def envelope(self, source: str | None = None) -> Envelope:
        return Envelope(
            id=self.id,
            type=self.type,
            version=self.version,
            timestamp=from_nanoseconds(self.time),
            source=self.source if self.source is not None else source,
            correlation_id=self.correlation_id,
            causation_id=self.causation_id,
        )

    def link(self, parent: Record | Scope) -> None:
        """
        Make what is being handled the cause of this event.

        An event that is published again keeps its first cause, and stays a root if it has caused others as one; only
        its depth is counted anew.

        Raises:
            EventLoopError: If the chain of causes becomes deeper than `MAX_DEPTH`.
        """
        cause: Record | None
        if isinstance(parent, Scope):
            cause = parent.cause
            if self.explicit_correlation is None and not self.is_cause:
                self.explicit_correlation = parent.correlation_id
            if self.source is None:
                self.source = parent.source
        else:
            cause = parent
        if cause is None:
            return
        self.depth = cause.depth + 1
        if self.depth > MAX_DEPTH:
            raise EventLoopError(
                f"events cause each other in a circle, {MAX_DEPTH} deep: {cause.chain()} -> {self.type}. "
                f"Let a handler not publish what leads back to itself, or cut the chain with detached()."
            )
        cause.is_cause = True
        if self.cause is None and self.explicit_cause is None and not self.is_cause:
            self.cause = cause

    def chain(self) -> str:
        """Return the last types that led here, as in `... -> a.b -> c.d`."""
        types: list[str] = []
        record: Record | None = self
        while record is not None and len(types) < 6:
            types.append(record.type)
            record = record.cause
        return " -> ".join(["..."] * (record is not None) + types[::-1])

    def state(self, source: str | None) -> dict[str, Any]:
        """Return what a copy of the event keeps, as arguments; `source` is that of the bus."""
        return {
            "version": self.version,
            "time": self.time,
            "id": self.id,
            "source": self.source if self.source is not None else source,
            "correlation_id": self.inherited_correlation,
            "causation_id": self.causation_id,
            "depth": self.depth,
        }


class Scope:
    """What `correlation` puts around the events that are published inside it."""

    __slots__ = ("cause", "correlation_id", "source")

    def __init__(self, correlation_id: str, source: str | None, cause: Record | None) -> None:
        self.correlation_id = correlation_id
        self.source = source
        self.cause = cause


class _Lock:
    """
    Guards the making of ids and records; a forked child gets a new one.

    It can be taken again by its holder, since a signal handler or a finalizer may publish right in between.
    """

    def __init__(self) -> None:
        self.held = threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.held = threading.RLock()


lock = _Lock()

# An event of ours, or the Record of a foreign one, or a Scope.
current: ContextVar[Any] = ContextVar("plugbus.current", default=None)


def as_parent(handled: Any) -> Record | Scope:
    """Return the record of what `current` holds."""
    if isinstance(handled, Record | Scope):
        return handled
    record: Record = handled.__record__()
    return record


@contextmanager
def correlation(id: str, *, source: str | None = None) -> Iterator[None]:
    """
    Give the events that are published inside this block a correlation id.

    Args:
        id: The correlation id, for example the one of an HTTP request.
        source: The source of those events, unless they name their own; None for that of an enclosing block.

    Raises:
        UsageError: If the id is empty or no string.
    """
    if not isinstance(id, str) or not id:
        raise UsageError(f"a correlation id is a string that is not empty, got {id!r}")
    handled = current.get()
    cause = as_parent(handled) if handled is not None else None
    if isinstance(cause, Scope):
        source = cause.source if source is None else source
        cause = cause.cause
    token = current.set(Scope(id, source, cause))
    try:
        yield
    finally:
        current.reset(token)


@contextmanager
def detached() -> Iterator[None]:
    """Let the events that are published inside this block start chains of their own."""
    token = current.set(None)
    try:
        yield
    finally:
        current.reset(token)
