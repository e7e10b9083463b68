"""`error.occurred`: what handlers raised, published after them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from plugbus._envelope import MAX_DEPTH, Record, as_parent, current
from plugbus._own import BUS, own_event
from plugbus.errors import Refusal
from plugbus.events import Event, restore_record
from plugbus.logger import logger
from plugbus.result import HandlerFailure, PublishResult


__all__ = ("ERROR", "Publisher", "Reports", "reporting")

ERROR = "error.occurred"

# Set while an `error.occurred` is being published, whoever raised it, so that nothing below it raises another.
reporting: ContextVar[bool] = ContextVar("plugbus.reporting", default=False)


class Publisher(Protocol):
    """What publishes from within a publish."""

    def listens(self, event_type: str) -> bool:
        """Tell whether anybody handles a generic event of this type."""

    async def publish_inside(self, event: Any) -> PublishResult:
        """Publish from within a publish."""

    def publish_sync_inside(self, event: Any) -> PublishResult:
        """Publish from within a `publish_sync`, on the same thread."""

    async def publish_soon_inside(self, event: Any) -> PublishResult:
        """Publish from within a `publish_soon`; yields once where it begins to wait."""


class Reports:
    """
    Publishes failures, in each of the ways in which a plan waits.

    What goes wrong with a report is logged: it is not the publisher's affair.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def report(self, failures: Sequence[HandlerFailure]) -> None:
        """Publish what failed, from async code."""
        for event in self._due(failures):
            with _apart(event):
                await self._publisher.publish_inside(event)

    def report_blocking(self, failures: Sequence[HandlerFailure]) -> None:
        """Publish what failed, from sync code."""
        for event in self._due(failures):
            with _apart(event):
                self._publisher.publish_sync_inside(event)

    async def report_soon(self, failures: Sequence[HandlerFailure]) -> None:
        """Publish what failed, from within a `publish_soon`."""
        for event in self._due(failures):
            with _apart(event):
                await self._publisher.publish_soon_inside(event)

    def _due(self, failures: Sequence[HandlerFailure]) -> list[Event]:
        if reporting.get() or not self._publisher.listens(ERROR):
            return []
        return [_event(failure) for failure in failures if not isinstance(failure.exception, Refusal)]


@contextmanager
def _apart(event: Event) -> Iterator[None]:
    """Log what is raised inside; and where the chain of causes has no room for one more event, begin a new one."""
    handled = current.get()
    cause = as_parent(handled) if handled is not None else None
    if isinstance(cause, Record) and cause.depth >= MAX_DEPTH:
        restore_record(event, correlation_id=cause.correlation_id, causation_id=cause.id)
        current.set(None)
    try:
        yield
    except Exception:  # noqa: BLE001  (logged: it is not the publisher's affair)
        logger.exception("publishing %s failed", ERROR)
    finally:
        current.set(handled)


def _event(failure: HandlerFailure) -> Event:
    event = Event(
        type=ERROR,
        payload={
            "severity": "error",
            "error": type(failure.exception).__name__,
            "message": _message(failure.exception),
            "handler": failure.handler,
            "plugin": failure.plugin,
            "event_type": failure.event_type,
            "event_id": failure.event_id,
        },
    )
    return own_event(event, BUS)


def _message(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  (a broken __str__ is no reason to keep the rest back)
        return "<exception str() failed>"
