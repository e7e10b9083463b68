"""What `publish` returns."""

from __future__ import annotations

from typing import Any

import attrs


__all__ = ("DEFERRED", "HandlerFailure", "PublishResult", "result_of")


@attrs.frozen(kw_only=True, eq=False)
class HandlerFailure:
    """
    One handler that raised.

    Args:
        handler: The handler's name.
        plugin: The plugin that contributed it, None if the application did.
        exception: What it raised.
        event_type: The type of the event it was handling.
        event_id: The id of that event.
    """

    handler: str
    plugin: str | None
    exception: Exception
    event_type: str
    event_id: str

    def __str__(self) -> str:
        origin = f" of plugin {self.plugin}" if self.plugin else ""
        return f"{self.handler}{origin}: {_told(self.exception)}"


def _told(error: Exception) -> str:
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception:  # noqa: BLE001  (an exception whose text cannot be had is told by its class)
        return kind
    return f"{kind}: {text}" if text else kind


class _Draft:
    """A result that is being made. It has the slots, so that it becomes a `PublishResult` by a change of its class."""

    __slots__ = ("__weakref__", "blocked_by", "deferred", "failures", "handlers", "values")


@attrs.frozen(kw_only=True)
class PublishResult(_Draft):
    """
    What became of an event. It holds no reference to the event, and is shared where there is nothing to tell.

    Args:
        handlers: The names of the handlers that the event was for, in the order of their start.
        values: What the handlers returned, other than None, in the same order.
        failures: The handlers that raised.
        blocked_by: The middleware that stopped the event.
        deferred: Whether the event waits for the end of a `deferred()` block.
    """

    handlers: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    failures: tuple[HandlerFailure, ...] = ()
    blocked_by: str | None = None
    deferred: bool = False

    @property
    def ok(self) -> bool:
        """Whether no handler failed and no middleware stopped the event."""
        return not self.failures and self.blocked_by is None

    def raise_failures(self) -> None:
        """
        Raise what the handlers raised, if any did.

        Raises:
            ExceptionGroup: Of the handlers' exceptions; its message names the handlers.
        """
        if self.failures:
            event_type = self.failures[0].event_type
            who = ", ".join(str(failure) for failure in self.failures)
            raise ExceptionGroup(
                f"{len(self.failures)} of {len(self.handlers)} handlers of {event_type} failed: {who}",
                [failure.exception for failure in self.failures],
            )


def result_of(
    handlers: tuple[str, ...], values: tuple[Any, ...], failures: tuple[HandlerFailure, ...] = ()
) -> PublishResult:
    """Return a result with values or failures. The constructor of a frozen class would cost more than ten handlers."""
    draft: Any = _Draft()
    draft.handlers = handlers
    draft.values = values
    draft.failures = failures
    draft.blocked_by = None
    draft.deferred = False
    draft.__class__ = PublishResult
    made: PublishResult = draft
    return made


DEFERRED = PublishResult(deferred=True)
