"""`EventRecorder`: what happened on a real bus."""

from __future__ import annotations

from typing import Any, Self

from plugbus.bus import EventBus
from plugbus.handlers import What
from plugbus.middleware import Monitor
from plugbus.result import HandlerFailure, PublishResult
from plugbus.testing._matching import assert_among, select


__all__ = ("EventRecorder",)


class EventRecorder(Monitor):
    """
    Records what is published on a bus; handlers run as ever.

    Use it as a context manager, or call `close()`.

    Args:
        bus: The bus.

    Attributes:
        events: What reached the handlers, in order.
        results: What became of each.
        blocked_events: What a middleware stopped, with the middleware's name.
        failures: The handlers that failed.
    """

    def __init__(self, bus: EventBus) -> None:
        self.events: list[Any] = []
        self.results: list[PublishResult] = []
        self.blocked_events: list[tuple[Any, str]] = []
        self.failures: list[HandlerFailure] = []
        self._take_back = bus.add_monitor(self)

    def published(self, event: Any, result: PublishResult) -> None:
        """Record an event that has reached its handlers."""
        self.events.append(event)
        self.results.append(result)

    def blocked(self, event: Any, by: str, error: Exception | None) -> None:  # noqa: ARG002
        """Record an event that a middleware stopped."""
        self.blocked_events.append((event, by))

    def failed(self, event: Any, failure: HandlerFailure) -> None:  # noqa: ARG002  (the failure names its event)
        """Record a failure."""
        self.failures.append(failure)

    def find(self, what: What, /, **fields: Any) -> list[Any]:
        """Return the recorded events of a class or pattern with these values in their fields or payload."""
        return select(self.events, what, fields)

    def assert_published(self, what: What, /, **fields: Any) -> Any:
        """
        Return the first recorded event of a class or pattern with these values in its fields or payload.

        Raises:
            AssertionError: If there is none; it lists what was published.
        """
        return assert_among(self.events, what, fields)

    def clear(self) -> None:
        """Forget what was recorded."""
        for recorded in (self.events, self.results, self.blocked_events, self.failures):
            recorded.clear()

    def close(self) -> None:
        """Record no more."""
        self._take_back()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
