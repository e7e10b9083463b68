"""Stages: `before`, `after`, `first`."""

from __future__ import annotations

import pytest

from plugbus import Event, EventBus, EventHandler
from plugbus.errors import DefinitionError, OrderError


def done():
    return Event(type="thing.done")


class Steps:
    """Makes handlers that write down their names."""

    def __init__(self, bus):
        self.bus = bus
        self.taken = []

    def add(self, name, *, sync=True, what="thing.done", **options):
        def handle(event):
            self.taken.append(name)

        async def handle_async(event):
            self.taken.append(name)

        return self.bus.subscribe(what, handle if sync else handle_async, name=name, **options)


@pytest.fixture
def steps(bus):
    return Steps(bus)


async def test_sync_handlers_run_in_the_order_of_subscription(bus, steps, deliver):
    for name in "abcdef":
        steps.add(name)
    result = await deliver(bus, done())
    assert steps.taken == list("abcdef")
    assert result.handlers == tuple("abcdef")


async def test_sync_handlers_of_a_stage_run_before_its_async_ones(bus, steps, deliver):
    steps.add("first async", sync=False)
    steps.add("first sync")
    steps.add("second async", sync=False)
    steps.add("second sync")
    result = await deliver(bus, done())
    assert steps.taken == ["first sync", "second sync", "first async", "second async"]
    assert result.handlers == tuple(steps.taken)


async def test_after_puts_a_handler_into_a_later_stage(bus, steps, deliver):
    steps.add("confirm", after="reserve")
    steps.add("reserve", sync=False)
    await deliver(bus, done())
    assert steps.taken == ["reserve", "confirm"]


async def test_before_puts_the_others_into_a_later_stage(bus, steps, deliver):
    steps.add("confirm")
    steps.add("reserve", sync=False, before="confirm")
    await deliver(bus, done())
    assert steps.taken == ["reserve", "confirm"]


async def test_several_names_may_be_given(bus, steps, deliver):
    steps.add("last", after=("a", "b"))
    steps.add("a", sync=False)
    steps.add("b", sync=False)
    steps.add("ahead", sync=False, before=["a", "b"])
    await deliver(bus, done())
    assert steps.taken == ["ahead", "a", "b", "last"]


async def test_a_chain_of_wishes_makes_a_stage_for_each_link(bus, steps, deliver):
    names = [f"h{number}" for number in range(20)]
    for name, ahead in zip(reversed(names), [*reversed(names[:-1]), None], strict=True):
        steps.add(name, sync=int(name[1:]) % 2 == 0, **({"after": ahead} if ahead else {}))
    result = await deliver(bus, done())
    assert steps.taken == names
    assert result.handlers == tuple(names)


def test_a_chain_may_be_longer_than_the_recursion_limit(bus, steps):
    for number in reversed(range(1, 1500)):
        steps.add(f"h{number}", after=f"h{number - 1}")
    steps.add("h0")
    bus.publish_sync(done())
    assert steps.taken == [f"h{number}" for number in range(1500)]


async def test_a_stage_starts_though_the_one_before_has_failed(bus, steps, deliver):
    def reserve(event):
        raise ValueError("no stock")

    async def charge(event):
        raise ValueError("no money")

    bus.subscribe("thing.done", reserve)
    bus.subscribe("thing.done", charge)
    steps.add("report", after=("reserve", "charge"))
    result = await deliver(bus, done())
    assert steps.taken == ["report"]
    assert [failure.handler for failure in result.failures] == ["reserve", "charge"]


async def test_first_puts_a_handler_into_a_stage_ahead_of_all_others(bus, steps, deliver):
    steps.add("early", before="late")
    steps.add("late")
    steps.add("invalidate", sync=False, first=True)
    await deliver(bus, done())
    assert steps.taken == ["invalidate", "early", "late"]


async def test_first_handlers_may_be_ordered_among_themselves(bus, steps, deliver):
    steps.add("b", first=True)
    steps.add("other")
    steps.add("a", sync=False, first=True, before="b")
    await deliver(bus, done())
    assert steps.taken == ["a", "b", "other"]


def test_first_and_after_contradict_each_other(bus, steps):
    with pytest.raises(DefinitionError, match="first=True comes ahead"):
        steps.add("a", first=True, after="b")


def test_a_wish_to_run_before_a_first_handler_is_an_error(bus, steps):
    steps.add("invalidate", first=True)
    steps.add("eager", before="invalidate")
    with pytest.raises(OrderError, match="eager runs before 'invalidate', which is subscribed with first=True"):
        bus.publish_sync(done())


async def test_an_unknown_name_is_an_error_at_the_first_publish_with_a_suggestion(bus, steps, deliver):
    steps.add("reserve")
    steps.add("confirm", after="reserv")
    with pytest.raises(OrderError, match=r"confirm runs after 'reserv'.*Did you mean 'reserve'"):
        await deliver(bus, done())
    assert steps.taken == []


async def test_an_unknown_name_is_an_error_at_start(other_bus):
    bus = other_bus()
    bus.subscribe("thing.done", print, before="nobody")
    with pytest.raises(OrderError, match="print runs before 'nobody'"):
        await bus.start()


