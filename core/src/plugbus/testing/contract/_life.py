"""Checks of a bus's life with the plugin: built, started, used, stopped, and again."""

from __future__ import annotations

import gc
import warnings
from contextlib import suppress

from plugbus.errors import Refusal
from plugbus.result import HandlerFailure
from plugbus.testing._building import Built
from plugbus.testing.contract._samples import publish_all, samples_of
from plugbus.testing.contract._scenario import Traces, run
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail, listed


__all__ = ("building_starts_nothing", "leaves_nothing", "works_in_debug_mode", "works_without_loop")


def building_starts_nothing(subject: Subject) -> None:
    """Check that building a bus opens and starts nothing that has to be closed: it may never be started."""

    async def build() -> Built:
        return subject.build()

    before = Traces.now()
    ran = run(build, subject.seconds)  # what it holds is open as long as the bus is kept
    if left := [*ran.tasks, *before.left()]:
        fail(
            f"Building a bus with the plugin leaves:{listed(left)}\nA bus that is built may never be started, so "
            f"nobody would close it. Start and open in the hook `lifespan`, or on first use."
        )


def leaves_nothing(subject: Subject) -> None:
    """Check that a bus that is started, used and stopped, twice, is as it was."""

    async def twice() -> tuple[Built, list[str]]:
        built = subject.build()
        registered = built.bus.subscriptions()
        for _ in range(2):
            await built.bus.start()
            await publish_all(built.bus, samples_of(built, subject.events))
            await built.bus.stop(subject.seconds)
        added = [one for one in built.bus.subscriptions() if one not in registered]
        return built, [f"handler {one.name!r} on the bus" for one in added]

    before = Traces.now()
    ran = run(twice, subject.seconds)
    _, handlers = ran.value
    if left := [*handlers, *ran.tasks, *before.left()]:
        fail(
            f"After start, events and stop, twice, this is left:{listed(left)}\nClose, join and cancel at the end of "
            f"the hook `lifespan` what was opened and started for the bus."
        )


def works_without_loop(subject: Subject) -> None:
    """Check the plugin in a program without an event loop: `publish_sync`, then `stop_sync`."""
    before = Traces.now()
    built = subject.build()
    failed: list[HandlerFailure] = []
    try:
        for one in samples_of(built, subject.events):
            with suppress(Refusal):
                failed += built.bus.publish_sync(one).failures
    finally:
        built.bus.stop_sync(subject.seconds)
    if failed:
        fail(
            f"In a program without a loop, handler {failed[0].handler} of the plugin fails. There the loop of "
            f"`lifespan` is the bus's own, in another thread; an async handler that needs what was opened on it says "
            f'`Options(loop="bus")`.',
            failed[0].exception,
        )
    if left := before.left():
        fail(f"After publish_sync() and stop_sync() this is left:{listed(left)}\nClose it at the end of `lifespan`.")


def works_in_debug_mode(subject: Subject) -> None:
    """Check that asyncio's debug mode, and Python's warnings, have nothing to complain of."""

    async def life() -> None:
        built = subject.build()
        async with built.bus:
            await publish_all(built.bus, samples_of(built, subject.events))

    gc.collect()  # what others have left is none of the plugin's business
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        ran = run(life, subject.seconds, debug=True)
        gc.collect()
    said = [
        f"{one.category.__name__}: {one.message} ({one.filename}:{one.lineno})"
        for one in warned
        if issubclass(one.category, ResourceWarning | RuntimeWarning)
    ]
    if complaints := [*ran.complaints, *said]:
        fail(
            f"In asyncio's debug mode these turn up:{listed(complaints)}\nAwait every coroutine, retrieve every task's "
            f"exception, close what is opened, and touch a loop from other threads by call_soon_threadsafe only."
        )
