"""Who listens to what, and the compiled plans that follow from it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from plugbus._kinds import EventKind, kind_of
from plugbus.errors import NotAnEvent
from plugbus.events import Event
from plugbus.handlers import Subscription
from plugbus.logger import logger


if TYPE_CHECKING:
    from plugbus._call import InterceptorForms
    from plugbus._registry import Contribution, Kind, Registry
    from plugbus._runner import Runner
    from plugbus._shape import Mode, Section
    from plugbus.handlers import What
    from plugbus.result import HandlerFailure, PublishResult

__all__ = ("Dispatcher", "Plan", "Verb", "check_event")

Plan = Callable[..., Any]
# Types that come from outside may be any number; the plans of the oldest are given up, and compiled again if need be.
_MOST_TYPES = 16_384


class Verb(NamedTuple):
    """
    One way through a plan.

    Args:
        mode: How it waits.
        section: Which part of it: all, the middleware alone, or the handlers alone.
        replay: Whether the event is one of the past, for those handlers alone that want such.
        passed: How many of the bus's middleware the event has passed already, being of another type.
    """

    mode: Mode
    section: Section = "full"
    replay: bool = False
    passed: int = 0


class _Table(dict[Any, Any]):
    """The plans of one verb by event class; a missing one is compiled."""

    __slots__ = ("_compile", "_verb")

    def __init__(self, compile: Callable[[Verb, type], Plan | None], verb: Verb) -> None:
        super().__init__()
        self._compile = compile
        self._verb = verb

    def __missing__(self, cls: type) -> Any:
        return self._compile(self._verb, cls)


class Dispatcher:
    """
    The registry of handlers and what stands beside them, with the plans compiled from it.

    Plans are immutable. A change of the registry throws away those that it concerns; compiling and changing exclude
    each other, so that no plan misses a handler that was subscribed before it was looked up.

    Args:
        runner: What runs the bus.
        bus: The bus itself, for interceptors that ask on which one they are.
    """

    def __init__(self, runner: Runner, bus: object) -> None:
        from plugbus._registry import Registry  # needed with the first bus only

        self._runner = runner
        self._bus = bus
        self._registry = Registry()
        self._tables: dict[Verb, _Table] = {}
        self._by_type: dict[Verb, dict[str, Any]] = {}
        self._batches: _Table | None = None
        self.lock = threading.RLock()
        self.underway = runner.underway
        self.handled: Sequence[Callable[[Any, Subscription, Any], None]] = ()
        self.failed: Sequence[Callable[[Any, HandlerFailure], None]] = ()
        self.blocked: Sequence[Callable[[Any, str, Exception | None], None]] = ()
        self.published: Sequence[Callable[[Any, PublishResult], None]] = ()
        self.blocked_again: Sequence[Callable[[Any, str, Exception | None], None]] = ()
        self.published_again: Sequence[Callable[[Any, PublishResult], None]] = ()
        self._interceptors: Sequence[InterceptorForms] = ()
        self.run_in_thread = runner.run_in_thread
        self.run_on_bus_loop = runner.run_on_bus_loop

    def renew(self) -> None:
        """Begin anew in a forked child: with what is registered, but without locks that others held."""
        self.lock = threading.RLock()
        self.underway = self._runner.underway
        self.recompile()

    def level_changed(self) -> None:
        """Compile the plans anew, with or without the lines for the log."""
        self.recompile()

    def class_named(self, cls: type) -> None:
        """Compile the plans of a class anew that has been given an event type: they may miss handlers of that type."""
        with self.lock:
            for table in self._tables.values():
                table.pop(cls, None)

    # --- the registry

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, in the order in which they were made."""
        with self.lock:
            return self._registry.subscriptions

    def add(self, subscription: Subscription) -> None:
        """Register a subscription, in the place of an equal one if there is one."""
        with self.lock:
            self._registry.put(subscription)
            self._drop(subscription)
        logger.debug("subscribed %s to %s", subscription.name, _listed(subscription.what))

    def remove(self, doomed: Callable[[Subscription], bool]) -> list[Subscription]:
        """Remove the subscriptions that a condition holds for; return them."""
        with self.lock:
            found = [one for one in self._registry.subscriptions if doomed(one)]
            for subscription in found:
                self._registry.take(subscription)
                self._drop(subscription)
        for subscription in found:
            logger.debug("unsubscribed %s from %s", subscription.name, _listed(subscription.what))
        return found

    def narrow(self, what: What, mark: object) -> bool:
        """Let the subscriptions of a handler, by its identity, listen to one thing less; False if there are none."""
        with self.lock:
            found = self._registry.of(what, mark)
            for subscription in found:
                self.discard(subscription)
                rest = tuple(one for one in subscription.what if one != what)
                if rest:
                    self.add(attrs.evolve(subscription, what=rest))
        return bool(found)

    def remove_plugin(self, name: str) -> None:
        """Remove everything that a plugin contributed, until `put_back_plugin`."""
        with self.lock:
            found = self._registry.take_plugin(name)
            self._refresh()
        for subscription in found:
            logger.debug("unsubscribed %s from %s", subscription.name, _listed(subscription.what))

    def put_back_plugin(self, name: str) -> None:
        """Register what was removed of a plugin again, each thing in its place; nothing if nothing was."""
        with self.lock:
            found = self._registry.put_back_plugin(name)
            if found is None:
                return
            self._refresh()
        for subscription in found:
            logger.debug("subscribed %s to %s", subscription.name, _listed(subscription.what))

    def discard(self, subscription: Subscription) -> bool:
        """Remove one subscription; False if it is not registered."""
        with self.lock:
            if not self._registry.take(subscription):
                return False
            self._drop(subscription)
        logger.debug("unsubscribed %s from %s", subscription.name, _listed(subscription.what))
        return True

    def forget(self, subscription: Subscription) -> None:
        """Unsubscribe a handler that was to run once."""
        self.discard(subscription)

    def extend(self, kind: Kind, contribution: Contribution) -> Callable[[], None]:
        """Append to `middleware`, `interceptors` or `monitors`; return what takes it back."""
        with self.lock:
            self._registry.append(kind, contribution)
            self._refresh()
        logger.debug("added %s to %s", contribution.name, kind)

        def take_back() -> None:
            with self.lock:
                self._registry.withdraw(kind, contribution)
                self._refresh()

        return take_back

    def state(self) -> Registry:
        """Return a copy of the registry."""
        with self.lock:
            return self._registry.copy()

    def restore(self, registry: Registry) -> None:
        """Put back a copy of the registry."""
        with self.lock:
            self._registry = registry.copy()
            for subscription in self._registry.subscriptions:
                subscription.renew_claim()
            self._refresh()

    def _refresh(self) -> None:
        from plugbus._contributions import forms_of, told

        monitors = [contribution.value for contribution in self._registry.monitors]
        self.handled = told(monitors, "handled")
        self.failed = told(monitors, "failed")
        self.blocked = told(monitors, "blocked")
        self.published = told(monitors, "published")
        again = [monitor for monitor in monitors if getattr(monitor, "replays", True)]
        self.blocked_again = told(again, "blocked")
        self.published_again = told(again, "published")
        self._interceptors = tuple(forms_of(one.name, one.value) for one in self._registry.interceptors)
        self.recompile()

    def interceptors_of(self, subscription: Subscription) -> Sequence[InterceptorForms]:
        """Return what wraps the calls of a handler, the outermost first: the bus's, then those that it brings along."""
        from plugbus._contributions import carried_by

        return (*self._interceptors, *carried_by(subscription.call, self._bus))

    # --- the plans

    def table(self, verb: Verb) -> _Table:
        """Return the plans of one verb by event class."""
        try:
            return self._tables[verb]
        except KeyError:
            with self.lock:
                return self._tables.setdefault(verb, _Table(self._compile, verb))

    def recompile(self) -> None:
        """Throw away all plans."""
        # Without the lock: a change of a logging level comes here with logging's own lock held.
        for table in [*self._tables.values(), *self._by_type.values()]:
            table.clear()

    def _drop(self, subscription: Subscription) -> None:
        for table in self._tables.values():
            for cls in list(table):
                if cls is not Event and subscription.matches(cls, kind_of(cls)):
                    table.pop(cls, None)
        for plans in self._by_type.values():
            for name in list(plans):
                if subscription.matches(Event, EventKind(name)):
                    plans.pop(name, None)

    def listens(self, event_type: str) -> bool:
        """Tell whether anybody handles a generic event of this type."""
        kind = EventKind(event_type)
        return any(subscription.matches(Event, kind) for subscription in self.subscriptions)

    def _compile(self, verb: Verb, cls: type) -> Plan | None:
        check_event(cls)
        with self.lock:
            plan = self._router(verb) if cls is Event else self._plan(verb, cls, kind_of(cls))
            self.table(verb)[cls] = plan
        return plan

    def _router(self, verb: Verb) -> Plan:
        """Return what finds the plan of a generic event: by its type instead of its class."""
        plans = self._by_type.setdefault(verb, {})

        def route(event: Event) -> Any:
            try:
                plan = plans[event.type]
            except KeyError:
                plan = self._plan_for_type(verb, event.type)
            return plan(event)

        return route

    def _plan_for_type(self, verb: Verb, name: str) -> Any:
        with self.lock:
            plans = self._by_type[verb]
            while len(plans) >= _MOST_TYPES:
                del plans[next(iter(plans))]
            plan = plans[name] = self._plan(verb, Event, EventKind(name))
        return plan

    def batch(self, cls: type, name: str | None) -> Plan | None:
        """Return the plan that takes several events of a class, or of a generic type; None if each needs its own."""
        plan: Plan | None
        if name is None:
            if self._batches is None:  # kept, since to find it takes as long as to handle some events
                self._batches = self.table(_BATCH)
            plan = self._batches[cls]
        else:
            plans = self._by_type.setdefault(_BATCH, {})
            plan = plans[name] if name in plans else self._plan_for_type(_BATCH, name)
        return plan

    def matching(self, cls: type, kind: EventKind) -> list[Subscription]:
        """Return the subscriptions that events of this class and kind reach."""
        return [one for one in self._registry.subscriptions if one.matches(cls, kind)]

    def _plan(self, verb: Verb, cls: type, kind: EventKind) -> Any:
        from plugbus._compile import compile_plan  # needed with the first event only

        return compile_plan(self, self._registry, self._runner, verb, cls, kind)

    # --- publishing from within a plan

    async def publish_inside(self, event: Any) -> Any:
        """Publish from within a publish."""
        return await self.table(_ASYNC)[event.__class__](event)

    def publish_sync_inside(self, event: Any) -> Any:
        """Publish from within a `publish_sync`, on the same thread."""
        return self.table(_BLOCKING)[event.__class__](event)

    async def publish_soon_inside(self, event: Any) -> Any:
        """Publish from within a `publish_soon`; yields once where it begins to wait."""
        return await self.table(_SOON)[event.__class__](event)


_ASYNC, _BLOCKING, _SOON, _BATCH = Verb("async"), Verb("blocking"), Verb("soon"), Verb("batch")


def check_event(cls: type) -> None:
    """
    Make sure that instances of a class can be published.

    Raises:
        NotAnEvent: If they cannot.
    """
    if issubclass(cls, type):
        raise NotAnEvent("publish takes an event, not a class; put parentheses behind its name to make one")
    if cls.__module__ == "builtins" or issubclass(cls, str):
        hint = "an Event(type='entity.action', payload={...})"
        if issubclass(cls, str):
            hint = "Event(type=...) with it"
        raise NotAnEvent(f"publish takes an event, got {cls.__name__}; publish {hint} or an object of a class of yours")


def _listed(what: Sequence[What]) -> str:
    return ", ".join(one if isinstance(one, str) else one.__name__ for one in what)
