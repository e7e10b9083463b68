"""Guards as code names them: objects, functions, and names of those that need no settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plugbus.errors import DefinitionError
from plugbus_guards.guard import AllOf, AnyOf, Guard, Not, as_guard


if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ("all_of", "any_of", "guard_of", "not_")


def guard_of(guards: Sequence[Any]) -> Guard:
    """
    Return one guard that allows what all of these allow.

    Args:
        guards: Guards, functions `(event, principal, context)`, and names of guards that need no settings.

    Raises:
        DefinitionError: If there is none, or one is none.
    """
    if not guards:
        raise DefinitionError("name a guard at least, as in @guarded('authenticated')")
    made = _several(guards)
    return made[0] if len(made) == 1 else AllOf(made)


def _named(name: str) -> Guard:
    from plugbus_guards.guards import BUILT_IN

    cls = BUILT_IN.get(name)
    if cls is None:
        raise DefinitionError(f"there is no guard {name!r}: there are {', '.join(BUILT_IN)}")
    try:
        return cls()
    except TypeError:
        raise DefinitionError(f"guard {name!r} needs settings: write {cls.__name__}(...)") from None


def all_of(*guards: Any) -> Guard:
    """
    Return a guard that allows if each of these does.

    Raises:
        DefinitionError: If there is none, or one is none.
    """
    return AllOf(_several(guards))


def any_of(*guards: Any) -> Guard:
    """
    Return a guard that allows if one of these really does; that one fails is not enough.

    Raises:
        DefinitionError: If there is none, or one is none.
    """
    return AnyOf(_several(guards))


def not_(guard: Any) -> Guard:
    """
    Return a guard that allows if this one denies; if it fails, so does this.

    Raises:
        DefinitionError: If it is none.
    """
    return Not(*_several((guard,)))


def _several(guards: Sequence[Any]) -> tuple[Guard, ...]:
    return tuple(_named(guard) if isinstance(guard, str) else as_guard(guard) for guard in guards)
