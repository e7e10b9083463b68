"""`ResultMonitor`: what became of an event, and what did not go through."""

from __future__ import annotations

from typing import Any, Literal

from plugbus.middleware import Monitor
from plugbus.result import PublishResult
from plugbus_audit.handler import Sink
from plugbus_audit.records import Recorder


__all__ = ("RecordResults", "ResultMonitor")

RecordResults = Literal["failures", "all"]


class ResultMonitor(Monitor):
    """
    Records outcomes, and events that a middleware has stopped.

    Args:
        sink: Takes the records.
        recorder: Makes them.
        results: Whether every outcome is recorded, or those with failures.
    """

    replays = False  # they are in the trail already

    def __init__(self, sink: Sink, recorder: Recorder, results: RecordResults) -> None:
        self._sink = sink
        self._recorder = recorder
        self._all = results == "all"

    def published(self, event: Any, result: PublishResult) -> None:
        """Record what became of an event."""
        if self._all or result.failures:
            self._sink.put(self._recorder.outcome(event, result))

    def blocked(self, event: Any, by: str, error: Exception | None) -> None:
        """Record an event that a middleware has stopped, and why if it raised."""
        self._sink.put(self._recorder.blocked(event, by, error))
