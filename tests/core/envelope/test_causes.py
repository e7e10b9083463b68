"""A chain of causes deeper than 64 is an `EventLoopError` that prints the chain; no circle of causes can arise."""

from __future__ import annotations

import asyncio

import pytest

from plugbus import EventBase, EventBus, correlation, detached, envelope, event, name_event
from plugbus.errors import EventLoopError, NoEnvelope


@event("ping.sent")
class PingSent(EventBase):
    number: int = 0


@event("pong.sent")
class PongSent(EventBase):
    number: int = 0


class Loose:
    pass


name_event(Loose, "loose.seen")


def chained(length, start=PingSent):
    """A bus on which a chain of so many events arises, and the list of what was published on it."""
    bus, seen = EventBus(), []

    async def handle(given) -> None:
        seen.append(given)
        if given.number + 1 < length:
            result = await bus.publish(start(number=given.number + 1))
            result.raise_failures()

    bus.subscribe(start, handle)
    return bus, seen


def innermost(error):
    while isinstance(error, ExceptionGroup):
        (error,) = error.exceptions
    return error


async def test_a_chain_of_64_is_fine():
    bus, seen = chained(64)
    (await bus.publish(PingSent())).raise_failures()
    assert len(seen) == 64


async def test_a_chain_of_65_is_an_error_in_the_handler_that_would_have_made_it():
    bus, seen = chained(65)
    result = await bus.publish(PingSent())
    assert len(seen) == 64
    assert isinstance(innermost(result.failures[0].exception), EventLoopError)


async def test_the_error_prints_the_chain_and_what_to_do():
    bus, caught = EventBus(), []

    async def ping(_) -> None:
        await bus.publish(PongSent())

    async def pong(_) -> None:
        try:
            await bus.publish(PingSent())
        except EventLoopError as error:
            caught.append(error)

    bus.subscribe(PingSent, ping)
    bus.subscribe(PongSent, pong)
    await bus.publish(PingSent())
    (error,) = caught
    assert (
        "64 deep: ... -> ping.sent -> pong.sent -> ping.sent -> pong.sent -> ping.sent -> pong.sent -> ping.sent"
        in str(error)
    )
    assert "detached()" in str(error)
    assert isinstance(error, RecursionError)


async def test_detached_cuts_the_chain():
    bus, seen = EventBus(), []

    async def handle(ping: PingSent) -> None:
        seen.append(ping.number)
        if ping.number < 200:
            with detached():
                asyncio.get_running_loop().create_task(bus.publish(PingSent(number=ping.number + 1)))

    bus.subscribe(PingSent, handle)
    done = asyncio.create_task(bus.wait_for(PingSent, where=lambda ping: ping.number == 200, timeout=20))
    await asyncio.sleep(0)
    await bus.publish(PingSent())
    await done
    assert len(seen) >= 200


async def test_with_correlation_does_not_cut_the_chain():
    bus, caught = EventBus(), []

    async def handle(ping: PingSent) -> None:
        with correlation(f"part-{ping.number}"):
            try:
                await bus.publish(PingSent(number=ping.number + 1))
            except EventLoopError as error:
                caught.append((ping.number, "ping.sent -> ping.sent" in str(error)))

    bus.subscribe(PingSent, handle)
    await bus.publish(PingSent())
    assert caught == [(63, True)]


async def test_without_correlation_no_chain_is_counted():
    bus, seen = EventBus(correlation=False), []

    async def handle(ping: PingSent) -> None:
        seen.append(ping)
        if ping.number < 80:
            await bus.publish(PingSent(number=ping.number + 1))

    bus.subscribe(PingSent, handle)
    await bus.publish(PingSent())
    assert len(seen) == 81


async def test_an_event_that_a_handler_publishes_again_keeps_its_place():
    bus, ping, seen = EventBus(), PingSent(), []

    async def again(given: PingSent) -> None:
        seen.append(envelope(given))
        if len(seen) < 3:
            await bus.publish(given)

    bus.subscribe(PingSent, again)
    await bus.publish(ping)
    assert len(seen) == 3
    assert seen[0] == seen[1] == seen[2]
    assert seen[0].causation_id is None


async def test_a_root_that_is_published_again_further_down_does_not_become_its_own_cause():
    bus, root, seen = EventBus(), PingSent(), []

    async def ping(_) -> None:
        if len(seen) < 3:
            await bus.publish(PongSent())

    async def pong(given: PongSent) -> None:
        seen.append(envelope(given))
        await bus.publish(root)

    bus.subscribe(PingSent, ping)
    bus.subscribe(PongSent, pong)
    await asyncio.wait_for(bus.publish(root), 10)
    known = envelope(root)
    assert (known.causation_id, known.correlation_id) == (None, known.id)
    assert [leaf.causation_id for leaf in seen] == [known.id] * 3
    with pytest.raises(NoEnvelope):
        envelope(Loose())


async def test_a_root_keeps_its_correlation_when_it_is_published_again_inside_another():
    bus, root = EventBus(), PingSent()

    async def ping(_) -> None:
        await bus.publish(PongSent())

    bus.subscribe(PingSent, ping, once=True)
    await bus.publish(root)
    with correlation("later"):
        await bus.publish(root)
    assert envelope(root).correlation_id == envelope(root).id


async def test_a_circle_through_one_event_is_found_too():
    bus, root, caught = EventBus(), PingSent(), []

    async def again(given: PingSent) -> None:
        try:
            await bus.publish(given)
        except EventLoopError as error:
            caught.append(error)

    bus.subscribe(PingSent, again)
    await bus.publish(root)
    assert len(caught) == 1


async def test_foreign_objects_count_in_the_chain():
    bus, caught = EventBus(), []

    async def handle(_: Loose) -> None:
        try:
            await bus.publish(Loose())
        except EventLoopError as error:
            caught.append(str(error))

    bus.subscribe(Loose, handle)
    await bus.publish(Loose())
    assert len(caught) == 1
    assert "loose.seen -> loose.seen" in caught[0]
