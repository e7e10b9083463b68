"""`Trace`: what happened under one correlation id, as a tree of causes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs

from plugbus_audit.record import Record


__all__ = ("Cause", "Trace", "trace_of")


@attrs.frozen(eq=False)
class Cause:
    """
    An event, and those that it caused.

    Args:
        record: The event.
        effects: What was published while it was handled, in the order of the trail.
    """

    record: Record
    effects: list[Cause] = attrs.field(factory=list)


@attrs.frozen(kw_only=True)
class Trace:
    """
    All events with one correlation id.

    Args:
        correlation_id: What they have in common.
        roots: Those whose cause is not among them, in the order of the trail.
        left_out: How many more there are than were asked for.
    """

    correlation_id: str
    roots: tuple[Cause, ...]
    left_out: int = 0

    def walk(self) -> Iterator[tuple[int, Record]]:
        """Yield every event with its depth in the tree, from 0: causes before effects."""
        waiting = [(0, cause) for cause in reversed(self.roots)]
        while waiting:
            depth, cause = waiting.pop()
            yield depth, cause.record
            waiting.extend((depth + 1, effect) for effect in reversed(cause.effects))


def trace_of(correlation_id: str, records: Iterable[Record], left_out: int = 0) -> Trace:
    """
    Arrange events by what caused them.

    Of events with the same id the first is the cause. Where events cause each other in a circle, which no bus
    publishes, the first of them counts as a root.
    """
    causes = [Cause(record) for record in records]
    by_id: dict[str | None, Cause] = {}
    for cause in causes:
        by_id.setdefault(cause.record.id, cause)
    roots = []
    for cause in causes:
        parent = by_id.get(cause.record.causation_id) if cause.record.causation_id is not None else None
        if parent is None:
            roots.append(cause)
        else:
            parent.effects.append(cause)
    reached = set(map(id, _below(roots)))
    for cause in causes:
        if id(cause) not in reached:
            by_id[cause.record.causation_id].effects.remove(cause)
            roots.append(cause)
            reached.update(map(id, _below([cause])))
    roots.sort(key=lambda cause: cause.record.seq)
    return Trace(correlation_id=correlation_id, roots=tuple(roots), left_out=left_out)


def _below(causes: Iterable[Cause]) -> Iterator[Cause]:
    waiting = list(causes)
    while waiting:
        cause = waiting.pop()
        yield cause
        waiting.extend(cause.effects)
