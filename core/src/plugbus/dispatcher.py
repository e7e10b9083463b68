"""Who listens to what, and the compiled plans that follow from it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import attrs

from plugbus._kinds import EventKind, kind_of
from plugbus.errors import InvalidHandler, NotAnEvent
from plugbus.events import Event
from plugbus.handlers import Subscription, is_async
from plugbus.logger import guarded, logger


if TYPE_CHECKING:
    from plugbus._call import InterceptorForms
    from plugbus._plan import Mode, Section
    from plugbus.handlers import What
    from plugbus.middleware import Monitor
    from plugbus.result import HandlerFailure, PublishResult

__all__ = ("Contribution", "Dispatcher", "Kind", "Plan", "Registry", "Runner", "Verb", "check_event")

# One way through a plan: how it waits, which part of it, and whether for a replay.
Verb = tuple["Mode", "Section", bool]
Plan = Callable[[Any], Any]
# Types that come from outside may be any number; the plans of the oldest are given up, and compiled again if need be.
_MOST_TYPES = 16_384

Kind = Literal["middleware", "interceptors", "monitors"]


class Runner(Protocol):
    """What a dispatcher needs of the bus around it."""

    source: str | None
    correlated: bool
    sequential: bool

    def block(self, awaitable: Any) -> Any:
        """Wait for an awaitable from a thread without a loop; it runs on the bus's loop."""

    async def run_in_thread(self, call: Plan, event: Any, timeout: float | None, name: str) -> Any:
        """Run a sync call in a worker thread."""

    async def run_on_bus_loop(self, call: Plan, event: Any) -> Any:
        """Run an async call on the bus's own loop."""

    def enter(self) -> None:
        """Count a publish that has begun to wait."""

    def leave(self) -> None:
        """Count its end."""


@attrs.frozen(eq=False)
class Contribution:
    """
    A middleware, interceptor or monitor as it stands in its list.

    Args:
        name: Its name in results and logs.
        value: The object.
        plugin: The plugin that contributed it.
    """

    name: str
    value: Any
    plugin: str | None = None


@attrs.define
class Registry:
    """What is registered on a bus; copied for snapshots."""

    subscriptions: dict[object, Subscription] = attrs.Factory(dict)
    middleware: tuple[Contribution, ...] = ()
    interceptors: tuple[Contribution, ...] = ()
    monitors: tuple[Contribution, ...] = ()


class _Table(dict[Any, Plan]):
    """The plans of one verb by event class; a missing one is compiled."""

    __slots__ = ("_compile", "_verb")

    def __init__(self, compile: Callable[[Verb, type], Plan], verb: Verb) -> None:
        super().__init__()
        self._compile = compile
        self._verb = verb

    def __missing__(self, cls: type) -> Plan:
        return self._compile(self._verb, cls)


