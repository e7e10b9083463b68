"""What users write when they handle events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, assert_type

from plugbus import (
    Event,
    EventBase,
    EventBus,
    EventHandler,
    HandlerFailure,
    Options,
    PublishResult,
    Retry,
    Subscription,
    event,
    on_event,
)
from plugbus.middleware import Monitor


@event("user.renamed")
class UserRenamed(EventBase):
    user_id: int


@dataclass
class Placed:
    order_id: int


bus = EventBus(source="shop", correlation=True, sequential=False, max_pending=10, handle_sigterm=False)
EventBus("shop")  # E: Too many positional arguments
EventBus(sauce="shop")  # E: Unexpected keyword argument "sauce"


# A decorated function stays what it was.
@bus.on(UserRenamed)
async def send_mail(renamed: UserRenamed) -> int:
    return renamed.user_id


@bus.on("user.*", Placed, timeout=5, retry=Retry(attempts=2), in_thread=True, name="count")
def count(happened: Any) -> None:
    pass


@on_event(UserRenamed, after="send_mail", first=False)
def log(renamed: UserRenamed) -> str:
    return str(renamed)


async def use() -> None:
    assert_type(await send_mail(UserRenamed(user_id=1)), int)
    assert_type(log(UserRenamed(user_id=1)), str)


class Mailer:
    def send(self, renamed: UserRenamed) -> None:
        pass

    @staticmethod
    def forget(renamed: UserRenamed) -> None:
        pass


# Whatever takes one event is a handler.
assert_type(bus.subscribe(UserRenamed, log), Subscription)
bus.subscribe(UserRenamed, send_mail, timeout=5.0, when=lambda renamed: renamed.user_id > 1, once=True)
bus.subscribe((UserRenamed, "order.*"), count)
bus.subscribe([UserRenamed], count, before=["log"], after="send_mail", replay=True, loop="publisher")
bus.subscribe(Placed, lambda placed: placed.order_id)
bus.subscribe(UserRenamed, Mailer().send)
bus.subscribe(UserRenamed, Mailer.forget)
bus.subscribe(UserRenamed, partial(log))
bus.subscribe(UserRenamed, 5)  # E: No overload variant of "subscribe"
bus.subscribe(5, log)  # E: No overload variant of "subscribe"


class Audit(EventHandler):
    event_types = ("*",)
    options = Options(timeout=5, retry=Retry(attempts=5, on=(OSError,)), first=True)

    def __init__(self, path: str) -> None:
        self.path = path

    async def handle(self, event: Any) -> None:
        pass


class Mails(EventHandler):
    def __init__(self) -> None:
        self.event_types = (UserRenamed, "user.*")
        self.options = Options(timeout=5)

    def handle(self, event: UserRenamed | Event) -> None:
        pass


class Silent(EventHandler):
    event_types = ("*",)


bus.subscribe(Audit("trail.db"))
bus.subscribe(Mails(), name="mails")
bus.subscribe(UserRenamed, Mails())
Silent()  # E: Cannot instantiate abstract class "Silent"
Options(timeout="5")  # E: incompatible type "str"
Options(loop="mine")  # E: incompatible type
Retry(3)  # E: Too many positional arguments
Retry(on=(BaseException,))  # E: incompatible type

assert_type(bus.unsubscribe(log), bool)
assert_type(bus.unsubscribe(UserRenamed, log), bool)
assert_type(bus.unsubscribe(bus.subscribe("user.*", count)), bool)
assert_type(bus.subscriptions(), tuple[Subscription, ...])


# Beside the handlers.
def passes(happened: EventBase) -> EventBase | None:
    return happened


async def changes(happened: Any) -> Any:
    return happened


def intercept(happened: Any, call_next: Callable[[Any], Any]) -> Any:
    return call_next(happened)


async def intercept_async(happened: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
    return await call_next(happened)


class Both:
    def intercept(self, event: Any, call_next: Callable[[Any], Any]) -> Any:
        return call_next(event)

    async def intercept_async(self, event: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        return await call_next(event)


class Watch(Monitor):
    def published(self, event: Any, result: PublishResult) -> None:
        pass

    def failed(self, event: Any, failure: HandlerFailure) -> None:
        assert_type(failure.exception, Exception)


class WatchWrongly(Monitor):
    def published(self, event: Any) -> None:  # E: incompatible with supertype
        pass


take_back = bus.add_middleware(passes)
take_back()
bus.add_middleware(changes, name="changes")
bus.add_interceptor(intercept)
bus.add_interceptor(intercept_async)
bus.add_interceptor(Both())
bus.add_monitor(Watch())
bus.add_middleware("passes")  # E: incompatible type "str"
bus.add_monitor(passes)  # E: incompatible type
