"""Correlation: an event published while another is handled inherits its correlation and takes its id as cause."""

from __future__ import annotations

import asyncio
import threading

import pytest

from plugbus import Event, EventBase, EventBus, correlation, detached, envelope, event, on_event
from plugbus.errors import UsageError


@event("root.seen")
class RootSeen(EventBase):
    pass


@event("leaf.seen")
class LeafSeen(EventBase):
    number: int = 0


class Foreign:
    pass


LEAVES = [LeafSeen, lambda: Event(type="leaf.seen"), Foreign]


@pytest.fixture
def bus():
    return EventBus()


@pytest.fixture
def leaves(bus):
    """The envelopes of all that was published besides roots."""
    seen = []
    bus.subscribe((LeafSeen, "leaf.seen", Foreign), lambda leaf: seen.append(envelope(leaf)))
    return seen


def is_caused_by(leaf, root):
    return (leaf.correlation_id, leaf.causation_id) == (root.id, root.id) and leaf.id != root.id


def is_root(leaf):
    return (leaf.correlation_id, leaf.causation_id) == (leaf.id, None)


async def test_a_root_has_its_own_id_as_correlation_and_no_cause(bus, leaves):
    for make in LEAVES:
        await bus.publish(make())
    assert len(leaves) == 3
    assert all(is_root(leaf) for leaf in leaves)


@pytest.mark.parametrize("make", LEAVES, ids=["typed", "generic", "foreign"])
async def test_an_event_that_a_handler_publishes_inherits(bus, leaves, make):
    async def handle(_) -> None:
        await bus.publish(make())

    bus.subscribe(RootSeen, handle)
    root = RootSeen()
    await bus.publish(root)
    (leaf,) = leaves
    assert is_caused_by(leaf, root.envelope)


@pytest.mark.parametrize("make", [Foreign, lambda: Event(type="root.seen")], ids=["foreign", "generic"])
async def test_events_inherit_from_a_root_of_any_kind(bus, leaves, make):
    roots = []

    async def handle(root) -> None:
        roots.append(envelope(root))
        await bus.publish(LeafSeen())

    bus.subscribe((Foreign, "root.seen"), handle, name="handle")
    await bus.publish(make())
    assert is_caused_by(leaves[-1], roots[0])


async def test_a_chain_keeps_the_correlation_of_its_root_and_names_the_next_cause():
    bus, seen = EventBus(), []

    async def handle(leaf: LeafSeen) -> None:
        seen.append(leaf.envelope)
        if leaf.number < 5:
            await bus.publish(LeafSeen(number=leaf.number + 1))

    bus.subscribe(LeafSeen, handle)
    await bus.publish(LeafSeen())
    assert {known.correlation_id for known in seen} == {seen[0].id}
    assert [known.causation_id for known in seen] == [None, *(known.id for known in seen[:-1])]


async def test_siblings_do_not_inherit_from_each_other(bus, leaves):
    root = RootSeen()

    def slow_publisher():
        async def publish_slowly(_) -> None:
            await asyncio.sleep(0)
            await bus.publish(LeafSeen())

        return publish_slowly

    bus.subscribe(RootSeen, slow_publisher())
    bus.subscribe(RootSeen, slow_publisher())
    await bus.publish(root)
    assert [leaf.causation_id for leaf in leaves] == [root.envelope.id] * 2


async def test_correlation_goes_through_tasks_and_to_thread(bus, leaves):
    root = RootSeen()

    async def handle(_) -> None:
        await asyncio.create_task(bus.publish(LeafSeen()))
        await asyncio.gather(bus.publish(LeafSeen()), bus.publish(LeafSeen()))
        await asyncio.to_thread(bus.publish_sync, LeafSeen())

    bus.subscribe(RootSeen, handle)
    await bus.publish(root)
    assert len(leaves) == 4
    assert all(is_caused_by(leaf, root.envelope) for leaf in leaves)


