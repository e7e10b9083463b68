"""What users write when they publish and wait."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, assert_type

from plugbus import (
    EventBase,
    EventBus,
    HandlerFailure,
    PublishResult,
    codec,
    correlation,
    detached,
    event,
)
from plugbus.catalog import EmailFailed


@event("item.sold")
class ItemSold(EventBase):
    item_id: int


class Cache:
    def clear(self) -> None:
        pass


class Clock(Protocol):
    def now(self) -> float: ...


async def publish(bus: EventBus) -> None:
    sold = ItemSold(item_id=1)
    result = await bus.publish(sold)
    assert_type(result, PublishResult)
    assert_type(result.ok, bool)
    assert_type(result.values, tuple[Any, ...])
    assert_type(result.failures, tuple[HandlerFailure, ...])
    assert_type(result.blocked_by, str | None)
    result.raise_failures()
    result.ok = True  # E: Property "ok" defined in "PublishResult" is read-only
    bus.publish(sold)  # E: must be used
    bus.publish()  # E: Missing positional argument "event"
    bus.publish(sold, timeout=5)  # E: Unexpected keyword argument "timeout"

    task = asyncio.create_task(bus.publish(sold))
    assert_type(await task, PublishResult)
    async with asyncio.TaskGroup() as group:
        group.create_task(bus.publish(sold))

    assert_type(await bus.publish_many([sold, sold]), tuple[PublishResult, ...])
    assert_type(await bus.publish_soon(sold), PublishResult)
    assert_type(await bus.replay(sold), PublishResult)
    await bus.drain(timeout=5)


def publish_from_sync_code(bus: EventBus) -> None:
    sold = ItemSold(item_id=1)
    assert_type(bus.publish_sync(sold), PublishResult)
    assert_type(bus.publish_soon(sold).wait(5), PublishResult)
    with bus.deferred() as block:
        assert_type(bus.publish_sync(sold).deferred, bool)
    assert_type(block.results, tuple[PublishResult, ...])
    with correlation("r-1", source="web"), detached():
        sold.publish()
    with correlation():  # E: Missing positional argument "id"
        pass


async def wait(bus: EventBus) -> None:
    async with bus, bus.deferred():
        pass
    async with bus.stream(ItemSold, maxsize=10, overflow="drop_oldest") as stream:
        async for sold in stream:
            print(sold)
    await bus.wait_for(ItemSold, where=lambda sold: sold.item_id == 1, timeout=5)
    bus.stream(ItemSold, overflow="drop")  # E: incompatible type


def look(bus: EventBus) -> None:
    assert_type(bus.service(Cache), Cache)
    bus.service(Cache).clear()
    bus.service(Cache).clean()  # E: has no attribute "clean"
    bus.service("cache")  # E: incompatible type "str"
    for plugin in bus.plugins:
        assert_type(plugin.name, str)
    assert_type(EventBus.get_instance(), EventBus)
    assert_type(EventBus.from_config({"bus": {}}), EventBus)
    with EventBus.override(bus) as other, bus.snapshot() as same:
        assert_type(other, EventBus)
        assert_type(same, EventBus)


def encode() -> None:
    failed = EmailFailed(recipient="a@example.org", reason="no such user")
    assert_type(codec.encode(failed, reveal=True), bytes)
    assert_type(codec.to_dict(failed), dict[str, Any])
    codec.decode(b"{}")
    codec.decode(5)  # E: incompatible type "int"
    codec.encode(failed, True)  # E: Too many positional arguments
