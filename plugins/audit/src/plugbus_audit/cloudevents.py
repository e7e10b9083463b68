"""Records as CloudEvents: what other programs read, and what `plugbus publish` and a replay publish again."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from plugbus_audit.record import Record


__all__ = ("as_cloudevent", "cloudevent_line", "lacks_secrets", "to_json")

_ATTRIBUTES = (
    "specversion",
    "id",
    "source",
    "type",
    "time",
    "datacontenttype",
    "correlationid",
    "causationid",
    "dataversion",
    "recordedtime",
)
# What stands for a value that was removed; and, in records taken over from format 1, for a secret.
_MARKER = re.compile(rb"\[redacted:[a-z]+(?::sha256:[0-9a-f]+)?\]")
_MASK = b'"***"'
_KIND = b'"kind":"event",'

to_json = msgspec.json.Encoder().encode


def as_cloudevent(record: Record) -> dict[str, Any]:
    """
    Return an event as a CloudEvents object, its data included if they were recorded.

    What the trail knows of it goes by extension attributes, which are strings: `auditseq`, `auditkind`, and where it
    applies `auditblockedby`, `auditfailed` (the handlers, with commas) and `auditunencodable` (the reason).
    """
    members = record.members
    made = {name: members[name] for name in _ATTRIBUTES if members.get(name) is not None}
    made |= {"auditseq": str(record.seq), "auditkind": record.kind}
    told = {
        "auditblockedby": record.blocked_by,
        "auditfailed": ",".join(record.failures) or None,
        "auditunencodable": record.unencodable,
    }
    made |= {name: value for name, value in told.items() if value is not None}
    if "data" in members:
        made["data"] = members["data"]
    return made


def cloudevent_line(record: Record) -> bytes:
    """Return a record as one line of JSON: an event as a CloudEvents object, another record as it is in the trail."""
    if not record.is_event:
        return record.body
    if record.kind == "event" and not record.failures and record.unencodable is None:
        # Most are such, and need not be read to be written again: what follows the kind is the CloudEvents object.
        place = record.body.find(_KIND)
        if place > 0:
            own = b'{"auditseq":"%d","auditkind":"event","recordedtime":%b,'
            return own % (record.seq, to_json(record.recorded)) + record.body[place + len(_KIND) :]
    return to_json(as_cloudevent(record))


def lacks_secrets(record: Record) -> bool:
    """Tell whether something was removed from an event's data before it was recorded."""
    if _MARKER.search(record.body) is not None:
        return True
    return "sealed" in record.members and _MASK in record.body
