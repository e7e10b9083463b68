"""Takes turns: each statement is timed a little in every round, so that what slows the machine down slows all alike."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import attrs

from harness.statement import Statement


# A sample takes at least so many nanoseconds, so that the clock's own cost does not count.
SAMPLE = 2_000_000
# What takes longer than this for a single execution, in nanoseconds, is only timed in every fourth round.
SLOW = 10_000_000


@attrs.frozen
class Timing:
    """
    What one execution took, in nanoseconds for one event.

    Args:
        least: The minimum of all rounds.
        median: Their median.
    """

    least: float
    median: float


@attrs.define(eq=False)
class Sample:
    """A statement, and how long it took in each round."""

    statement: Statement
    loop: asyncio.AbstractEventLoop
    number: int = 1
    slow: bool = False
    times: list[float] = attrs.Factory(list)
    _run: Callable[[int], int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        compiled = self.statement.compile()
        wait = self.loop.run_until_complete
        self._run = (lambda number: wait(compiled(number))) if self.statement.awaits else compiled

    def calibrate(self, least: int) -> None:
        """Find how many executions take long enough; the first one alone, since it sets things up."""
        self._run(1)
        while (took := self._run(self.number)) < least:
            self.number = max(self.number * 2, min(self.number * 50, int(self.number * least / max(took, 1) * 1.1)))
        self.slow = self.number == 1 and took > SLOW

    def take(self) -> None:
        self.times.append(self._run(self.number) / self.number / self.statement.events)

    @property
    def timing(self) -> Timing:
        return Timing(min(self.times), median(self.times))


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the garbage collector away while the clock runs."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def prepared() -> Iterator[None]:
    """Spare the collector what lives through all rounds: there may be ten thousand types."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def take_turns(groups: Iterable[Sequence[Sample]], rounds: int, least: int = SAMPLE) -> None:
    """
    Time the samples of each group next to each other, round after round.

    Args:
        groups: Samples that are compared with each other stand in one group.
        rounds: How often each is timed.
        least: Nanoseconds that one sample takes at least.
    """
    groups = list(groups)
    for group in groups:
        for sample in group:
            sample.calibrate(least)
    with prepared():
        for turn in range(rounds):
            with collector_off():
                for group in groups:
                    _round(group, turn)


def _round(group: Sequence[Sample], turn: int) -> None:
    start = turn % len(group)  # each round begins elsewhere: nobody always comes after the same neighbor
    for sample in (*group[start:], *group[:start]):
        if not sample.slow or turn % 4 == 0:
            sample.take()
