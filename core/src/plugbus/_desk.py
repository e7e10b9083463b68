"""
What a plan calls when something out of the ordinary happens.

The plan itself (`_plan`) holds the straight path; a `Desk` belongs to one plan and knows its handlers by number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from inspect import iscoroutine
from time import time_ns
from types import GeneratorType
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from plugbus._envelope import Record, as_parent, current
from plugbus._escape import held
from plugbus._groups import Groups, Stage, Step, cancel_count, is_awaitable
from plugbus._kinds import EventKind, kind_of
from plugbus._reports import ERROR, Reports
from plugbus._signatures import warn_without_return
from plugbus.errors import HandlerCancelled, InvalidHandler, NotAnEvent, Refusal
from plugbus.events import Event, EventBase, claim_source, envelope, record_of
from plugbus.logger import log_failure, logger
from plugbus.result import HandlerFailure, PublishResult, result_of


if TYPE_CHECKING:
    from plugbus._underway import Underway

__all__ = ("Desk", "Failed", "Host", "Stage", "Step", "begin_foreign", "link", "without_none")

# Handlers of a type may return as many different combinations of types before each publish is looked at closely.
_MOST_PLAIN = 64
_PLAIN = frozenset({type(None), bool, int, float, str, bytes, list, tuple, dict, set})


class Host(Protocol):
    """What a plan needs of its bus."""

    underway: Underway
    failed: Sequence[Callable[[Any, HandlerFailure], None]]

    def listens(self, event_type: str) -> bool:
        """Tell whether anybody handles a generic event of this type."""

    async def publish_inside(self, event: Any) -> PublishResult:
        """Publish from within a publish."""

    def publish_sync_inside(self, event: Any) -> PublishResult:
        """Publish from within a `publish_sync`, on the same thread."""

    async def publish_soon_inside(self, event: Any) -> PublishResult:
        """Publish from within a `publish_soon`; yields once where it begins to wait."""


@attrs.frozen
class Failed:
    """Stands among the values for a handler that raised."""

    failure: HandlerFailure


def link(event: EventBase, parent: Any) -> None:
    """Make what is being handled the cause of an event."""
    record_of(event).link(as_parent(parent))


def begin_foreign(event: object, kind: EventKind, parent: Any, correlated: bool) -> Record:
    """Make the record that a foreign object has as long as its publish."""
    record = Record(kind.type, kind.version, time_ns(), subject=event)
    if parent is not None and correlated:
        record.link(as_parent(parent))
    return record


class Desk:
    """
    The exceptional side of one plan.

    Args:
        kind: The event type.
        cls: The class of its events.
        stages: Its handlers.
        middleware: The names of its middleware, with their functions.
        host: The bus.
        watchers: Told of what its middleware stops.

    Attributes:
        ok: The result where there is nothing to tell.
        names: The names of the handlers.
        plain: Types of values that are to be neither awaited nor reported, and whether none of them is that of None.
        groups: Runs the handlers that the plan does not call itself.
        reports: Publishes what failed.
    """

    def __init__(
        self,
        kind: EventKind,
        cls: type,
        stages: Sequence[Stage],
        middleware: Sequence[tuple[str, Any]],
        host: Host,
        *,
        watchers: Sequence[Callable[[Any, str, Exception | None], None]] = (),
    ) -> None:
        self.kind = kind
        self._cls = cls
        self._host = host
        self._watchers = watchers
        self._middleware = middleware
        self._subscriptions = [one for called, awaited in stages for one, _ in (*called, *awaited)]
        self.names = tuple(subscription.name for subscription in self._subscriptions)
        self.ok = PublishResult(handlers=self.names)
        self.plain: dict[tuple[type, ...], bool] = {}
        self._blocked = [PublishResult(blocked_by=name) for name, _ in middleware]
        self._unchecked = set(range(len(middleware)))
        self.groups = Groups(stages, self, host.underway)
        self.reports = Reports(host)

    # --- middleware

    def block(self, event: Any, index: int) -> PublishResult:
        """Stop an event: a middleware returned None."""
        name, function = self._middleware[index]
        logger.debug("%s blocked by %s", self.kind.type, name)
        for monitor in self._watchers:
            monitor(event, name, None)
        if index in self._unchecked:
            self._unchecked.discard(index)
            warn_without_return(name, function)
        return self._blocked[index]

    def refuse(self, event: Any, index: int, error: Exception) -> None:
        """Tell the monitors that a middleware raised."""
        for monitor in self._watchers:
            monitor(event, self._middleware[index][0], error)

    def renew(self, event: Any, parent: Any, correlated: bool, source: str | None) -> bool:
        """Take up the event that a middleware returned in place of the first; True if it is of another type."""
        if is_awaitable(event):
            if iscoroutine(event):
                event.close()
            raise InvalidHandler(f"a middleware of {self.kind.type} returned an awaitable: write it as `async def`")
        if isinstance(event, EventBase):
            if source is not None:
                claim_source(event, source)
            if correlated:
                if parent is not None:
                    link(event, parent)
                current.set(event)
        elif type(event).__module__ == "builtins":
            raise NotAnEvent(f"a middleware of {self.kind.type} returned a {type(event).__name__}, which is no event")
        else:
            current.set(begin_foreign(event, kind_of(type(event)), parent, correlated))
        return type(event) is not self._cls or (isinstance(event, Event) and event.type != self.kind.type)

    # --- failures

    def fail(self, index: int, event: Any, error: Exception | asyncio.CancelledError) -> Failed:
        """Record what a handler raised: log it once and tell the monitors."""
        subscription = self._subscriptions[index]
        if isinstance(error, asyncio.CancelledError):
            cancelled = HandlerCancelled(f"handler {subscription.name} was cancelled, but not by its publisher")
            cancelled.__cause__ = error
            error = cancelled
        failure = HandlerFailure(
            handler=subscription.name,
            plugin=subscription.plugin,
            exception=error,
            event_type=self.kind.type,
            event_id=envelope(event).id,
        )
        log_failure(failure, refused=isinstance(error, Refusal))
        for monitor in self._host.failed:
            monitor(event, failure)
        return Failed(failure)

    def cancelled(self, index: int, event: Any, error: asyncio.CancelledError, before: int | None) -> Failed:
        """
        Decide what a `CancelledError` means that came out of a handler.

        It is the publisher's if the publisher has been cancelled since (`before` is its `cancel_count` when the publish
        began, None where there is no task that could be cancelled), else it is the handler's failure.
        """
        if before is not None and cancel_count() > before:
            raise error
        return self.fail(index, event, error)

    # --- values

    def settled(self, values: Sequence[Any]) -> bool:
        """Tell whether none of the values that sync handlers returned has to be awaited."""
        try:
            for value in values:
                if type(value) not in _PLAIN and is_awaitable(value):
                    return False
        except TypeError:  # of a class that cannot be hashed
            return not any(map(is_awaitable, values))
        return True

    def conclude(self, values: Sequence[Any]) -> PublishResult:
        """Make the result of what the handlers returned or raised."""
        failures = tuple(value.failure for value in values if type(value) is Failed)
        if failures:
            told = tuple(value for value in values if value is not None and type(value) is not Failed)
            return result_of(self.names, told, failures)
        made = without_none(values)
        self._learn(values, is_whole=len(made) == len(values))
        return result_of(self.names, made) if made else self.ok

    def _learn(self, values: Sequence[Any], *, is_whole: bool) -> None:
        """Remember types of values, so that such values need no closer look; not types that are to be awaited."""
        types = tuple(map(type, values))
        if len(self.plain) < _MOST_PLAIN and not any(
            hasattr(one, "__await__") or one is GeneratorType for one in types
        ):
            with suppress(Exception):  # a metaclass may make its classes unhashable
                self.plain[types] = is_whole

    def later(
        self, event: Any, values: Sequence[Any], in_turn: bool, told: Callable[[Any, PublishResult], None] | None
    ) -> PublishResult | asyncio.Task[PublishResult]:
        """
        Do the rest of a publish that is one of a batch, or return the task that does it.

        Args:
            event: The event.
            values: What its handlers, which are sync, returned.
            in_turn: Whether to await one by one what of that is to be awaited.
            told: Tells the monitors, if there are any.
        """
        rest: Coroutine[Any, Any, PublishResult]
        if not self.settled(values):
            rest = self._settle(event, values, in_turn, told)
        else:
            result = self.conclude(values)
            if not result.failures:
                if told is not None:
                    told(event, result)
                return result
            rest = self._report(event, result, told)
        return asyncio.get_running_loop().create_task(held(rest))

    async def _settle(
        self, event: Any, values: Sequence[Any], in_turn: bool, told: Callable[[Any, PublishResult], None] | None
    ) -> PublishResult:
        values, _ = await self.groups.settle(0, event, 0, values, in_turn)
        return await self._report(event, self.conclude(values), told)

    async def _report(
        self, event: Any, result: PublishResult, told: Callable[[Any, PublishResult], None] | None
    ) -> PublishResult:
        if result.failures and self.kind.type != ERROR:
            await self.reports.report(result.failures)
        if told is not None:
            told(event, result)
        return result


def without_none(values: Sequence[Any]) -> tuple[Any, ...]:
    """Return the values that are not None."""
    return tuple([value for value in values if value is not None])
