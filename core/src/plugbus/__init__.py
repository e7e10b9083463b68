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
    "Envelope",
    "Event",
    "EventBase",
    "EventBus",
    "EventHandler",
    "EventType",
    "HandlerFailure",
    "Options",
    "PlugbusError",
    "PublishResult",
    "Refusal",
    "Retry",
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
    __version__: str
else:

    def __getattr__(name: str) -> str:
        if name == "__version__":
            from plugbus._version import __version__

            return __version__
        raise AttributeError(f"module 'plugbus' has no attribute {name!r}")
