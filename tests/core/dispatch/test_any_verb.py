"""A law: whatever handlers there are, every verb calls the same ones and gives the same result."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugbus import Event, EventBase, EventBus, Retry, event
from plugbus.errors import Refusal
from plugbus.logger import logger


@event("any_verb.thing.done")
class ThingDone(EventBase):
    pass


class Foreign:
    """An event of the user's own making."""


EVENTS = {"generic": lambda: Event(type="thing.done"), "typed": ThingDone, "foreign": Foreign}
OUTCOMES: dict[str, Any] = {
    "nothing": None,
    "value": 1,
    "failure": ValueError,
    "refusal": Refusal,
    "cancelled": asyncio.CancelledError,
}
WHEN = {"always": None, "yes": lambda event: True, "no": lambda event: False, "fails": lambda event: 1 / 0}


@attrs.frozen
class Spec:
    """A handler to be."""

    form: str
    outcome: str
    when: str
    once: bool
    first: bool
    after: int | None
    shaky: int  # attempts that fail before the outcome
    retry: float | None  # the delay
    elsewhere: bool  # in a thread, or on the loop of the bus

    @property
    def moves(self):
        """Whether it is in another group under publish_sync: there a pause may block."""
        return self.form != "async" and bool(self.retry) and not self.elsewhere


specs = st.builds(
    Spec,
    form=st.sampled_from(["sync", "async", "hidden"]),
    outcome=st.sampled_from(sorted(OUTCOMES)),
    when=st.sampled_from(sorted(WHEN)),
    once=st.booleans(),
    first=st.booleans(),
    after=st.none() | st.integers(0, 7),
    shaky=st.integers(0, 2),
    retry=st.sampled_from([None, 0.0, 0.00001]),
    elsewhere=st.booleans(),
)


@attrs.frozen
class World:
    """Everything that a publish depends on."""

    handlers: list[Spec]
    event: str
    correlation: bool
    sequential: bool
    middleware: str
    interceptor: str
    many: bool


worlds = st.builds(
    World,
    handlers=st.lists(specs, max_size=8),
    event=st.sampled_from(sorted(EVENTS)),
    correlation=st.booleans(),
    sequential=st.booleans(),
    middleware=st.sampled_from(["none", "sync", "async", "blocks"]),
    interceptor=st.sampled_from(["none", "sync", "async", "dual"]),
    many=st.sampled_from([False, False, False, True]),
)


class Trial:
    """One world on one bus."""

    def __init__(self, world: World):
        self.calls: list[str] = []
        self.bus = EventBus(correlation=world.correlation, sequential=world.sequential)
        self.event = EVENTS[world.event]
        what = object if world.event == "foreign" else "*"
        for number, spec in enumerate(world.handlers):
            self.bus.subscribe(what, self.handler(f"h{number}", spec), **self.options(number, spec))
        if world.many:
            for number in range(64):
                self.bus.subscribe(what, lambda event: None, name=f"more {number}")
        self.extend(world)

    def options(self, number: int, spec: Spec):
        options: dict[str, Any] = {"name": f"h{number}", "when": WHEN[spec.when], "once": spec.once}
        if spec.retry is not None:
            options["retry"] = Retry(attempts=3, delay=spec.retry, jitter=0, on=(ConnectionError,))
        if spec.first:
            options["first"] = True
        elif spec.after is not None and spec.after < number:
            options["after"] = f"h{spec.after}"
        if spec.elsewhere:
            options |= {"loop": "bus"} if spec.form == "async" else {"in_thread": True}
        return options

    def handler(self, name: str, spec: Spec):
        left = [spec.shaky]

        def act():
            self.calls.append(name)
            if left[0]:
                left[0] -= 1
                raise ConnectionError
            outcome = OUTCOMES[spec.outcome]
            if isinstance(outcome, type):
                raise outcome(name)
            return outcome and name

        async def asynchronous(event):
            await asyncio.sleep(0)
            return act()

        return {
            "sync": lambda event: act(),
            "async": asynchronous,
            "hidden": lambda event: asynchronous(event),
        }[spec.form]

    def extend(self, world: World):
        def middleware(event):
            return None if world.middleware == "blocks" and self.calls else event

        async def middleware_async(event):
            return event

        def intercept(event, call_next):
            return call_next(event)

        async def intercept_async(event, call_next):
            return await call_next(event)

        if world.middleware != "none":
            self.bus.add_middleware(middleware_async if world.middleware == "async" else middleware, name="middleware")
        if world.interceptor != "none":
            forms = {"intercept": staticmethod(intercept), "intercept_async": staticmethod(intercept_async)}
            wanted = {"sync": ["intercept"], "async": ["intercept_async"], "dual": list(forms)}[world.interceptor]
            self.bus.add_interceptor(type("Interceptor", (), {form: forms[form] for form in wanted})())

    def run(self, publish, *, ordered: bool):
        """Publish twice, so that `once` shows; return all that can be told of it."""
        order = list if ordered else sorted

        async def main():
            told = []
            for _ in range(2):
                result = await publish(self.bus, self.event())
                failures = [(failure.handler, type(failure.exception).__name__) for failure in result.failures]
                what = [order(part) for part in (result.handlers, result.values, failures)]
                told.append((result.blocked_by, *what, sorted(self.calls)))
            await self.bus.stop()
            return told

        return asyncio.run(main())


@pytest.fixture(autouse=True, scope="module")
def quiet():
    """Without the tracebacks of some thousand failures in the log."""
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


async def by_publish(bus, event):
    return await bus.publish(event)


async def by_publish_sync(bus, event):
    return await asyncio.to_thread(bus.publish_sync, event)


async def by_publish_soon(bus, event):
    return await bus.publish_soon(event)


async def by_publish_many(bus, event):
    (result,) = await bus.publish_many([event])
    return result


@given(world=worlds)
@settings(max_examples=120, deadline=None)
def test_every_verb_calls_the_same_handlers_and_gives_the_same_result(world):
    ordered = not any(spec.moves for spec in world.handlers)
    expected = Trial(world).run(by_publish, ordered=ordered)
    for verb in (by_publish_sync, by_publish_soon, by_publish_many):
        assert Trial(world).run(verb, ordered=ordered) == expected, verb.__name__


@given(world=worlds)
@settings(max_examples=50, deadline=None)
def test_each_handler_gives_a_value_a_failure_or_nothing(world):
    """What a result says, seen from the handlers: each of them once, in one of three ways."""
    ((blocked_by, handlers, values, failures, _), _) = Trial(world).run(by_publish, ordered=True)
    assert blocked_by is None
    named = [name for name in handlers if not name.startswith("more")]
    assert sorted(named) == sorted(f"h{number}" for number in range(len(world.handlers)))
    for number, spec in enumerate(world.handlers):
        name = f"h{number}"
        gave_up = spec.shaky > 0 and spec.retry is None
        raises = gave_up or isinstance(OUTCOMES[spec.outcome], type)
        fails = spec.when == "fails" or (spec.when != "no" and raises)
        assert [failed for failed, _ in failures].count(name) == fails
        assert values.count(name) == (not fails and spec.when != "no" and spec.outcome == "value")
