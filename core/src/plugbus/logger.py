"""
The event log: the standard library's logger `plugbus`.

Registrations, publishes and "nobody listens" are told at DEBUG, each failure once at ERROR, each refusal at WARNING. No
line holds an event's data.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakSet


if TYPE_CHECKING:
    from plugbus.result import HandlerFailure

__all__ = ("guarded", "log_failure", "logger", "on_level_change", "tells_publishes")

logger = logging.getLogger("plugbus")


def tells_publishes() -> bool:
    """Tell whether single publishes are logged. Plans ask this when they are compiled, not for each event."""
    return logger.isEnabledFor(logging.DEBUG)


class _LevelCache(dict[int, bool]):
    """
    The cache of `logging` for which levels are on, which it clears whenever any level changes anywhere.

    That is the moment to compile the plans anew, so that a level set at run time is heeded and costs nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.listeners: WeakSet[Any] = WeakSet()

    def clear(self) -> None:
        super().clear()
        for listener in list(self.listeners):
            listener.level_changed()


_cache = _LevelCache()
if hasattr(logger, "_cache"):
    logger._cache = _cache


def on_level_change(listener: Any) -> None:
    """Call `listener.level_changed()` whenever a logging level changes, as long as the listener lives."""
    _cache.listeners.add(listener)


def log_failure(failure: HandlerFailure, *, refused: bool) -> None:
    """Log a handler's failure, once: with traceback, or as a warning if it was a refusal."""
    origin = f" of plugin {failure.plugin}" if failure.plugin else ""
    if refused:
        logger.warning(
            "handler %s%s refused %s %s: %s",
            failure.handler, origin, failure.event_type, failure.event_id, failure.exception,
        )  # fmt: skip
    else:
        logger.error(
            "handler %s%s failed on %s %s",
            failure.handler, origin, failure.event_type, failure.event_id, exc_info=failure.exception,
        )  # fmt: skip


def guarded(tell: Callable[..., None]) -> Callable[..., None]:
    """Return a monitor's method that logs what it raises instead of raising it."""

    def told(*args: Any) -> None:
        try:
            tell(*args)
        except Exception:
            logger.exception("monitor %s failed", getattr(tell, "__qualname__", tell))

    return told