async def test_correlation_goes_into_a_task_that_outlives_the_handler(bus, leaves):
    root, tasks, go = RootSeen(), [], asyncio.Event()

    async def later() -> None:
        await go.wait()
        await bus.publish(LeafSeen())

    bus.subscribe(RootSeen, lambda _: tasks.append(asyncio.create_task(later())))
    await bus.publish(root)
    go.set()
    await tasks[0]
    assert is_caused_by(leaves[0], root.envelope)


async def test_correlation_goes_through_in_thread(bus, leaves):
    root = RootSeen()
    bus.subscribe(RootSeen, lambda _: bus.publish_sync(LeafSeen()) and None, in_thread=True)
    await bus.publish(root)
    assert is_caused_by(leaves[0], root.envelope)


async def test_correlation_does_not_go_through_raw_threads(bus, leaves):
    def handle(_) -> None:
        thread = threading.Thread(target=bus.publish_sync, args=[LeafSeen()])
        thread.start()
        thread.join()

    bus.subscribe(RootSeen, handle)
    await bus.publish(RootSeen())
    assert is_root(leaves[0])


@pytest.mark.parametrize("verb", ["publish_sync", "publish_soon"])
def test_correlation_goes_through_the_verbs_of_sync_code(bus, leaves, verb):
    root = RootSeen()

    async def slow(_) -> None:
        await asyncio.sleep(0)
        await bus.publish(LeafSeen(number=2))

    bus.subscribe(RootSeen, lambda _: getattr(bus, verb)(LeafSeen(number=1)) and None)
    bus.subscribe(RootSeen, slow)
    bus.publish_sync(root)
    bus.publish_soon(RootSeen().replace()).wait(10)
    assert len(leaves) == 4
    assert all(is_caused_by(leaf, root.envelope) for leaf in leaves[:2])


async def test_correlation_goes_through_publish_many_and_publish_soon(bus, leaves):
    root = RootSeen()

    async def handle(_) -> None:
        await bus.publish_many([LeafSeen(), Event(type="leaf.seen"), Foreign()])
        await bus.publish_soon(LeafSeen())

    bus.subscribe(RootSeen, handle)
    await bus.publish(root)
    assert len(leaves) == 4
    assert all(is_caused_by(leaf, root.envelope) for leaf in leaves)


async def test_after_its_publish_an_event_is_no_cause_any_more(bus, leaves):
    await bus.publish(RootSeen())
    await bus.publish(LeafSeen())
    assert is_root(leaves[0])


async def test_middleware_and_monitors_may_publish_too_and_what_they_publish_inherits(bus, leaves):
    root, inside = RootSeen(), []

    async def middleware(given):
        if isinstance(given, RootSeen):
            inside.append(given.envelope)
            await bus.publish(LeafSeen())
        return given

    bus.add_middleware(middleware)
    await bus.publish(root)
    assert is_caused_by(leaves[0], root.envelope)


async def test_with_correlation_sets_the_correlation_id_and_the_source(bus, leaves):
    with correlation("request-1", source="web"):
        await bus.publish(LeafSeen())
        await bus.publish(Event(type="leaf.seen", source="own"))
        await bus.publish(Foreign())
    await bus.publish(LeafSeen())
    assert [leaf.correlation_id for leaf in leaves[:3]] == ["request-1"] * 3
    assert [leaf.source for leaf in leaves] == ["web", "own", "web", None]
    assert [leaf.causation_id for leaf in leaves] == [None] * 4
    assert is_root(leaves[3])


async def test_what_follows_from_an_event_shares_the_correlation_id_that_was_set(bus, leaves):
    async def handle(_) -> None:
        await bus.publish(LeafSeen())

    bus.subscribe(RootSeen, handle)
    root = RootSeen()
    with correlation("request-1", source="web"):
        await bus.publish(root)
    assert leaves[0].correlation_id == "request-1"
    assert leaves[0].causation_id == root.envelope.id


