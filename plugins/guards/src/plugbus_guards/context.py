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
    """

    __slots__ = ("_answers", "event_type", "surroundings")

    def __init__(self, event_type: str, surroundings: Surroundings) -> None:
        self.event_type = event_type
        self.surroundings = surroundings
        self._answers: dict[str, Any] = {}

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
        answer = self._answers.get(resolver, self)
        if answer is self:
            answer = self.surroundings.resolver(resolver)(principal, event)
            if isawaitable(answer):
                return self._answer_of(resolver, answer)
            answer = self._answers[resolver] = MISSING if answer is None else answer
        return answer

    async def _answer_of(self, resolver: str, answer: Awaitable[Any]) -> Any:
        found = await answer
        self._answers[resolver] = found = MISSING if found is None else found
        return found
