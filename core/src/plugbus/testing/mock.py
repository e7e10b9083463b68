"""`MockEventBus`: takes the place of a bus and dispatches nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from plugbus._kinds import kind_of
from plugbus._tasks import PublishHandle
from plugbus.bus import EventBus
from plugbus.dispatcher import check_event
from plugbus.events import Event
from plugbus.handlers import What
from plugbus.result import PublishResult
from plugbus.testing._matching import assert_among, select


__all__ = ("MockEventBus",)


class MockEventBus(EventBus):
    """
    A bus for code that publishes: it takes events by every verb, remembers them, and calls no handler.

    What a bus would refuse it refuses too: what is no event, `publish_sync` inside a running loop. What is published in
    a `deferred()` block counts as published when the block has succeeded.

    Attributes:
        published_events: What was published, in order.
        result: What each publish returns; set another one to play a failure.
    """

    def __init__(self) -> None:
        super().__init__()
        self.published_events: list[Any] = []
        self.result = PublishResult()

    @property
    def call_count(self) -> int:
        """How many events were published."""
        return len(self.published_events)

    def get_published_events(self, what: What, /, **fields: Any) -> list[Any]:
        """Return the published events of a class or pattern with these values in their fields or payload."""
        return select(self.published_events, what, fields)

    def assert_event_published(self, what: What, /, **fields: Any) -> Any:
        """
        Return the first published event of a class or pattern with these values in its fields or payload.

        Raises:
            AssertionError: If there is none; it lists what was published.
        """
        return assert_among(self.published_events, what, fields)

    def reset(self) -> None:  # type: ignore[override]
        """Forget what was published; unlike `EventBus.reset()`, which forgets the default bus."""
        self.published_events.clear()

    def _take(self, event: Any) -> PublishResult:
        check_event(type(event))
        if (deferred := self._deferred(event)) is not None:
            return deferred
        self.published_events.append(event)
        return self.result

    async def publish(self, event: Any) -> PublishResult:
        """Remember an event."""
        return self._take(event)

    def publish_sync(self, event: Any) -> PublishResult:
        """
        Remember an event.

        Raises:
            LoopRunning: If a loop is running in this thread.
        """
        if asyncio._get_running_loop() is not None:
            return super().publish_sync(event)  # which refuses
        return self._take(event)

    def publish_soon(self, event: Any) -> PublishHandle:
        """Remember an event; the handle is done."""
        result = self._take(event)
        return PublishHandle(event.type if isinstance(event, Event) else kind_of(type(event)).type, result)

    async def publish_many(self, events: Iterable[Any]) -> tuple[PublishResult, ...]:
        """Remember events."""
        return tuple(self._take(event) for event in events)

    async def replay(self, event: Any) -> PublishResult:
        """Remember an event."""
        return self._take(event)