async def test_with_correlation_inside_a_handler_keeps_the_cause(bus, leaves):
    root = RootSeen()

    async def handle(_) -> None:
        with correlation("part-1"):
            await bus.publish(LeafSeen())
        await bus.publish(LeafSeen())

    bus.subscribe(RootSeen, handle)
    await bus.publish(root)
    assert [leaf.correlation_id for leaf in leaves] == ["part-1", root.envelope.id]
    assert [leaf.causation_id for leaf in leaves] == [root.envelope.id] * 2


async def test_of_nested_correlations_the_inner_one_wins_and_the_source_stays_unless_it_names_one(bus, leaves):
    with correlation("outer", source="web"):
        with correlation("inner"):
            await bus.publish(LeafSeen())
        with correlation("other", source="job"):
            await bus.publish(LeafSeen())
        await bus.publish(LeafSeen())
    assert [(leaf.correlation_id, leaf.source) for leaf in leaves] == [
        ("inner", "web"),
        ("other", "job"),
        ("outer", "web"),
    ]


async def test_an_events_own_correlation_id_wins_over_that_of_the_context(bus, leaves):
    with correlation("context"):
        await bus.publish(Event(type="leaf.seen", correlation_id="own"))
    assert leaves[0].correlation_id == "own"


async def test_detached_starts_a_chain_of_its_own(bus, leaves):
    async def handle(_) -> None:
        with detached():
            await bus.publish(LeafSeen())
        await bus.publish(LeafSeen())

    bus.subscribe(RootSeen, handle)
    with correlation("request-1"):
        await bus.publish(RootSeen())
        with detached():
            await bus.publish(LeafSeen())
    assert is_root(leaves[0])
    assert leaves[1].correlation_id == "request-1"
    assert is_root(leaves[2])


async def test_the_context_is_as_before_when_a_block_is_left_by_an_exception(bus, leaves):
    for block in (correlation("request-1"), detached()):
        with pytest.raises(KeyError), block:
            raise KeyError
    await bus.publish(LeafSeen())
    assert is_root(leaves[0])


async def test_the_context_is_as_before_when_a_handler_has_failed_or_was_blocked(bus, leaves):
    bus.subscribe(RootSeen, lambda _: 1 / 0)
    bus.add_middleware(lambda given: None if isinstance(given, Event) and given.type == "bad.blocked" else given)
    assert not (await bus.publish(RootSeen())).ok
    assert (await bus.publish(Event(type="bad.blocked"))).blocked_by
    await bus.publish(LeafSeen())
    assert is_root(leaves[-1])


@pytest.mark.parametrize("wrong", ["", None, 5, b"id"], ids=repr)
def test_a_correlation_id_is_text_that_is_not_empty(wrong):
    with pytest.raises(UsageError, match="a correlation id is a string"), correlation(wrong):
        pass


async def test_a_bus_without_correlation_compiles_it_out():
    bus, seen = EventBus(correlation=False), []

    async def handle(_) -> None:
        await bus.publish(LeafSeen())

    bus.subscribe(RootSeen, handle)
    bus.subscribe(LeafSeen, lambda leaf: seen.append(leaf.envelope))
    with correlation("request-1", source="web"):
        await bus.publish(RootSeen())
    assert is_root(seen[0])
    assert seen[0].source is None


async def test_two_buses_share_the_context_so_that_a_bridge_keeps_the_correlation():
    one, two, seen, root = EventBus(), EventBus(), [], RootSeen()

    async def forward(_) -> None:
        await two.publish(LeafSeen())

    one.subscribe(RootSeen, forward)
    two.subscribe(LeafSeen, lambda leaf: seen.append(leaf.envelope))
    await one.publish(root)
    assert is_caused_by(seen[0], root.envelope)


async def test_an_event_that_publishes_itself_inherits_too(leaves, bus):
    root = RootSeen()
    bus.subscribe(RootSeen, lambda _: LeafSeen().publish() and None)
    with EventBus.override(bus):
        await bus.publish(root)
        await bus.drain(10)
    assert is_caused_by(leaves[0], root.envelope)
    assert on_event is not None
