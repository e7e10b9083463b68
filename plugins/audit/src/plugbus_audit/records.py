"""What is recorded: of an event, of what became of it, and of one whose data cannot be recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from plugbus.codec import to_cloudevent
from plugbus.errors import BusOverloaded, EncodeError, HandlerCancelled, HandlerTimeout, Refusal
from plugbus.events import envelope
from plugbus.redaction import Redactor
from plugbus.result import HandlerFailure, PublishResult


__all__ = ("Recorder", "without_refused_data")

_ATTRIBUTES = ("specversion", "id", "source", "type", "time", "correlationid", "causationid", "dataversion")
_OURS = ("kind", "sealed", "blocked", "outcome")

# Errors whose texts are made of names, numbers and places, or meant to be read by others.
_QUOTED = (BusOverloaded, EncodeError, HandlerCancelled, HandlerTimeout, Refusal)

_to_json = msgspec.json.Encoder().encode


class Recorder:
    """
    Turns events into rows: JSON objects in UTF-8, their secrets taken out.

    Args:
        redactor: Takes out the secrets.
        error_texts: Whether what exceptions say is recorded, as far as it holds no known secrets; otherwise only
            refusals, and those of plugbus's own errors that hold nothing of an event, are quoted.
    """

    def __init__(self, redactor: Redactor, *, error_texts: bool = False) -> None:
        self._redactor = redactor
        self._error_texts = error_texts

    def event(self, event: object) -> bytes:
        """
        Return the row of an event.

        Raises:
            EncodeError: If its data have no JSON form.
            Exception: What a value raises when it is looked at.
        """
        return self._encoded("event", event, {})

    def blocked(self, event: object, by: str, error: BaseException | None) -> bytes:
        """Return the row of an event that a middleware has stopped; `error` is what it raised, if it did."""
        told: dict[str, Any] = {"by": by, **self._error(error)} if error is not None else {"by": by}
        return self._whole("blocked", event, {"blocked": told})

    def outcome(self, event: object, result: PublishResult) -> bytes:
        """Return the row of what became of an event."""
        failures = [self._failure(failure) for failure in result.failures]
        outcome = {"handlers": list(result.handlers), "failures": failures}
        return _plain({"kind": "outcome", **self._attributes(event), "outcome": outcome})

    def without_data(self, event: object, error: Exception, kind: str = "event", **more: Any) -> bytes:
        """
        Return the row of an event that cannot be encoded: its envelope, and the reason.

        Args:
            event: The event, while it is being published.
            error: Why it cannot be encoded. Its text is recorded if it is plugbus's own; others may quote secrets.
            kind: The kind of the record.
            more: Further members.
        """
        if isinstance(error, EncodeError):
            why = self._redactor.text(str(error))
        else:
            why = f"{type(error).__name__} while it was encoded"
        unencodable = {"type": getattr(error, "value_type", None), "reason": why}
        return _plain({"kind": kind, **self._attributes(event), **more, "unencodable": unencodable})

    def _whole(self, kind: str, event: object, more: Mapping[str, Any]) -> bytes:
        try:
            return self._encoded(kind, event, more)
        except Exception as error:  # noqa: BLE001  (whatever a value raises, the event is recorded)
            return self.without_data(event, error, kind, **more)

    def _encoded(self, kind: str, event: object, more: Mapping[str, Any]) -> bytes:
        redactor = self._redactor
        made = to_cloudevent(event, hide=redactor.hide)
        data = made["data"]
        if made["type"] == "error.occurred" and not self._error_texts and "message" in data:
            data = {**data, "message": "[redacted:error]"}
        made["data"] = redactor.redact(data)
        source = made["source"]
        if ":" in source:
            made["source"] = redactor.text(source)
        if more:
            made.update(more)
        try:
            return b'{"kind":"%b",%b' % (kind.encode(), _to_json(made)[1:])
        except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError) as error:
            raise _no_json(made, error) from None

    def _attributes(self, event: object) -> dict[str, Any]:
        known = envelope(event)
        made = {
            "specversion": "1.0",
            "id": known.id,
            "source": self._redactor.text(known.source or "plugbus"),
            "type": known.type,
            "time": known.timestamp.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "correlationid": known.correlation_id,
            "causationid": known.causation_id,
            "dataversion": str(known.version) if known.version != 1 else None,
        }
        return {name: value for name, value in made.items() if value is not None}

    def _failure(self, failure: HandlerFailure) -> dict[str, Any]:
        return {"handler": failure.handler, "plugin": failure.plugin, **self._error(failure.exception)}

    def _error(self, error: BaseException) -> dict[str, Any]:
        cls = type(error)
        told: dict[str, Any] = {"error": f"{cls.__module__}.{cls.__qualname__}"}
        if self._error_texts or isinstance(error, _QUOTED):
            try:
                told["reason"] = self._redactor.text(str(error))
            except Exception:  # noqa: BLE001  (a broken __str__ is no reason to keep the rest back)
                told["reason"] = "its text cannot be had"
        return told


def without_refused_data(row: bytes, reason: str) -> bytes:
    """Return a row as it is after the database has refused it: without its data."""
    try:
        known = json.loads(row)
    except (ValueError, RecursionError):
        known = None
    if not isinstance(known, dict):
        known = {"specversion": "1.0"}
    made = {name: known[name] for name in (*_OURS, *_ATTRIBUTES) if known.get(name) is not None}
    return _plain({"kind": "event", **made, "unencodable": {"type": None, "reason": reason}})


def _plain(made: Mapping[str, Any]) -> bytes:
    try:
        return _to_json(made)
    except UnicodeEncodeError:
        # The reason that an event cannot be encoded may lie here: a lone surrogate has no UTF-8 form.
        return _to_json(_spelled(made))


def _spelled(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_spelled(key): _spelled(item) for key, item in value.items()}
    return [_spelled(item) for item in value] if isinstance(value, list | tuple) else value


def _no_json(made: Mapping[str, Any], error: Exception) -> EncodeError:
    place = _surrogate(made, "") if isinstance(error, UnicodeEncodeError) else None
    if place is not None:
        return EncodeError(f"{place}: a string with a lone surrogate has no JSON form", value_type="builtins.str")
    return EncodeError(f"{made['type']} holds a value that has no JSON form: {error}")


def _surrogate(value: object, path: str) -> str | None:
    """Return the place of the first string that has no UTF-8 form."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return path
    items: Sequence[tuple[str, object]] = ()
    if isinstance(value, dict):
        for key in value:
            if _surrogate(key, path) is not None:
                return f"{path}: a key"
        items = [(f"{path}.{key}" if path else key, item) for key, item in value.items()]
    elif isinstance(value, list):
        items = [(f"{path}[{index}]", item) for index, item in enumerate(value)]
    return next((found for place, item in items if (found := _surrogate(item, place)) is not None), None)
