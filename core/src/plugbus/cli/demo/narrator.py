"""A monitor that remembers what became of each event, so that it can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from plugbus.codec import to_dict
from plugbus.events import envelope
from plugbus.middleware import Monitor
from plugbus.result import HandlerFailure


if TYPE_CHECKING:
    from plugbus.handlers import Subscription

__all__ = ("Narrator", "Story")


@attrs.define
class Story:
    """
    What became of one event.

    Args:
        type: Its type.
        fields: Its own data, secrets masked.
        handlers: The handlers that ended well.
        plugins: The plugins of which a handler ended well.
        failures: The handlers that failed.
        blocked_by: The middleware that stopped it.
    """

    type: str
    fields: dict[str, Any]
    handlers: list[str] = attrs.field(factory=list)
    plugins: list[str] = attrs.field(factory=list)
    failures: list[HandlerFailure] = attrs.field(factory=list)
    blocked_by: str | None = None


@attrs.define(eq=False)
class Narrator(Monitor):
    """Remembers a story for each event, in the order in which they were first heard of."""

    _stories: dict[str, Story] = attrs.field(factory=dict, init=False)

    def chapter(self, event: object) -> list[Story]:
        """Return the story of an event, then those of the events that it caused, and forget them."""
        own = self._of(event)
        return [own, *(story for story in self.rest() if story is not own)]

    def rest(self) -> list[Story]:
        """Return all stories that are not told yet, and forget them."""
        stories = list(self._stories.values())
        self._stories.clear()
        return stories

    def published(self, event: Any, result: object) -> None:  # noqa: ARG002
        """An event has reached its handlers."""
        self._of(event)

    def blocked(self, event: Any, by: str, error: Exception | None) -> None:  # noqa: ARG002
        """A middleware returned None for an event."""
        self._of(event).blocked_by = by

    def handled(self, event: Any, subscription: Subscription, value: Any) -> None:  # noqa: ARG002
        """A handler has ended well."""
        story = self._of(event)
        if subscription.plugin is None:
            story.handlers.append(subscription.name)
        else:
            story.plugins.append(subscription.plugin)

    def failed(self, event: Any, failure: HandlerFailure) -> None:
        """A handler has failed."""
        self._of(event).failures.append(failure)

    def _of(self, event: Any) -> Story:
        known = envelope(event)
        if known.id not in self._stories:
            self._stories[known.id] = Story(known.type, to_dict(event)["payload"])
        return self._stories[known.id]
