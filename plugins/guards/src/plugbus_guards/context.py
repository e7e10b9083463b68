"""`GuardContext`: what a guard may look at besides the event and the principal."""

from __future__ import annotations

from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from plugbus_guards.fields import MISSING


if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable

    from plugbus_guards.principal import Principal
    from plugbus_guards.surroundings import Surroundings

__all__ = ("GuardContext",)


class GuardContext:
    """
    The surroundings of one decision.

    Args:
        event_type: The type of the event, or the name of the function that is guarded.
        surroundings: What all decisions of a bus share: clock, flags, policies, windows, resolvers.
        remembers: Whether resolvers are asked once; not where one context serves many decisions.
    """

    __slots__ = ("_answers", "event_type", "surroundings")

    def __init__(self, event_type: str, surroundings: Surroundings, *, remembers: bool = True) -> None:
        self.event_type = event_type
        self.surroundings = surroundings
        self._answers: dict[str, Any] | None = {} if remembers else None

    def now(self) -> dt.datetime:
        """Return the time, aware, by the clock of the plugin."""
        return self.surroundings.clock()

    def ask(self, resolver: str, principal: Principal, event: object) -> Any:
        """
        Ask a resolver of the application, once in the decision of a publish however many guards want to know.

        Args:
            resolver: Where it is, as `module:function`; called with the principal and the event.
            principal: Who acts.
            event: The event.

        Returns:
            What it returns, or an awaitable of that if it is async. None is `MISSING`.
        """
        if self._answers is not None and resolver in self._answers:
            return self._answers[resolver]
        answer = self.surroundings.resolver(resolver)(principal, event)
        return self._awaited(resolver, answer) if isawaitable(answer) else self._remembered(resolver, answer)

    async def _awaited(self, resolver: str, answer: Awaitable[Any]) -> Any:
        return self._remembered(resolver, await answer)

    def _remembered(self, resolver: str, answer: Any) -> Any:
        found = MISSING if answer is None else answer
        if self._answers is not None:
            self._answers[resolver] = found
        return found
