"""`guarded`: guards for one handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from plugbus.errors import ServiceNotFound
from plugbus.middleware import intercepted
from plugbus_guards.context import GuardContext
from plugbus_guards.decision import Allow, Decision, Deny, Error
from plugbus_guards.enforcing import acting
from plugbus_guards.naming import guard_of
from plugbus_guards.recording import Subject
from plugbus_guards.settings import GuardsSettings
from plugbus_guards.settlement import NeedsLoop, consumed, decide, denial, run
from plugbus_guards.surroundings import Surroundings


if TYPE_CHECKING:
    from plugbus import EventBus
    from plugbus_guards.guard import Guard
    from plugbus_guards.principal import Principal

__all__ = ("Gate", "gate_of", "guarded")

F = TypeVar("F", bound=Callable[..., Any])


def guarded(*guards: Any) -> Callable[[F], F]:
    """
    Guard one handler: it handles an event only if every guard allows that to whoever published it.

    The other handlers run. A denial is this handler's failure in the result of the publish; it is logged as a WARNING
    without a traceback, and never published as `error.occurred`. Write it below `@bus.on(...)`.

    Args:
        guards: Guards, functions `(event, principal, context)`, and names of guards that need no settings.

    Raises:
        DefinitionError: If there is none, or one is none.
    """
    return intercepted(_Guarded(guard_of(guards)))


class _Guarded:
    """Makes the interceptor for each bus, since clocks, flags and windows are the bus's."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def for_bus(self, bus: EventBus) -> object:
        gate = gate_of(bus, self._guard)
        return _AsyncGuard(gate) if gate.is_async else _PlainGuard(gate)


class _AsyncGuard:
    """Wraps async handlers, and sync ones, which then run in the async group."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def intercept_async(self, event: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        await self._gate.pass_async(event)
        return await call_next(event)


class _PlainGuard(_AsyncGuard):
    """Wraps handlers of both kinds, each in its own form."""

    def intercept(self, event: Any, call_next: Callable[[Any], Any]) -> Any:
        self._gate.pass_sync(event)
        return call_next(event)


class Gate:
    """
    A guard with the surroundings in which it decides.

    Args:
        guard: The guard.
        surroundings: Its surroundings.
        record: Told of each denial: who, what, why.
    """

    def __init__(
        self,
        guard: Guard,
        surroundings: Surroundings,
        record: Callable[[Principal, str, Any, Deny], None] | None,
    ) -> None:
        guard.prepare(surroundings)
        self._guard = guard
        self._surroundings = surroundings
        self._record = record
        self.is_async = guard.is_async(surroundings)

    def pass_sync(self, event: Any, event_type: str | None = None) -> None:
        """
        Decide without a wait.

        Raises:
            AccessDenied: If it is denied.
        """
        name = self._name(event, event_type)
        try:
            decision = run(self._decide(event, name))
        except NeedsLoop:
            decision = Error(f"guard {self._guard} has to be awaited, and is not async")
        self._judge(decision, event, name)

    async def pass_async(self, event: Any, event_type: str | None = None) -> None:
        """
        Decide.

        Raises:
            AccessDenied: If it is denied.
        """
        name = self._name(event, event_type)
        self._judge(await self._decide(event, name), event, name)

    def _name(self, event: Any, event_type: str | None) -> str:
        from plugbus_guards.service import type_of

        return event_type or type_of(event)

    async def _decide(self, event: Any, event_type: str) -> Decision:
        principal = acting(self._surroundings)
        context = GuardContext(event_type, self._surroundings)
        decision = await decide(self._guard, event, principal, context)
        if type(decision) is Allow:
            decision = await consumed(self._guard, event, principal, context)
        return decision

    def _judge(self, decision: Decision, event: Any, event_type: str) -> None:
        if isinstance(decision, Allow):
            return
        if self._record is not None:
            told = decision if isinstance(decision, Deny) else Deny(decision.reason, "error")
            self._record(acting(self._surroundings), str(self._guard), event, told)
        raise denial(decision, event_type, Subject.of(event, event_type).id)


def gate_of(bus: EventBus | None, guard: Guard) -> Gate:
    """
    Return a gate with the surroundings of a bus, or with those of the defaults where the plugin is not on.

    Raises:
        DefinitionError: If the guard names what is not there.
    """
    from plugbus_guards.service import Guards

    if bus is not None:
        try:
            service = bus.service(Guards)
        except ServiceNotFound:
            pass
        else:
            return Gate(guard, service.surroundings, service.record)
    return Gate(guard, Surroundings(GuardsSettings(), Path.cwd()), None)
