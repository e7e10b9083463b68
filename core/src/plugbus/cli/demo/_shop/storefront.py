"""
A small storefront: users sign up and log in, items are listed and sold.

Whatever happens is an event. Whoever wants to react to it subscribes a handler; those who publish know none of them.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from plugbus import Event, EventBase, EventBus, EventHandler, EventType, event, secret


# 1. Events. A typed one is a class; its fields are checked by your type checker, and a secret is shown to nobody.


@event("user.signed_up")
class UserSignedUp(EventBase):
    name: str
    email: str = secret()


@event("user.locked")
class UserLocked(EventBase):
    name: str
    reason: str


@event("item.listed")
class ItemListed(EventBase):
    name: str
    cents: int


@event("item.sold")
class ItemSold(EventBase):
    name: str
    cents: int
    buyer: str


# 2. Handlers. They are functions, or objects that keep state and say themselves what they listen to.


class Inventory(EventHandler):
    """Knows what is for sale."""

    event_types = (ItemListed, ItemSold)

    def __init__(self) -> None:
        self.items: set[str] = set()

    def handle(self, event: ItemListed | ItemSold) -> None:
        if isinstance(event, ItemListed):
            self.items.add(event.name)
        else:
            self.items.discard(event.name)


def open_shop(bus: EventBus) -> None:
    """Subscribe everybody who wants to know."""
    failed_logins: Counter[str] = Counter()
    activity: Counter[str] = Counter()
    mails: list[str] = []

    @bus.on(UserSignedUp)  # by class: this type of event and its subclasses
    async def send_welcome(event: UserSignedUp) -> None:
        await asyncio.sleep(0.01)  # stands for the mail server
        mails.append(f"Welcome, {event.name}!")

    @bus.on("user.*")  # by pattern: all that happens to users. Sync and async handlers go together.
    def count_activity(event: EventBase) -> None:
        activity[event.envelope.type] += 1

    @bus.on(EventType.USER_LOGIN_FAILED)
    async def watch_logins(event: Event) -> None:
        name = event.payload["name"]
        failed_logins[name] += 1
        if failed_logins[name] == 3:  # a handler may publish too; the new event knows what caused it
            await bus.publish(UserLocked(name=name, reason="3 failed logins"))

    @bus.on(ItemSold)
    async def send_receipt(event: ItemSold) -> None:
        # Things fail. The other handlers do not suffer from it, nor does the publisher.
        raise ConnectionError(f"no mail server for {event.buyer}'s receipt")

    bus.subscribe(Inventory())
    bus.add_middleware(no_free_items)


# 3. Middleware sees every event before the handlers. It may look at it, change it, or block it.


def no_free_items(event: EventBase) -> EventBase | None:
    """Block items without a price."""
    if isinstance(event, ItemListed) and event.cents <= 0:
        return None
    return event


# 4. Publishing.


def opening_day() -> Iterator[EventBase]:
    """Yield what happens on the first day."""
    yield UserSignedUp(name="Ada", email="ada@example.org")
    yield UserSignedUp(name="Bob", email="bob@example.org")
    yield ItemListed(name="teapot", cents=2400)
    yield ItemListed(name="lunch", cents=0)
    # A generic event needs no class: a type and a payload.
    yield Event(type=EventType.USER_LOGIN, payload={"name": "Ada"})
    for _ in range(3):
        yield Event(type=EventType.USER_LOGIN_FAILED, payload={"name": "Bob"})
    yield ItemSold(name="teapot", cents=2400, buyer="Ada")
    yield Event(type=EventType.ITEM_DELETED, payload={"name": "teapot"})  # who may do that, plugbus.toml says
    yield Event(type=EventType.USER_LOGOUT, payload={"name": "Ada"})


async def main() -> None:
    """Open the shop for a day."""
    bus = EventBus.from_config(Path(__file__).with_name("plugbus.toml"))
    open_shop(bus)
    async with bus:
        for happened in opening_day():
            result = await bus.publish(happened)
            print(happened, "was blocked" if result.blocked_by else f"was for {', '.join(result.handlers)}")


if __name__ == "__main__":
    asyncio.run(main())
