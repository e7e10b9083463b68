"""Denials as `audit.log`: the first at once, repeats once a minute with their number."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any

import attrs

from plugbus import Event, EventType, envelope
from plugbus.errors import BusClosed, BusOverloaded, NoEnvelope
from plugbus.logger import logger
from plugbus.plugins import own_event
from plugbus_guards.decision import Deny, Error
from plugbus_guards.locking import ForkLock


if TYPE_CHECKING:
    from plugbus import EventBus
    from plugbus_guards.decision import Decision
    from plugbus_guards.principal import Principal
    from plugbus_guards.surroundings import Surroundings

__all__ = ("PLUGIN", "Recorder", "Subject")

# The name under which the plugin marks its own events.
PLUGIN = "guards"
_SECONDS = 60.0
# How many principals and rules are told apart; what is above is counted together.
_MOST = 10_000


@attrs.frozen
class Subject:
    """
    What was decided on.

    Args:
        type: The type of the event, or the name of the function.
        id: The event's id; None of what cannot hold one.
        correlation_id: That of its correlation.
    """

    type: str
    id: str | None = None
    correlation_id: str | None = None

    @classmethod
    def of(cls, event: object, event_type: str) -> Subject:
        """Return an event as the subject of a decision."""
        try:
            known = envelope(event)
        except NoEnvelope:
            return cls(event_type)
        return cls(event_type, known.id, known.correlation_id)


@attrs.define
class _Tally:
    """What has been counted of one principal, rule and result."""

    since: float
    payload: dict[str, Any]
    count: int = 0


class Recorder:
    """
    Publishes what guards have decided against, or would have, and what was let pass as the system.

    Args:
        bus: The bus.
        surroundings: Know the time.
    """

    def __init__(self, bus: EventBus, surroundings: Surroundings) -> None:
        self._bus = bus
        self._surroundings = surroundings
        self._lock = ForkLock()
        self._tallies: dict[tuple[str, str, str], _Tally] = {}

    def record(
        self,
        principal: Principal,
        rule: str,
        subject: Subject,
        result: str,
        decision: Decision | None = None,
    ) -> None:
        """
        Record what came of an event.

        Args:
            principal: Who acts.
            rule: Where the rule stands, or what it is called.
            subject: What was decided on.
            result: `"denied"`, `"blocked"`, `"would_deny"`, `"failed"` or `"system"`.
            decision: Why.
        """
        payload: dict[str, Any] = {
            "actor": principal.id,
            "action": subject.type,
            "object": subject.id,
            "result": result,
            "rule": rule,
        }
        if isinstance(decision, Deny):
            payload |= {"code": decision.code, "reason": decision.reason}
        elif isinstance(decision, Error):
            payload |= {"code": "error", "reason": decision.reason}
        elif principal.is_system:
            payload["reason"] = principal.claims["reason"]
        now = self._surroundings.clock().timestamp()
        due = []
        with self._lock.held:
            key = (f"{principal.kind}@{principal.id}", rule, result)
            if key not in self._tallies and len(self._tallies) >= _MOST:
                key = ("", "", result)
                payload = payload | {"actor": "(others)", "object": None}
            tally = self._tallies.get(key)
            if tally is None or not 0 <= now - tally.since < _SECONDS:
                if tally is not None and tally.count:
                    due.append(_counted(tally))
                self._tallies[key] = _Tally(now, payload)
                due.append(payload | {"count": 1})
            else:
                tally.count += 1
                tally.payload = payload
        for one in due:
            self._publish(one, subject.correlation_id)

    def due(self, *, all: bool = False) -> list[Event]:
        """Return the records of repeats whose minute is over, or of all; they are counted anew then."""
        now = self._surroundings.clock().timestamp()
        with self._lock.held:
            over = [key for key, tally in self._tallies.items() if all or not 0 <= now - tally.since < _SECONDS]
            tallies = [self._tallies.pop(key) for key in over]
        return [_event(_counted(tally)) for tally in tallies if tally.count]

    def _publish(self, payload: dict[str, Any], correlation_id: str | None) -> None:
        event = _event(payload, correlation_id)
        try:
            try:
                # In a context of its own: a block of `deferred()` around the denial must not keep the record back.
                _ = Context().run(self._bus.publish_soon, event)
            except BusClosed:
                _ = self._bus.publish_soon(event)  # it stops, and still takes what comes from its handlers
        except (BusClosed, BusOverloaded) as error:
            logger.error("the record of a denial could not be published: %s: %s", error, payload)


def _counted(tally: _Tally) -> dict[str, Any]:
    return tally.payload | {"count": tally.count, "repeats": True}


def _event(payload: dict[str, Any], correlation_id: str | None = None) -> Event:
    event = Event(type=EventType.AUDIT_LOG, payload=payload, source=None, correlation_id=correlation_id)
    return own_event(event, PLUGIN)
