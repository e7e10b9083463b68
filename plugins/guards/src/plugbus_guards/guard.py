"""`Guard`: the contract, and how guards are put together."""

from __future__ import annotations

import asyncio
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from plugbus.errors import DefinitionError
from plugbus_guards.decision import Decision, Error, every, negated, some


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal
    from plugbus_guards.surroundings import Surroundings

__all__ = (
    "TIMEOUT",
    "AllOf",
    "AnyOf",
    "Check",
    "ConsumingGuard",
    "FunctionGuard",
    "Guard",
    "InThread",
    "Not",
    "as_guard",
    "asked",
    "combine",
    "leaves",
    "settled",
)

Check = Callable[[Any, "Principal", "GuardContext"], "Decision | Awaitable[Decision]"]

# How long a guard that is awaited may take, in seconds, where nothing else is said.
TIMEOUT = 2.0


class Guard(ABC):
    """
    Decides whether something may happen. Derive an attrs class from it; its options are the guard's settings.

    Attributes:
        name: The name in the configuration and in messages.
        needs_event: Whether the decision depends on what the event says, not on who acts alone.
    """

    name: ClassVar[str] = ""
    needs_event: ClassVar[bool] = True

    @abstractmethod
    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        """
        Decide. May be async. It changes nothing: `plugbus guards check` calls it, too.

        Args:
            event: What is published; for `requires` a `Call`.
            principal: Who acts.
            context: The time, and what else there is to be asked.

        Returns:
            `ALLOW`, `Deny` or `Error`. Anything else, and what it raises, is an `Error`.
        """

    def prepare(self, surroundings: Surroundings) -> None:  # noqa: B027  (most guards name nothing)
        """
        Look at set-up whether everything that the guard names is there.

        Raises:
            DefinitionError: If it is not.
        """

    def is_async(self, surroundings: Surroundings) -> bool:
        """Tell whether `check` has to be awaited."""
        return inspect.iscoroutinefunction(self.check)

    def asks(self) -> bool:
        """Tell whether it asks a resolver, which is asked once in a publish."""
        return False

    def parts(self) -> tuple[Guard, ...]:
        """Return the guards that this one is made of."""
        return ()

    def looks_at_event(self) -> bool:
        """Tell whether the decision depends on more than the type of the event and who acts."""
        return self.needs_event

    def __str__(self) -> str:
        name, cls = self.name or type(self).__name__, type(self)
        fields: Any = attrs.fields(cls) if attrs.has(cls) else ()
        settings = ", ".join(
            f"{field.name.rstrip('_')}={getattr(self, field.name)!r}"
            for field in fields
            if field.repr and field.init and getattr(self, field.name) != _default_of(field)
        )
        return f"{name}({settings})" if settings else name


def _default_of(field: attrs.Attribute[Any]) -> Any:
    default: Any = field.default
    return default.factory() if isinstance(default, attrs.Factory) and not default.takes_self else default  # type: ignore[arg-type]


class ConsumingGuard(Guard):
    """A guard of something that is used up: it checks first, and takes when every rule has allowed."""

    @abstractmethod
    def consume(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        """Take, if there still is something; decide again."""


@attrs.frozen
class FunctionGuard(Guard):
    """A function `(event, principal, context)` as a guard."""

    function: Check

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        return self.function(event, principal, context)

    def is_async(self, surroundings: Surroundings) -> bool:
        return inspect.iscoroutinefunction(self.function)

    def __str__(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))


@attrs.frozen
class InThread(Guard):
    """A guard that blocks, in a thread of its own, with the time that async ones have."""

    inner: Guard

    async def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision:
        answer = await asyncio.to_thread(self.inner.check, event, principal, context)
        return await answer if inspect.isawaitable(answer) else answer

    def prepare(self, surroundings: Surroundings) -> None:
        self.inner.prepare(surroundings)

    def parts(self) -> tuple[Guard, ...]:
        return (self.inner,)

    def __str__(self) -> str:
        return str(self.inner)


def _some_at_least(_: object, __: object, value: tuple[Guard, ...]) -> None:
    if not value:
        raise DefinitionError("there is nothing to combine: name a guard at least")


