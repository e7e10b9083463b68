"""Checks of the plugin among handlers and events of others."""

from __future__ import annotations

from typing import Any

from plugbus.errors import Refusal
from plugbus.handlers import Subscription
from plugbus.result import HandlerFailure, PublishResult
from plugbus.testing._building import Built
from plugbus.testing.contract._samples import every_kind, made_up, publish_all, samples_of, unreached
from plugbus.testing.contract._scenario import run
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail, listed
from plugbus.testing.recorder import EventRecorder


__all__ = ("failures_are_isolated", "handlers_take_their_events", "middleware_takes_every_kind")


def handlers_take_their_events(subject: Subject) -> None:
    """Check that every handler of the plugin has an event to try it with, and takes it."""

    async def publish() -> tuple[list[Subscription], list[object], list[tuple[object, HandlerFailure]]]:
        built = subject.build()
        events = [*every_kind(), *subject.events]
        invented = made_up(unreached(built, events))
        alone = unreached(built, [*events, *invented])
        async with built.bus:
            results = await publish_all(built.bus, [*events, *invented])
        return alone, invented, [(one, failure) for one, failure in _failures(results) if failure.plugin == built.name]

    alone, invented, failed = run(publish, subject.seconds).value
    if alone:
        names = [f"{one.name}, which listens to {', '.join(map(_named, one.what))}" for one in alone]
        fail(f"No event of this test reaches these handlers:{listed(names)}\n{_GIVE_EVENTS}")
    for one, failure in failed:
        remark = f"\nThis event was made up, since none that the test class gives reaches the handler. {_GIVE_EVENTS}"
        fail(
            f"Handler {failure.handler} of the plugin raises at {one!r}.{remark if one in invented else ''}",
            failure.exception,
        )


def middleware_takes_every_kind(subject: Subject) -> None:
    """Check that generic, typed and foreign events pass the plugin, or are blocked or refused, and that some pass."""

    async def publish() -> list[tuple[object, str, Exception | None]]:
        built = subject.build()
        async with built.bus:
            return [(one, *await _passage(built, one)) for one in samples_of(built, subject.events)]

    passed = run(publish, subject.seconds).value
    for one, outcome, error in passed:
        if error is not None:
            fail(
                f"Publishing {one!r} raises {outcome} out of the plugin's middleware. Events are generic, typed or "
                f"foreign: ask `envelope(event)` for the type. A middleware that says no raises a Refusal, or returns "
                f"None.",
                error,
            )
    if not any(outcome == "passed" for _, outcome, _ in passed):
        fail(
            f"The plugin lets none of these events pass:{listed(repr(one) for one, _, _ in passed)}\nDoes a middleware "
            f"forget to return the event? If blocking is its work, give one that passes. {_GIVE_EVENTS}"
        )


def failures_are_isolated(subject: Subject) -> None:
    """Check that a handler of somebody else may fail: the plugin's handlers still run, and the failure is told."""

    async def publish() -> tuple[list[str], list[HandlerFailure]]:
        built = subject.build()
        events = samples_of(built, subject.events)
        wrong = []
        async with built.bus:
            calm = await publish_all(built.bus, events)
            built.bus.subscribe("*", _fail, name=_FAILING)
            built.bus.subscribe("*", _fail_async, name=f"{_FAILING}, async")
            with EventRecorder(built.bus) as recorder:
                stormy = await publish_all(built.bus, events)
                await built.bus.drain(subject.seconds)
        for (one, before), (_, after) in zip(calm, stormy, strict=True):
            wrong += _difference(one, before, after)
        return wrong, [failure for failure in recorder.failures if failure.plugin == built.name]

    wrong, failed = run(publish, subject.seconds).value
    if wrong:
        fail(f"When a handler of somebody else fails, with this plugin:{listed(wrong)}\n{_ISOLATION}")
    for failure in failed:
        fail(f"When a handler of somebody else fails, so does {failure.handler} of the plugin.", failure.exception)


_FAILING = "contract: a failing handler"
_GIVE_EVENTS = "Give events that the plugin is about: `events = [...]` in the test class."
_ISOLATION = (
    "An interceptor returns or raises what `call_next` returned or raised; a middleware does not look at the handlers."
)


class ContractFailure(Exception):
    """What the failing handlers raise."""


def _fail(_: Any) -> None:
    raise ContractFailure


async def _fail_async(_: Any) -> None:
    raise ContractFailure


def _difference(one: object, before: PublishResult | None, after: PublishResult | None) -> list[str]:
    """Say what a failing handler has changed for the others, or that its failure is not told."""
    if before is None or after is None or before.blocked_by or after.blocked_by:
        return []
    told = {failure.handler for failure in after.failures}
    hidden = [name for name in (_FAILING, f"{_FAILING}, async") if name not in told]
    lost = [name for name in before.handlers if name not in after.handlers]
    return [f"the failure at {one!r} is not in the result"] * bool(hidden) + [
        f"handler {name} is not called for {one!r}" for name in lost
    ]


async def _passage(built: Built, one: object) -> tuple[str, Exception | None]:
    try:
        result = await built.bus.publish(one)
    except Refusal:
        return "refused", None
    except Exception as error:  # noqa: BLE001  (a middleware may raise anything)
        return type(error).__name__, error
    return "blocked" if result.blocked_by else "passed", None


def _failures(results: list[tuple[object, PublishResult | None]]) -> list[tuple[object, HandlerFailure]]:
    return [(one, failure) for one, result in results if result is not None for failure in result.failures]


def _named(what: str | type) -> str:
    return repr(what) if isinstance(what, str) else what.__qualname__
