"""What is registered on a bus, each thing in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

import attrs

from plugbus.handlers import Subscription


if TYPE_CHECKING:
    from plugbus.handlers import What  # noqa: TC004  (for its fields attrs does not resolve annotations)

__all__ = ("KINDS", "Contribution", "Kind", "Registry")

T = TypeVar("T")
Kind = Literal["middleware", "interceptors", "monitors"]
KINDS: tuple[Kind, ...] = ("middleware", "interceptors", "monitors")


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


@attrs.frozen
class _Removed:
    """What a plugin had registered, by the place of each."""

    subscriptions: dict[int, Subscription]
    contributions: dict[Kind, dict[int, Contribution]]


@attrs.define
class Registry:
    """
    What is registered on a bus; copied for snapshots.

    Everything has a place, a number that grows from one thing to the next. What a plugin had registered keeps its
    places while it is removed: a plugin that could not be started may be so the next time.
    """

    _by_place: dict[int, Subscription] = attrs.Factory(dict)
    # By what is listened to, and by whom.
    _places: dict[What | frozenset[What], dict[object, int]] = attrs.Factory(dict)
    _contributions: dict[Kind, dict[int, Contribution]] = attrs.Factory(lambda: {kind: {} for kind in KINDS})
    _removed: dict[str, _Removed] = attrs.Factory(dict)
    _next: int = 0

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All subscriptions, in the order in which they were made."""
        return tuple(self._by_place.values())

    @property
    def middleware(self) -> tuple[Contribution, ...]:
        """All middleware, in order."""
        return tuple(self._contributions["middleware"].values())

    @property
    def interceptors(self) -> tuple[Contribution, ...]:
        """All interceptors, the outermost first."""
        return tuple(self._contributions["interceptors"].values())

    @property
    def monitors(self) -> tuple[Contribution, ...]:
        """All monitors, in order."""
        return tuple(self._contributions["monitors"].values())

    def put(self, subscription: Subscription) -> None:
        """Register a subscription, in the place of those that are the same if there are any."""
        group, marks = self._places.get(subscription.things, {}), subscription.marks()
        replaced = sorted({group[mark] for mark in marks if mark in group})
        for place in replaced:
            for mark in self._by_place[place].marks():
                del group[mark]
        for place in replaced[1:]:
            del self._by_place[place]
        place = replaced[0] if replaced else self._new_place()
        self._by_place[place] = subscription
        self._places.setdefault(subscription.things, group).update(dict.fromkeys(marks, place))

    def take(self, subscription: Subscription) -> bool:
        """Remove a subscription; False if it is not registered."""
        group, marks = self._places.get(subscription.things, {}), subscription.marks()
        place = group.get(marks[0])
        if place is None or self._by_place[place] is not subscription:
            return False
        del self._by_place[place]
        for mark in marks:
            del group[mark]
        if not group:
            del self._places[subscription.things]
        return True

    def of(self, what: What, mark: object) -> list[Subscription]:
        """Return the subscriptions of one handler, by its identity, to one thing and perhaps to others besides."""
        groups = [self._places.get(what, {})]
        groups += [group for things, group in self._places.items() if isinstance(things, frozenset) and what in things]
        return [self._by_place[group[mark]] for group in groups if mark in group]

    def append(self, kind: Kind, contribution: Contribution) -> None:
        """Register a middleware, interceptor or monitor behind the others."""
        self._contributions[kind][self._new_place()] = contribution

    def withdraw(self, kind: Kind, contribution: Contribution) -> None:
        """Remove a middleware, interceptor or monitor, if it is there."""
        found = self._contributions[kind]
        for place in [place for place, one in found.items() if one is contribution]:
            del found[place]

    def take_plugin(self, name: str) -> list[Subscription]:
        """Remove everything that a plugin registered; return its subscriptions."""
        subscriptions = {place: one for place, one in self._by_place.items() if one.plugin == name}
        contributions = {
            kind: {place: one for place, one in found.items() if one.plugin == name}
            for kind, found in self._contributions.items()
        }
        if not subscriptions and not any(contributions.values()):
            return []
        for subscription in subscriptions.values():
            self.take(subscription)
        for kind, found in contributions.items():
            for place in found:
                del self._contributions[kind][place]
        self._removed[name] = _Removed(subscriptions, contributions)
        return list(subscriptions.values())

    def put_back_plugin(self, name: str) -> list[Subscription] | None:
        """
        Register again, each in its place, what was removed of a plugin.

        A subscription of which an equal one has been made meanwhile stays away: the later one wins, as ever.

        Returns:
            The subscriptions; None if nothing had been removed.
        """
        removed = self._removed.pop(name, None)
        if removed is None:
            return None
        found = {}
        for place, subscription in removed.subscriptions.items():
            group, marks = self._places.setdefault(subscription.things, {}), subscription.marks()
            if group.keys().isdisjoint(marks):
                group.update(dict.fromkeys(marks, place))
                found[place] = subscription
        self._by_place = _in_order(self._by_place | found)
        for kind, contributions in removed.contributions.items():
            self._contributions[kind] = _in_order(self._contributions[kind] | contributions)
        return list(found.values())

    def copy(self) -> Registry:
        """Return a copy that changes on its own."""
        return attrs.evolve(
            self,
            by_place=dict(self._by_place),
            places={things: dict(group) for things, group in self._places.items()},
            contributions={kind: dict(found) for kind, found in self._contributions.items()},
            removed=dict(self._removed),
        )

    def _new_place(self) -> int:
        self._next += 1
        return self._next


def _in_order(by_place: dict[int, T]) -> dict[int, T]:
    return dict(sorted(by_place.items()))