@attrs.frozen
class _Several(Guard):
    """
    Several guards that are asked one after another.

    Attributes:
        how: Combines what they say.
        title: What they are called together.
    """

    how: ClassVar[Callable[[Iterable[Decision]], Decision]]
    title: ClassVar[str]

    guards: tuple[Guard, ...] = attrs.field(validator=_some_at_least)

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        return combine(type(self).how, self.guards, event, principal, context)

    def is_async(self, surroundings: Surroundings) -> bool:
        return any(guard.is_async(surroundings) for guard in self.guards)

    def prepare(self, surroundings: Surroundings) -> None:
        for guard in self.guards:
            guard.prepare(surroundings)

    def parts(self) -> tuple[Guard, ...]:
        return self.guards

    def __str__(self) -> str:
        return f"{self.title} [{', '.join(map(str, self.guards))}]"


@attrs.frozen
class AllOf(_Several):
    """Each guard has to allow."""

    how = every
    title = "all of"


@attrs.frozen
class AnyOf(_Several):
    """One guard has to allow; it is not enough that one fails."""

    how = some
    title = "any of"


@attrs.frozen
class Not(Guard):
    """A guard has to deny; if it fails, this fails, too."""

    guard: Guard

    def check(self, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
        reason = f"{self.guard} allows, which is not wanted here"
        return combine(
            lambda decisions: negated(next(iter(decisions)), reason), (self.guard,), event, principal, context
        )

    def is_async(self, surroundings: Surroundings) -> bool:
        return self.guard.is_async(surroundings)

    def prepare(self, surroundings: Surroundings) -> None:
        self.guard.prepare(surroundings)

    def parts(self) -> tuple[Guard, ...]:
        return (self.guard,)

    def __str__(self) -> str:
        return f"not {self.guard}"


def combine(
    how: Callable[[Iterable[Decision]], Decision],
    guards: tuple[Guard, ...],
    event: Any,
    principal: Principal,
    context: GuardContext,
) -> Decision | Awaitable[Decision]:
    """
    Ask guards one after another and combine what they say; as an awaitable from the first that has to be awaited.

    Args:
        how: `every` or `some`.
        guards: The guards.
        event: The event.
        principal: Who acts.
        context: The surroundings.
    """
    decisions: list[Decision] = []
    for index, guard in enumerate(guards):
        answer = asked(guard, event, principal, context)
        if inspect.isawaitable(answer):
            return _combine_on(how, decisions, answer, guards[index:], (event, principal, context))
        decisions.append(answer)
    return how(decisions)


async def _combine_on(
    how: Callable[[Iterable[Decision]], Decision],
    decisions: list[Decision],
    begun: Awaitable[Decision],
    guards: tuple[Guard, ...],
    question: tuple[Any, Principal, GuardContext],
) -> Decision:
    context = question[2]
    decisions.append(await settled(guards[0], begun, context))
    for guard in guards[1:]:
        answer = asked(guard, *question)
        decisions.append(await settled(guard, answer, context) if inspect.isawaitable(answer) else answer)
    return how(decisions)


def asked(guard: Guard, event: Any, principal: Principal, context: GuardContext) -> Decision | Awaitable[Decision]:
    """Ask a guard; what it raises is an error of it."""
    try:
        return guard.check(event, principal, context)
    except Exception as error:  # noqa: BLE001  (a guard may raise anything, and then denies)
        return context.surroundings.failed(guard, error, context)


async def settled(guard: Guard, answer: Awaitable[Decision], context: GuardContext) -> Decision:
    """Await a guard's answer, for as long as it may take; of one that is made of others each has its time."""
    if isinstance(guard, AllOf | AnyOf | Not):
        return await answer
    seconds = context.surroundings.timeout
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await answer
    except TimeoutError as error:
        if limit.expired():
            return Error(f"guard {guard} did not decide within {seconds:g} s")
        return context.surroundings.failed(guard, error, context)
    except Exception as error:  # noqa: BLE001  (a guard may raise anything, and then denies)
        return context.surroundings.failed(guard, error, context)


def as_guard(value: Any) -> Guard:
    """
    Return a guard as it is, and a function as one.

    Raises:
        DefinitionError: If it is neither.
    """
    if isinstance(value, Guard):
        return value
    if callable(value) and not isinstance(value, type):
        return FunctionGuard(value)
    hint = "; put parentheses behind its name to make one" if isinstance(value, type) else ""
    raise DefinitionError(f"a guard is a Guard, or a function (event, principal, context), got {value!r}{hint}")


def leaves(guard: Guard) -> Iterator[Guard]:
    """Yield the guards that a guard is made of in the end, itself if it is made of none."""
    parts = guard.parts()
    if not parts:
        yield guard
    for part in parts:
        yield from leaves(part)
