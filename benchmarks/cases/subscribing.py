"""What subscribing and unsubscribing costs when many are subscribed to the same thing."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

import attrs

from cases.events import BenchmarkRun, bus_with
from harness.case import Setting
from harness.handlers import Kit
from harness.outcome import OWN, Figure, Row, Table
from harness.rounds import collector_off, prepared
from peers import Cannot, Desk


MANY, BATCH = 10_000, 20
# A peer that takes longer to get there, in seconds, is left where it is.
PATIENCE = 2.0
BY_FUNCTION = "plugbus, by function"


@attrs.define(eq=False)
class Crowd:
    """A desk with many subscribed, and what a few more took, in nanoseconds each."""

    desk: Desk
    extra: list[Any]
    size: int
    added: list[float] = attrs.Factory(list)
    removed: list[float] = attrs.Factory(list)

    def take(self) -> None:
        add, remove = self.desk.add, self.desk.remove
        start = perf_counter_ns()
        tokens = [add(handler) for handler in self.extra]
        between = perf_counter_ns()
        for token in tokens:
            remove(token)
        self.removed.append((perf_counter_ns() - between) / len(tokens))
        self.added.append((between - start) / len(tokens))


def gather(desk: Desk, many: int, patience: float = float("inf")) -> Crowd:
    handlers = Kit().called(many + BATCH, desk.signature)
    deadline = perf_counter_ns() + patience * 1e9
    for size, handler in enumerate(handlers[BATCH:]):
        if size % 50 == 0 and perf_counter_ns() > deadline:
            return Crowd(desk, handlers[:BATCH], size)
        desk.add(handler)
    return Crowd(desk, handlers[:BATCH], many)


def raw() -> Desk:
    known: dict[Any, Any] = {}

    def add(handler: Any) -> Any:
        known[handler] = handler
        return handler

    def remove(handler: Any) -> None:
        del known[handler]

    return Desk(add, remove)


def own() -> Desk:
    bus = bus_with(correlation=True)
    return Desk(lambda handler: bus.subscribe(BenchmarkRun, handler), bus.unsubscribe)


def own_by_function() -> Desk:
    bus = bus_with(correlation=True)

    def add(handler: Any) -> Any:
        bus.subscribe(BenchmarkRun, handler)
        return handler

    return Desk(add, lambda handler: bus.unsubscribe(BenchmarkRun, handler))


@attrs.frozen
class Subscribing:
    """Beside a dict, which is the least that remembers handlers and their order."""

    name: str = "subscribing"
    title: str = "one more subscription, where 10,000 are"

    def measure(self, setting: Setting) -> Table:
        """Time it."""
        crowds = {name: gather(make(), MANY) for name, make in _own_desks().items()}
        cannot: dict[str, str] = {}
        for peer in setting.peers:
            try:
                crowds[peer.name] = gather(peer.desk(), MANY // 10 if setting.quick else MANY, PATIENCE)
            except Cannot as reason:
                cannot[peer.name] = str(reason)
        with prepared():
            for _ in range(max(4, setting.rounds // 4)):
                with collector_off():
                    for crowd in crowds.values():
                        crowd.take()
        # Subscribing is the same in both.
        subscribed = {name: crowd for name, crowd in crowds.items() if name != BY_FUNCTION}
        rows = [
            self._row("subscribe", subscribed, cannot, lambda crowd: crowd.added),
            self._row("unsubscribe", crowds, cannot, lambda crowd: crowd.removed),
        ]
        return Table(self.name, self.title, "a dict of handlers", rows)

    @staticmethod
    def _row(
        label: str, crowds: dict[str, Crowd], cannot: dict[str, str], times: Callable[[Crowd], list[float]]
    ) -> Row:
        base = min(times(crowds["raw"]))
        figures = {}
        for name, crowd in crowds.items():
            shown = name if crowd.size == MANY else f"{name} (of {crowd.size:,})"
            ordered = sorted(times(crowd))
            figures[shown] = Figure(ordered[0] / base, ordered[0] / 1000, ordered[len(ordered) // 2] / 1000)
        return Row(label, figures, figures.pop("raw"), cannot=cannot)


def _own_desks() -> dict[str, Callable[[], Desk]]:
    return {"raw": raw, OWN: own, BY_FUNCTION: own_by_function}


CASES = (Subscribing(),)
