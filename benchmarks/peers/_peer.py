"""What is asked of every peer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import attrs

from harness.handlers import Kit
from harness.statement import Statement


# What plugbus promises with every publish, and a peer may not.
PROMISES = {
    "isolation": "a handler that fails does not keep the others from running",
    "result": "the publisher is given what handlers returned and which of them failed",
    "types": "events are typed objects, and handlers are found by their class",
    "both": "one bus reaches sync and async handlers, and leaves none out",
    "waits": "publishing is over when the handlers have ended",
    "middleware": "something may see, change and block an event before its handlers",
}


class Cannot(Exception):
    """The peer has no such thing; the message says why."""


@attrs.frozen
class Desk:
    """
    Where handlers of one thing are subscribed.

    Args:
        add: Subscribes a handler; returns what `remove` takes.
        remove: Unsubscribes.
        signature: The arguments that a handler must have.
    """

    add: Callable[[Any], Any]
    remove: Callable[[Any], Any]
    signature: str = "event"


class Peer:
    """
    A peer; what it does not override it cannot do.

    Attributes:
        name: As it is shown.
        distribution: As it is installed.
        module: What its users import.
        keeps: Those of `PROMISES` that it keeps, as it is used here.
        form: What is called to publish.
    """

    name: ClassVar[str]
    distribution: ClassVar[str]
    module: ClassVar[str]
    keeps: ClassVar[frozenset[str]]
    form: ClassVar[str]

    def called(self, kit: Kit, count: int) -> Statement:
        """Publish to sync handlers, from sync code."""
        raise Cannot("no publish from sync code")

    def called_from_async(self, kit: Kit, count: int) -> Statement:
        """Publish to sync handlers by something that is awaited."""
        raise Cannot("nothing to await that calls sync handlers")

    def values(self, kit: Kit, count: int) -> Statement:
        """Publish to sync handlers that return values, and be given them."""
        raise Cannot("what handlers return is dropped")

    def values_from_async(self, kit: Kit, count: int) -> Statement:
        """Publish to sync handlers that return values, by something that is awaited, and be given them."""
        raise Cannot("nothing to await that gives what sync handlers return")

    def awaited(self, kit: Kit, count: int) -> Statement:
        """Publish to async handlers that are awaited one after the other."""
        raise Cannot("does not await handlers one after the other")

    def gathered(self, kit: Kit, count: int, *, suspends: bool = False) -> Statement:
        """Publish to async handlers that run side by side, and wait for them."""
        raise Cannot("does not run async handlers side by side")

    def mixed(self, kit: Kit, count: int) -> Statement:
        """Publish to half sync, half async handlers, and wait for them."""
        raise Cannot("does not mix sync and async handlers")

    def wrapped(self, kit: Kit, count: int) -> Statement:
        """Publish to one sync handler through so many sync middlewares."""
        raise Cannot("has no middleware")

    def wrapped_async(self, kit: Kit, count: int) -> Statement:
        """Publish to one async handler through so many async middlewares."""
        raise Cannot("has no async middleware")

    def soon(self, kit: Kit, count: int) -> Statement:
        """Publish so many events to an async handler without waiting for each, then wait for all."""
        raise Cannot("does not publish without waiting and tell when it has ended")

    def growing(self, kit: Kit, types: int) -> Statement:
        """Publish one of so many types of events, each with a sync handler."""
        raise Cannot("does not tell events apart by type")

    def created(self) -> Statement:
        """Create an event of 5 fields, by an expression."""
        raise Cannot("has no events of its own")

    def desk(self) -> Desk:
        """Return where many handlers of one thing are subscribed and unsubscribed."""
        raise Cannot("does not unsubscribe")
