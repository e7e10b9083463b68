"""The plans of a bus as text: the generated code that a publish runs."""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from plugbus._kinds import kind_of
from plugbus.dispatcher import Verb
from plugbus.doctor._types import named_kinds
from plugbus.doctor.chains import Chain, chains


if TYPE_CHECKING:
    from plugbus.bus import EventBus

__all__ = ("PlanView", "plans")


@attrs.frozen
class PlanView:
    """
    The plan of one type of events, as `await bus.publish(event)` runs it.

    Args:
        type: The event type.
        version: Its version.
        cls: The class, as module and name; None for generic events.
        source: Its source in Python, the very text that was compiled. It makes the plan from what it binds.
        bound: What the source calls `m0`, `m1`, ... and `h0`, `h1`, ...: names of middleware and handlers. If there are
            so many handlers that the source loops over them, it calls them nothing.
    """

    type: str
    version: int
    cls: str | None
    source: str
    bound: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        return attrs.asdict(self)


def plans(bus: EventBus, what: str | type) -> tuple[PlanView, ...]:
    """
    Return the plans of a type of events: one for each version that has a class.

    Args:
        bus: The bus. Nothing is started or published.
        what: A class of events or the name of a type.

    Raises:
        OrderError: If there is no order of the handlers.
    """
    kinds = [(what, kind_of(what))] if isinstance(what, type) else named_kinds(str(what))
    dispatcher = bus._dispatcher
    found = []
    for (cls, kind), chain in zip(kinds, chains(bus, what), strict=True):
        with dispatcher.lock:
            plan = dispatcher._plan(Verb("async"), cls, kind)
        # Where tracebacks find it, too.
        source = "".join(linecache.getlines(plan.__code__.co_filename))
        found.append(PlanView(kind.type, kind.version, chain.cls, source, dict(_bound(chain))))
    return tuple(found)


def _bound(chain: Chain) -> Iterator[tuple[str, str]]:
    handlers = [link for stage in chain.stages for link in stage]
    links: Iterable[tuple[str, Any]] = [("m", chain.middleware), ("h", handlers)]
    for letter, named in links:
        for number, link in enumerate(named):
            yield f"{letter}{number}", link.name
