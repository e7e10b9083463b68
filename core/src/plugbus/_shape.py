"""What the code of a plan depends on: numbers and switches of our own making, nothing that a user brings."""

from __future__ import annotations

from typing import Literal

import attrs


__all__ = ("UNROLL", "Mode", "Section", "Shape")

Mode = Literal["async", "blocking", "soon", "batch"]
Section = Literal["full", "admit", "deliver"]

# More calls than this are made in a loop: the code would grow, the gain would not.
UNROLL = 128


@attrs.frozen(kw_only=True)
class Shape:
    """
    What the code of a plan depends on.

    Args:
        mode: How it waits.
        section: The whole of a publish, its middleware alone, or its handlers alone.
        middleware: For each middleware, whether it is async.
        stages: For each stage, the number of handlers that are called and of those that are awaited; if `looped`,
            whether there are any (0 or 1), and whether none, one or more are awaited (0, 1, 2).
        looped: Whether the handlers are too many for their calls to be written out.
        sequential: Whether async handlers are awaited one by one.
        correlated: Whether events inherit their correlation.
        resumed: Whether the event has passed middleware of another type, which has made it one of this type.
        foreign: Whether the events are no `EventBase`.
        error: Whether the event type is `error.occurred`.
        sourced: Whether the bus has a source to put on events.
        told: Whether publishes are logged.
        published: Whether a monitor wants to hear of publishes.
        watched: Whether a monitor wants to hear of what middleware blocks.
    """

    mode: Mode
    section: Section = "full"
    middleware: tuple[bool, ...] = ()
    stages: tuple[tuple[int, int], ...] = ()
    looped: bool = False
    sequential: bool = False
    correlated: bool = True
    resumed: bool = False
    foreign: bool = False
    error: bool = False
    sourced: bool = False
    told: bool = False
    published: bool = False
    watched: bool = False

    @property
    def scoped(self) -> bool:
        """Whether the event is what others are caused by while it is handled."""
        return self.opens and (self.correlated or self.foreign)

    @property
    def opens(self) -> bool:
        """Whether it is the first plan that the event meets in its publish."""
        return self.section != "deliver" and not self.resumed

    @property
    def waits(self) -> bool:
        """Whether it has async handlers."""
        return any(awaited for _, awaited in self.stages)