def test_without_a_similar_name_the_known_ones_are_listed(bus, steps):
    steps.add("alpha")
    steps.add("beta", after="qqqqq")
    with pytest.raises(OrderError, match=r"Known handlers: alpha\."):
        bus.publish_sync(done())


def test_a_name_that_two_different_handlers_have_is_ambiguous(bus, steps):
    class First:
        def save(self, event):
            pass

    def make():
        def save(event):
            pass

        return save

    bus.subscribe("thing.done", make())
    bus.subscribe("thing.done", make())
    steps.add("confirm", after="save")
    with pytest.raises(OrderError, match=r"confirm runs after 'save', but that is ambiguous: .* name="):
        bus.publish_sync(done())


def test_an_ambiguous_name_that_nobody_refers_to_is_no_error(bus):
    for _ in range(2):
        bus.subscribe("thing.done", lambda event: None)
    assert bus.publish_sync(done()).ok


def test_one_handler_subscribed_to_two_things_is_not_ambiguous(bus, steps):
    taken = steps.taken

    def save(event):
        taken.append("save")

    bus.subscribe("thing.done", save)
    bus.subscribe("other.done", save)
    steps.add("confirm", before="save")
    bus.publish_sync(done())
    assert taken == ["confirm", "save"]


def test_a_cycle_is_an_error_that_prints_it(bus, steps):
    steps.add("a", after="c")
    steps.add("b", after="a")
    steps.add("c", after="b")
    steps.add("outside")
    with pytest.raises(OrderError, match=r"cycle: (\w) before \w before \w before \1\."):
        bus.publish_sync(done())
    assert steps.taken == []


def test_before_and_after_make_a_cycle_together(bus, steps):
    steps.add("a", before="b")
    steps.add("b", before="a")
    with pytest.raises(OrderError, match="cycle"):
        bus.publish_sync(done())


def test_a_handler_does_not_run_before_itself(bus, steps):
    steps.add("a", before="a")
    with pytest.raises(OrderError, match="a runs before or after itself"):
        bus.publish_sync(done())


async def test_a_name_that_is_not_in_this_plan_has_no_effect(bus, steps, deliver):
    steps.add("reserve", what="other.done")
    steps.add("confirm", after="reserve")
    steps.add("bill")
    result = await deliver(bus, done())
    assert steps.taken == ["confirm", "bill"]
    assert result.ok


def test_wishes_hold_over_patterns_and_classes(bus, steps):
    steps.add("everything", what="*", after="exact")
    steps.add("exact")
    bus.publish_sync(done())
    assert steps.taken == ["exact", "everything"]


def test_an_event_handler_goes_by_the_name_of_its_class(bus, steps):
    class Reserve(EventHandler):
        event_types = ("thing.done",)

        def handle(self, event):
            steps.taken.append("reserve")

    steps.add("confirm", after="Reserve")
    bus.subscribe(Reserve())
    bus.publish_sync(done())
    assert steps.taken == ["reserve", "confirm"]


def test_a_method_goes_by_its_class_and_name(bus, steps):
    class Stock:
        def reserve(self, event):
            steps.taken.append("reserve")

    steps.add("confirm", after="Stock.reserve")
    bus.subscribe("thing.done", Stock().reserve)
    bus.publish_sync(done())
    assert steps.taken == ["reserve", "confirm"]


def test_handlers_behind_one_that_ran_once_run_on(bus, steps):
    steps.add("prepare", once=True)
    steps.add("work", after="prepare")
    bus.publish_sync(done())
    bus.publish_sync(done())
    assert steps.taken == ["prepare", "work", "work"]


def test_handlers_behind_one_that_was_unsubscribed_run_on(bus, steps):
    prepare = steps.add("prepare")
    steps.add("work", after="prepare")
    bus.publish_sync(done())
    bus.unsubscribe(prepare)
    bus.publish_sync(done())
    assert steps.taken == ["prepare", "work", "work"]


def test_the_order_follows_later_subscriptions(bus, steps):
    steps.add("b")
    bus.publish_sync(done())
    steps.add("a", before="b")
    bus.publish_sync(done())
    assert steps.taken == ["b", "a", "b"]


def test_an_error_of_order_keeps_no_other_event_type_from_being_corrected(bus, steps):
    wrong = steps.add("confirm", after="reserve")
    with pytest.raises(OrderError):
        bus.publish_sync(done())
    bus.unsubscribe(wrong)
    steps.add("confirm")
    assert bus.publish_sync(done()).ok
    assert steps.taken == ["confirm"]


def test_two_buses_have_orders_of_their_own(other_bus):
    taken = []
    for bus, wish in ((EventBus(), {"after": "b"}), (other_bus(), {})):
        bus.subscribe("thing.done", lambda event: taken.append("a"), name="a", **wish)
        bus.subscribe("thing.done", lambda event: taken.append("b"), name="b")
        bus.publish_sync(done())
        bus.stop_sync()
    assert taken == ["b", "a", "a", "b"]
