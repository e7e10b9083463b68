"""`Record`: one line of a trail as a reader sees it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import msgspec

from plugbus_audit.canon import CANON


__all__ = ("EVENTS", "KINDS", "Head", "Record", "read_record")

# What a record may record; the first two are events, the others tell of them or of the trail.
KINDS = ("event", "blocked", "outcome", "opened", "tombstone")
EVENTS = KINDS[:2]


class Head(msgspec.Struct, frozen=True, gc=False):
    """What is looked at in every record; the rest is read when it is asked for."""

    seq: int
    chain: str
    n: int
    kind: str
    recordedtime: str
    id: str | None = None
    type: str | None = None
    source: str | None = None
    time: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    dataversion: str | None = None
    canon: str | None = None


class _Data(msgspec.Struct, gc=False):
    data: msgspec.Raw = msgspec.Raw()


_read_head = msgspec.json.Decoder(Head).decode
_read_data = msgspec.json.Decoder(_Data).decode
_from_json = msgspec.json.Decoder().decode

_UNENCODABLE = b'"unencodable":'


@attrs.frozen
class Record:
    """
    One record of a trail.

    Args:
        head: Where it stands, and the envelope of the event that it is about.
        body: The record as it was hashed, a JSON object in UTF-8.
        hash: The SHA-256 that the trail has for it, 64 hexadecimal digits.
        outcome: What became of the event, if that was recorded: `handlers` and `failures`.
    """

    head: Head
    body: bytes = attrs.field(repr=False)
    hash: str = attrs.field(repr=False)
    outcome: Mapping[str, Any] | None = None

    @property
    def seq(self) -> int:
        """Its number in the trail."""
        return self.head.seq

    @property
    def kind(self) -> str:
        """What it records: `event`, `blocked`, `outcome`, `opened` or `tombstone`."""
        return self.head.kind

    @property
    def recorded(self) -> str:
        """When it was written, ISO 8601, UTC."""
        return self.head.recordedtime

    @property
    def chain(self) -> str:
        """The chain of the process that wrote it."""
        return self.head.chain

    @property
    def n(self) -> int:
        """Its position in that chain."""
        return self.head.n

    @property
    def id(self) -> str | None:
        """The event's id."""
        return self.head.id

    @property
    def type(self) -> str | None:
        """The event type."""
        return self.head.type

    @property
    def source(self) -> str | None:
        """Who raised the event."""
        return self.head.source

    @property
    def time(self) -> str | None:
        """When the event was created, ISO 8601, UTC."""
        return self.head.time

    @property
    def correlation_id(self) -> str | None:
        """What the event belongs to."""
        return self.head.correlationid

    @property
    def causation_id(self) -> str | None:
        """The id of the event that caused it."""
        return self.head.causationid

    @property
    def version(self) -> str:
        """The version of the event's fields."""
        return self.head.dataversion or "1"

    @cached_property
    def members(self) -> Mapping[str, Any]:
        """Everything that the record says."""
        found: Mapping[str, Any] = _from_json(self.body)
        return found

    @property
    def data(self) -> Any:
        """The event's own data, without its secrets; None if they could not be recorded."""
        return self.members.get("data")

    @property
    def raw_data(self) -> bytes | None:
        """The event's own data as they were recorded, in JSON; None if they were not."""
        return bytes(_read_data(self.body).data) or None

    @property
    def is_event(self) -> bool:
        """Whether it is an event, one that went through or one that was blocked."""
        return self.kind in EVENTS

    @property
    def blocked_by(self) -> str | None:
        """The middleware that stopped the event."""
        return _text(self._own("blocked").get("by")) if self.kind == "blocked" else None

    @property
    def unencodable(self) -> str | None:
        """Why the event's data could not be recorded."""
        return _text(self._own("unencodable").get("reason")) if _UNENCODABLE in self.body else None

    @property
    def failures(self) -> tuple[str, ...]:
        """The handlers that failed on the event, as far as that was recorded."""
        outcome = self._own("outcome") if self.kind == "outcome" else self.outcome
        failures = outcome.get("failures") if outcome is not None else None
        return tuple(str(one.get("handler")) for one in failures or () if isinstance(one, Mapping))

    def _own(self, name: str) -> Mapping[str, Any]:
        found = self.members.get(name)
        return found if isinstance(found, Mapping) else {}


def read_record(body: bytes, hash: str) -> Record:
    """
    Read a record.

    Raises:
        ValueError: If it is none, or one of a later form.
    """
    try:
        head = _read_head(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"it is no record: {error}") from None
    if head.canon is not None and head.canon != CANON and head.kind == "opened":
        raise ValueError(f"it is of the form {head.canon}, and this plugbus-audit knows {CANON}; upgrade plugbus-audit")
    return Record(head, body, hash)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
