"""
Events to and from plain values, JSON and CloudEvents 1.0 (JSON event format, structured mode).

Secrets are masked in all that is made here, unless a delivery channel asks with `reveal=True`.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from datetime import datetime
from time import time_ns
from typing import Any

import msgspec

from plugbus._envelope import Envelope, Record, to_nanoseconds
from plugbus._kinds import find_event_class, kind_of
from plugbus._plain import Hide, describe, iso, mask, plain_fields
from plugbus._rebuild import rebuild
from plugbus.errors import DecodeError, EncodeError
from plugbus.events import Event, EventBase, envelope, foreign_record, restore_record


__all__ = ("decode", "encode", "from_dict", "to_cloudevent", "to_dict")

_DEFAULT_SOURCE = "plugbus"
# What is larger is no version, and more than some database's integer holds.
_MAX_VERSION = 2**31
_PLAIN_KEYS = frozenset({"type", "payload", "source", "id", "timestamp", "version", "correlation_id", "causation_id"})
_FROM_CLOUDEVENTS = {
    "type": "type",
    "source": "source",
    "id": "id",
    "time": "timestamp",
    "correlationid": "correlation_id",
    "causationid": "causation_id",
}

_VERSION = re.compile("[0-9]{1,10}")

_to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder().decode
_shown = reprlib.repr


def to_dict(event: object, *, reveal: bool = False) -> dict[str, Any]:
    """
    Return an event of any kind as plain values: its envelope, and its own data under `payload`.

    Args:
        event: The event.
        reveal: Leave secrets as they are.

    Raises:
        EncodeError: If a value has no JSON form.
    """
    return describe(_envelope_of(event), plain_fields(event, hide=None if reveal else mask))


def to_cloudevent(event: object, *, reveal: bool = False, hide: Hide = mask) -> dict[str, Any]:
    """
    Return an event as the JSON object of CloudEvents 1.0, as plain values.

    Correlation and causation go by the extension attributes `correlationid` and `causationid`, a version above 1 by
    `dataversion`. An event without a source gets "plugbus", since CloudEvents demands one.

    Args:
        event: The event.
        reveal: Leave secrets as they are.
        hide: Returns what stands for a secret, given its value; by default `***`.

    Raises:
        EncodeError: If a value has no JSON form.
    """
    known = _envelope_of(event)
    made = {
        "specversion": "1.0",
        "id": known.id,
        "source": known.source or _DEFAULT_SOURCE,
        "type": known.type,
        "time": iso(known.timestamp),
        "datacontenttype": "application/json",
        "correlationid": known.correlation_id,
    }
    if known.causation_id is not None:
        made["causationid"] = known.causation_id
    if known.version != 1:
        made["dataversion"] = str(known.version)
    return {**made, "data": plain_fields(event, hide=None if reveal else hide)}


def encode(event: object, *, reveal: bool = False) -> bytes:
    """
    Return an event as one CloudEvents JSON object, UTF-8, without line breaks.

    Args:
        event: The event.
        reveal: Leave secrets as they are.

    Raises:
        EncodeError: If a value has no JSON form.
    """
    made = to_cloudevent(event, reveal=reveal)
    try:
        return _to_json(made)
    except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError) as error:
        raise EncodeError(f"{made['type']} holds a value that has no JSON form: {error}") from None


def decode(data: str | bytes | Mapping[str, Any], *, generic: bool = False) -> Any:
    """
    Return the event that a JSON object stands for.

    Args:
        data: A CloudEvents object, or `{"type": ..., "payload": {...}}` with, if known, `id`, `timestamp`, `source`,
            `version`, `correlation_id` and `causation_id`; as JSON text or as a mapping. An event type and version
            that a class stands for comes back as that class, everything else as a generic `Event`.
        generic: Give a generic `Event` even if a class stands for its type: for data that does not make one any more.

    Raises:
        DecodeError: If it is no such object, or its data does not fit the class.
    """
    if isinstance(data, str | bytes):
        try:
            data = _from_json(data)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise DecodeError("one JSON object", f"invalid JSON ({error})") from None
        except RecursionError:
            raise DecodeError("one JSON object", "JSON that is nested too deeply") from None
    if not isinstance(data, Mapping):
        raise DecodeError("a JSON object", _shown(data))
    return _from_cloudevent(data, generic) if "specversion" in data else _from_plain(data, generic)


def from_dict(data: Mapping[str, Any]) -> Any:
    """
    Return the event that `to_dict` described. Only `type` is required.

    Raises:
        DecodeError: If a key is unknown, missing or of the wrong kind, or the payload does not fit the class.
    """
    return _from_plain(data)


def _from_plain(data: Mapping[str, Any], generic: bool = False) -> Any:
    for key in data:
        if key not in _PLAIN_KEYS:
            raise DecodeError(f"the keys {', '.join(sorted(_PLAIN_KEYS))}", f"the key {_shown(key)}")
    payload = data.get("payload")
    if payload is not None and not isinstance(payload, Mapping):
        raise DecodeError("an object as payload", _shown(payload))
    return _build(data, payload or {}, generic)


def _from_cloudevent(data: Mapping[str, Any], generic: bool = False) -> Any:
    if data["specversion"] != "1.0":
        raise DecodeError("CloudEvents specversion '1.0'", _shown(data["specversion"]))
    for required in ("id", "source", "type"):
        if data.get(required) is None:
            got = "null" if required in data else f"only {', '.join(sorted(map(str, data)))}"
            raise DecodeError(f"the CloudEvents attribute {required!r}", got)
    payload = data.get("data")
    if data.get("data_base64") is not None:
        payload = {"data_base64": data["data_base64"]}
    elif payload is None:
        payload = {}
    elif not isinstance(payload, Mapping):
        payload = {"data": payload}
    known = {ours: data.get(theirs) for theirs, ours in _FROM_CLOUDEVENTS.items()}
    version = data.get("dataversion")
    known["version"] = int(version) if isinstance(version, str) and _VERSION.fullmatch(version) else version
    return _build(known, payload, generic)


def _build(known: Mapping[str, Any], payload: Mapping[str, Any], generic: bool) -> Any:
    event_type = _text(known, "type")
    if event_type is None:
        raise DecodeError("the key 'type'", "none" if "type" not in known else "null")
    version = known.get("version")
    if version is None:
        version = 1
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version < _MAX_VERSION:
        raise DecodeError("a whole number from 1 as version", _shown(version))
    for key in payload:
        if not isinstance(key, str):
            raise DecodeError("strings as keys of the payload", _shown(key))
    facts = {
        "time": _time(known.get("timestamp")),
        **{name: _text(known, name) for name in ("id", "source", "correlation_id", "causation_id")},
    }
    cls = None if generic else find_event_class(event_type, version)
    event = Event.from_outside(event_type, payload) if cls is None else rebuild(cls, event_type, payload)
    if isinstance(event, EventBase):
        restore_record(event, version=version, **facts)
    return event


def _text(known: Mapping[str, Any], key: str) -> str | None:
    value = known.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise DecodeError(f"a string that is not empty as {key}", _shown(value))
    return value


def _time(value: Any) -> int | None:
    if value is None:
        return None
    expected = "an ISO 8601 time with an offset, as in '2026-01-31T12:00:00Z', as timestamp"
    try:
        time = datetime.fromisoformat(value.upper())
        if time.tzinfo is not None:
            return to_nanoseconds(time)
    except (AttributeError, TypeError, ValueError, OverflowError):
        pass
    raise DecodeError(expected, _shown(value))


def _envelope_of(event: object) -> Envelope:
    if isinstance(event, EventBase) or foreign_record(event) is not None:
        return envelope(event)
    # A foreign object outside of its publish: what its class says is all that is known.
    kind = kind_of(type(event))
    return Record(kind.type, kind.version, time_ns()).envelope()
