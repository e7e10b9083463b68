"""`requires`: guards for any function."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakKeyDictionary

from plugbus import EventBus
from plugbus.errors import DefinitionError
from plugbus_guards.fields import Call
from plugbus_guards.guarding import Gate, gate_of
from plugbus_guards.naming import guard_of


if TYPE_CHECKING:
    from plugbus_guards.guard import Guard

__all__ = ("requires",)

F = TypeVar("F", bound=Callable[..., Any])


def requires(*guards: Any, bus: EventBus | None = None) -> Callable[[F], F]:
    """
    Guard a function: it runs only if every guard allows the call to whoever acts.

    In the place of an event guards get a `Call`; its fields are the arguments of the function by name.

    Args:
        guards: Guards, functions `(event, principal, context)`, and names of guards that need no settings.
        bus: Whose clock, flags, policies and windows hold, and on which denials are recorded; by default the default
            bus's, which the first call builds.

    Returns:
        A decorator, for sync and async functions. What it makes raises `AccessDenied`.

    Raises:
        DefinitionError: If there is no guard, or one is none; at the first call, if one that is async guards a function
            that is not.
    """
    guard = guard_of(guards)

    def decorate(function: F) -> F:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise DefinitionError(
                f"{function.__qualname__} is a generator, which runs after its call: guard its caller"
            )
        gates = _Gates(guard, bus)
        signature, name = inspect.signature(function), function.__qualname__

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run_async(*args: Any, **kwargs: Any) -> Any:
                await gates.here().pass_async(_call(signature, name, args, kwargs), name)
                return await function(*args, **kwargs)

            return cast("F", run_async)

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            gate = gates.here()
            if gate.is_async:
                raise DefinitionError(f"guard {guard} is async, {name} is not: write `async def {function.__name__}`")
            gate.pass_sync(_call(signature, name, args, kwargs), name)
            return function(*args, **kwargs)

        return cast("F", run)

    return decorate


class _Gates:
    """The gate of a function on each bus that has been the one."""

    def __init__(self, guard: Guard, bus: EventBus | None) -> None:
        self._guard = guard
        self._bus = bus
        self._made: WeakKeyDictionary[EventBus, Gate] = WeakKeyDictionary()

    def here(self) -> Gate:
        bus = self._bus or EventBus.get_instance()
        if bus not in self._made:
            self._made[bus] = gate_of(bus, self._guard)
        return self._made[bus]


def _call(signature: inspect.Signature, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:  # what the function itself would raise
        raise TypeError(f"{name}(): {error}") from None
    bound.apply_defaults()
    return Call(name, bound.arguments)
