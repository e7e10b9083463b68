"""Counts what becomes of events, per event type and per handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from plugbus._kinds import kind_of
from plugbus.events import Event
from plugbus.middleware import Monitor


if TYPE_CHECKING:
    from plugbus.handlers import Subscription
    from plugbus.result import HandlerFailure, PublishResult

__all__ = ("OTHERS", "HandlerCount", "Tally", "TypeCount", "type_of")

OTHERS = "(others)"
_MOST_TYPES = 1000


@attrs.define
class TypeCount:
    """What became of the events of one type; `failed` are those published ones that a handler failed on."""

    published: int = 0
    blocked: int = 0
    failed: int = 0


@attrs.define
class HandlerCount:
    """How the calls of one handler ended."""

    handled: int = 0
    failed: int = 0


@attrs.define(eq=False)
class Tally(Monitor):
    """
    Counts every event of a bus, those that handlers publish included.

    Attributes:
        types: By event type. Beyond a thousand types all others count as one, since types may come from outside.
        handlers: By plugin (None for the application's own) and handler name.
        blocked_by: The middleware that stopped an event last, since `forget_block`.
    """

    types: dict[str, TypeCount] = attrs.field(factory=dict)
    handlers: dict[tuple[str | None, str], HandlerCount] = attrs.field(factory=dict)
    blocked_by: str | None = None

    def published(self, event: Any, result: PublishResult) -> None:
        """An event has reached its handlers."""
        count = self._of_type(event)
        count.published += 1
        if result.failures:
            count.failed += 1

    def blocked(self, event: Any, by: str, error: Exception | None) -> None:  # noqa: ARG002
        """A middleware returned None for an event, or raised."""
        self._of_type(event).blocked += 1
        self.blocked_by = by

    def handled(self, event: Any, subscription: Subscription, value: Any) -> None:  # noqa: ARG002
        """A handler has ended well."""
        self._of_handler(subscription.plugin, subscription.name).handled += 1

    def failed(self, event: Any, failure: HandlerFailure) -> None:  # noqa: ARG002
        """A handler has failed."""
        self._of_handler(failure.plugin, failure.handler).failed += 1

    def forget_block(self) -> None:
        """Forget who stopped an event last."""
        self.blocked_by = None

    def _of_type(self, event: Any) -> TypeCount:
        name = type_of(event)
        count = self.types.get(name)
        if count is None:
            if len(self.types) >= _MOST_TYPES:
                name = OTHERS
            count = self.types.setdefault(name, TypeCount())
        return count

    def _of_handler(self, plugin: str | None, name: str) -> HandlerCount:
        count = self.handlers.get((plugin, name))
        if count is None:
            count = self.handlers[plugin, name] = HandlerCount()
        return count


def type_of(event: object) -> str:
    """Return an event's type without making its envelope."""
    return event.type if isinstance(event, Event) else kind_of(type(event)).type
