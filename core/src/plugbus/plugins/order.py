"""The order of plugins: what the configuration says first, then its list, then what the plugins wish."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs


if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ("Arrangement", "Edge", "OrderCycle", "arrange")


@attrs.frozen
class Edge:
    """
    One statement that a plugin comes before another.

    Args:
        first: The plugin that comes first.
        then: The plugin that comes later.
        source: Who says so, in words, with file and line where there is one.
    """

    first: str
    then: str
    source: str

    def __str__(self) -> str:
        return f"{self.first} before {self.then} ({self.source})"


@attrs.frozen
class Arrangement:
    """
    An order and why it is so.

    Args:
        names: The plugins in their order.
        followed: The statements that it follows.
        overruled: Wishes of plugins that the configuration overrules.
        base: Says where a plugin would be if nothing else were said.
    """

    names: tuple[str, ...]
    followed: tuple[Edge, ...] = ()
    overruled: tuple[Edge, ...] = ()
    base: Callable[[str], str | None] = attrs.field(default=lambda _: None, eq=False, repr=False)

    def reasons(self, name: str) -> tuple[str, ...]:
        """Say why a plugin is where it is: the statements about it, then its place in the configuration."""
        stated: dict[tuple[str, str], str] = {}
        for edge in self.followed:  # what overrules comes first: who wishes the same besides is no reason
            if name in {edge.first, edge.then}:
                stated.setdefault((edge.first, edge.then), str(edge))
        base = self.base(name)
        last = f"else {base}" if stated and base else base
        return tuple(filter(None, [*stated.values(), last]))


class OrderCycle(Exception):
    """
    Statements that cannot all be true.

    Args:
        edges: They, each one's `then` being the next one's `first`.
    """

    def __init__(self, edges: Sequence[Edge]) -> None:
        super().__init__("the order of plugins closes a cycle: " + ", ".join(map(str, edges)))
        self.edges = tuple(edges)


def arrange(
    names: Sequence[str],
    stated: Iterable[Edge],
    wishes: Iterable[Edge],
    general: Iterable[Edge] = (),
    *,
    listed: bool = False,
) -> Arrangement:
    """
    Put plugins in order.

    Args:
        names: The plugins, in the order that holds where nothing else is said.
        stated: What the configuration says with `before` and `after`. It wins.
        wishes: What the plugins' classes say; what contradicts the configuration is passed over.
        general: What plugins wish of all others; passed over where anything else is said.
        listed: Whether `names` is an order that the configuration lists, which wins over wishes too.

    Raises:
        OrderCycle: If what is said cannot be.
    """
    ruling = [edge for edge in stated if edge.first in names and edge.then in names]
    base = _sorted(names, ruling)
    followed, overruled = list(ruling), []
    for wish in wishes:
        if wish.first not in names or wish.then not in names:
            continue  # a plugin that is not there comes neither before nor after
        against = base.index(wish.first) > base.index(wish.then) if listed else _path(wish.then, wish.first, ruling)
        if against:
            overruled.append(wish)
        else:
            followed.append(wish)
    for wish in () if listed else general:
        if not _path(wish.then, wish.first, followed):
            followed.append(wish)
    return Arrangement(tuple(_sorted(names, followed)), tuple(followed), tuple(overruled))


def _sorted(names: Sequence[str], edges: Sequence[Edge]) -> list[str]:
    """Always take the first name that nothing left has to precede."""
    left, done = list(names), []
    while left:
        blocked = {edge.then for edge in edges if edge.first in left and edge.then in left}
        free = next((name for name in left if name not in blocked), None)
        if free is None:
            raise OrderCycle(_cycle(left, edges))
        left.remove(free)
        done.append(free)
    return done


def _cycle(names: Sequence[str], edges: Sequence[Edge]) -> Sequence[Edge]:
    cycles = (
        _path(name, name, [edge for edge in edges if edge.first in names and edge.then in names]) for name in names
    )
    return min((cycle for cycle in cycles if cycle), key=len)


def _path(start: str, end: str, edges: Sequence[Edge]) -> list[Edge] | None:
    """Return a shortest chain of statements that leads from one plugin to another, None if none does."""
    chains: list[list[Edge]] = [[edge] for edge in edges if edge.first == start]
    seen = {start}
    for chain in chains:  # grows while it is walked through
        last = chain[-1].then
        if last == end:
            return chain
        if last not in seen:
            seen.add(last)
            chains.extend([*chain, edge] for edge in edges if edge.first == last)
    return None