class Dispatcher:
    """
    The registry of handlers and what stands beside them, with the plans compiled from it.

    Plans are immutable. A change of the registry throws away those that it concerns; compiling and changing exclude
    each other, so that no plan misses a handler that was subscribed before it was looked up.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._registry = Registry()
        self._tables: dict[Verb, _Table] = {}
        self._by_type: dict[Verb, dict[str, Plan]] = {}
        self.lock = threading.RLock()
        self.enter, self.leave = runner.enter, runner.leave
        self.handled: Sequence[Callable[[Any, Subscription, Any], None]] = ()
        self.failed: Sequence[Callable[[Any, HandlerFailure], None]] = ()
        self.blocked: Sequence[Callable[[Any, str], None]] = ()
        self.published: Sequence[Callable[[Any, PublishResult], None]] = ()
        self.interceptors: Sequence[InterceptorForms] = ()
        self.run_in_thread = runner.run_in_thread
        self.run_on_bus_loop = runner.run_on_bus_loop

    def renew(self) -> None:
        """Begin anew in a forked child: with what is registered, but without locks that others held."""
        self.lock = threading.RLock()
        self.enter, self.leave = self._runner.enter, self._runner.leave
        self.recompile()

    def level_changed(self) -> None:
        """Compile the plans anew, with or without the lines for the log."""
        self.recompile()

    # --- the registry

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, in the order in which they were made."""
        with self.lock:
            return tuple(self._registry.subscriptions.values())

    def add(self, subscription: Subscription) -> None:
        """Register a subscription, in the place of an equal one if there is one."""
        with self.lock:
            self._registry.subscriptions[subscription.key()] = subscription
            self._drop(subscription)
        logger.debug("subscribed %s to %s", subscription.name, _listed(subscription.what))

    def remove(self, doomed: Callable[[Subscription], bool]) -> int:
        """Remove the subscriptions that a condition holds for; return how many."""
        with self.lock:
            found = [(key, one) for key, one in self._registry.subscriptions.items() if doomed(one)]
            for key, subscription in found:
                del self._registry.subscriptions[key]
                self._drop(subscription)
        for _, subscription in found:
            logger.debug("unsubscribed %s from %s", subscription.name, _listed(subscription.what))
        return len(found)

    def remove_plugin(self, name: str) -> None:
        """Remove everything that a plugin contributed."""
        self.remove(lambda subscription: subscription.plugin == name)
        kinds: tuple[Kind, ...] = ("middleware", "interceptors", "monitors")
        with self.lock:
            for kind in kinds:
                self._change(kind, tuple(one for one in getattr(self._registry, kind) if one.plugin != name))

    def discard(self, subscription: Subscription) -> bool:
        """Remove one subscription; False if it is not registered."""
        with self.lock:
            if self._registry.subscriptions.get(subscription.key()) is not subscription:
                return False
            del self._registry.subscriptions[subscription.key()]
            self._drop(subscription)
        logger.debug("unsubscribed %s from %s", subscription.name, _listed(subscription.what))
        return True

    def forget(self, subscription: Subscription) -> None:
        """Unsubscribe a handler that was to run once."""
        self.discard(subscription)

    def extend(self, kind: Kind, contribution: Contribution) -> Callable[[], None]:
        """Append to `middleware`, `interceptors` or `monitors`; return what takes it back."""
        with self.lock:
            self._change(kind, (*getattr(self._registry, kind), contribution))
        logger.debug("added %s to %s", contribution.name, kind)

        def take_back() -> None:
            with self.lock:
                self._change(kind, tuple(one for one in getattr(self._registry, kind) if one is not contribution))

        return take_back

    def _change(self, kind: Kind, contributions: tuple[Contribution, ...]) -> None:
        setattr(self._registry, kind, contributions)
        self._refresh()

    def state(self) -> Registry:
        """Return a copy of the registry."""
        with self.lock:
            return attrs.evolve(self._registry, subscriptions=dict(self._registry.subscriptions))

    def restore(self, registry: Registry) -> None:
        """Put back a copy of the registry."""
        with self.lock:
            self._registry = attrs.evolve(registry, subscriptions=dict(registry.subscriptions))
            for subscription in self._registry.subscriptions.values():
                subscription.renew_claim()
            self._refresh()

    def _refresh(self) -> None:
        monitors = [contribution.value for contribution in self._registry.monitors]
        self.handled = _overridden(monitors, "handled")
        self.failed = _overridden(monitors, "failed")
        self.blocked = _overridden(monitors, "blocked")
        self.published = _overridden(monitors, "published")
        self.interceptors = tuple(_forms(contribution) for contribution in self._registry.interceptors)
        self.recompile()

    # --- the plans

    def table(self, verb: Verb) -> _Table:
        """Return the plans of one verb by event class."""
        with self.lock:
            if verb not in self._tables:
                self._tables[verb] = _Table(self._compile, verb)
            return self._tables[verb]

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

    def _compile(self, verb: Verb, cls: type) -> Plan:
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

    def _plan_for_type(self, verb: Verb, name: str) -> Plan:
        with self.lock:
            plans = self._by_type[verb]
            while len(plans) >= _MOST_TYPES:
                del plans[next(iter(plans))]
            plan = plans[name] = self._plan(verb, Event, EventKind(name))
        return plan

    def matching(self, cls: type, kind: EventKind) -> list[Subscription]:
        """Return the subscriptions that events of this class and kind reach."""
        return [one for one in self._registry.subscriptions.values() if one.matches(cls, kind)]

    def _plan(self, verb: Verb, cls: type, kind: EventKind) -> Plan:
        from plugbus._compile import compile_plan  # needed with the first event only

        return compile_plan(self, self._registry, self._runner, verb, cls, kind)

    # --- publishing from within a plan

    async def publish_inside(self, event: Any) -> Any:
        """Publish from within a publish."""
        return await self.table(("async", "full", False))[event.__class__](event)

    def publish_sync_inside(self, event: Any) -> Any:
        """Publish from within a `publish_sync`, on the same thread."""
        return self.table(("blocking", "full", False))[event.__class__](event)

    def steps_inside(self, event: Any) -> Generator[Any, Any, Any]:
        """Publish from within a `publish_soon`, as steps."""
        return self.table(("steps", "full", False))[event.__class__](event)  # type: ignore[no-any-return]


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


def _overridden(monitors: Sequence[Monitor], method: str) -> tuple[Callable[..., None], ...]:
    from plugbus.middleware import Monitor

    base = getattr(Monitor, method)
    return tuple(
        guarded(getattr(monitor, method)) for monitor in monitors if getattr(type(monitor), method, base) is not base
    )


def _forms(contribution: Contribution) -> InterceptorForms:
    from plugbus._call import InterceptorForms

    value = contribution.value
    sync, asynchronous = getattr(value, "intercept", None), getattr(value, "intercept_async", None)
    if sync is None and asynchronous is None:
        if not callable(value):
            raise InvalidHandler(f"interceptor {contribution.name} has neither intercept nor intercept_async")
        sync, asynchronous = (None, value) if is_async(value) else (value, None)
    return InterceptorForms(contribution.name, sync, asynchronous)


def _listed(what: Sequence[What]) -> str:
    return ", ".join(one if isinstance(one, str) else one.__name__ for one in what)
