"""Who may publish what, as far as rules alone can tell: allow, deny, or what it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from plugbus_guards.asking import AskingGuard
from plugbus_guards.context import GuardContext
from plugbus_guards.decision import Allow
from plugbus_guards.fields import Call
from plugbus_guards.guard import AllOf, AnyOf, Guard, InThread, Not, leaves
from plugbus_guards.guards.roles import AdminGuard, RolesGuard
from plugbus_guards.principal import ANONYMOUS, EXPIRED, Principal
from plugbus_guards.settlement import decide


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from plugbus_guards.enforcing import Enforcer
    from plugbus_guards.rule import Rule
    from plugbus_guards.surroundings import Surroundings

__all__ = ("Answer", "Cell", "Somebody", "matrix", "somebodies")

Answer = Literal["allow", "deny", "depends"]


@attrs.frozen
class Somebody:
    """
    A column of the matrix.

    Args:
        title: What stands above it.
        principal: Who it is.
        is_exact: Whether its claims are all that is known of it. If not, guards that ask for more depend on that.
    """

    title: str
    principal: Principal
    is_exact: bool = True


@attrs.frozen
class Cell:
    """
    One answer.

    Args:
        answer: Whether it may be published.
        depends: The guards that it depends on, if it does.
    """

    answer: Answer
    depends: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"depends: {', '.join(self.depends)}" if self.depends else self.answer


def somebodies(rules: Iterable[Rule]) -> list[Somebody]:
    """Return the principals that rules tell apart: nobody, somebody, and somebody with each role that is named."""
    roles: dict[str, None] = {}
    for rule in rules:
        for leaf in leaves(rule.guard):
            if isinstance(leaf, AdminGuard):
                roles[leaf.role] = None
            elif isinstance(leaf, RolesGuard):
                roles |= dict.fromkeys((*leaf.any, *leaf.all))
    return [
        Somebody("anonymous", ANONYMOUS),
        Somebody("somebody", Principal(id="somebody"), is_exact=False),
        *(Somebody(role, Principal(id=f"a {role}", roles=frozenset([role])), is_exact=False) for role in roles),
    ]


async def matrix(
    enforcer: Enforcer, surroundings: Surroundings, types: Sequence[str], columns: Sequence[Somebody]
) -> list[list[Cell]]:
    """
    Return a row of cells for each type of events.

    Args:
        enforcer: Knows the rules.
        surroundings: What all decisions share.
        types: The types.
        columns: Who publishes.
    """
    return [[await _cell(enforcer, surroundings, one, column) for column in columns] for one in types]


async def _cell(enforcer: Enforcer, surroundings: Surroundings, event_type: str, column: Somebody) -> Cell:
    rules = enforcer.matching(event_type)
    if not rules:
        return Cell("allow" if enforcer.allows_by_default(None, event_type) else "deny")
    if column.principal.has_expired(surroundings.clock()):
        column = attrs.evolve(column, principal=EXPIRED)
    context = GuardContext(event_type, surroundings)
    return _every([await _answer(rule.guard, column, context) for rule in rules if rule.mode != "report"])


async def _answer(guard: Guard, column: Somebody, context: GuardContext) -> Cell:
    if isinstance(guard, InThread):
        return await _answer(guard.inner, column, context)
    if isinstance(guard, AllOf):
        return _every([await _answer(part, column, context) for part in guard.guards])
    if isinstance(guard, AnyOf):
        return _some([await _answer(part, column, context) for part in guard.guards])
    if isinstance(guard, Not):
        return await _turned(guard, column, context)
    return await _leaf(guard, column, context)


async def _turned(guard: Not, column: Somebody, context: GuardContext) -> Cell:
    """An error stays one, so that what is turned round has to be decided, not only answered."""
    cell = await _answer(guard.guard, column, context)
    if cell.answer == "depends":
        return cell
    return await _leaf(guard, column, context)


async def _leaf(guard: Guard, column: Somebody, context: GuardContext) -> Cell:
    if _depends(guard, column):
        return Cell("depends", (str(guard),))
    nothing = Call(context.event_type, {})
    return Cell("allow" if type(await decide(guard, nothing, column.principal, context)) is Allow else "deny")


def _depends(guard: Guard, column: Somebody) -> bool:
    if isinstance(guard, Not | AllOf | AnyOf):
        return any(_depends(part, column) for part in guard.parts())
    if not column.principal.is_known and isinstance(guard, AskingGuard):
        return False  # nothing is known of nobody
    if guard.looks_at_event():
        return True
    if isinstance(guard, AskingGuard):
        return guard.resolver is not None or not column.is_exact
    return not column.is_exact and not isinstance(guard, AdminGuard | RolesGuard) and guard.name != "authenticated"


def _every(cells: Sequence[Cell]) -> Cell:
    if any(cell.answer == "deny" for cell in cells):
        return Cell("deny")
    depends = dict.fromkeys(one for cell in cells for one in cell.depends)
    return Cell("depends", tuple(depends)) if depends else Cell("allow")


def _some(cells: Sequence[Cell]) -> Cell:
    if any(cell.answer == "allow" for cell in cells):
        return Cell("allow")
    depends = dict.fromkeys(one for cell in cells for one in cell.depends)
    return Cell("depends", tuple(depends)) if depends else Cell("deny")
