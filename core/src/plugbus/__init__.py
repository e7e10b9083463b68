"""
plugbus: a typed, async-first, in-process event bus, with plugins for everything around it.

    from plugbus import EventBase, EventBus, event

    @event("user.registered")
    class UserRegistered(EventBase):
        user_id: int

    bus = EventBus()

    @bus.on(UserRegistered)
    async def send_welcome(event: UserRegistered) -> None: ...

    await bus.publish(UserRegistered(user_id=1))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugbus._envelope import Envelope, correlation, detached
from plugbus._kinds import name_event
from plugbus._names import EventType
from plugbus.bus import EventBus, on_event
from plugbus.errors import PlugbusError, Refusal
from plugbus.events import Event, EventBase, envelope, event, secret
from plugbus.handlers import EventHandler, Options, Retry, Subscription
from plugbus.result import HandlerFailure, PublishResult


__all__ = (
    "Deferred",
    "Envelope",
    "Event",
    "EventBase",
    "EventBus",
    "EventHandler",
    "EventType",
    "HandlerFailure",
    "Options",
    "PlugbusError",
    "PublishHandle",
    "PublishResult",
    "Refusal",
    "Retry",
    "Stream",
    "Subscription",
    "correlation",
    "detached",
    "envelope",
    "event",
    "name_event",
    "on_event",
    "secret",
)


if TYPE_CHECKING:
    from plugbus._deferred import Deferred
    from plugbus._streams import Stream
    from plugbus._tasks import PublishHandle
    from plugbus._version import __version__ as __version__
else:
    _LAZY = {
        "Deferred": "plugbus._deferred",
        "PublishHandle": "plugbus._tasks",
        "Stream": "plugbus._streams",
        "__version__": "plugbus._version",
    }

    def __getattr__(name: str) -> object:
        """Import what most programs do not name when it is asked for."""
        if name in _LAZY:
            from importlib import import_module

            return getattr(import_module(_LAZY[name]), name)
        raise AttributeError(f"module 'plugbus' has no attribute {name!r}")
