"""A case that is timed: a raw baseline, plugbus with and without correlation, and the peers that can do the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from harness.handlers import Kit
from harness.outcome import CORRELATED, OWN, Figure, Limits, Row, Table
from harness.rounds import SAMPLE, Sample, take_turns
from harness.statement import Statement
from peers import Cannot, Peer


@attrs.frozen
class Setting:
    """
    How a run is done.

    Args:
        loop: Where what awaits is run.
        peers: Whom plugbus is compared with.
        rounds: How often each statement is timed.
        sample: Nanoseconds that each sample takes at least.
        quick: Whether what grows with time is made small.
    """

    loop: asyncio.AbstractEventLoop
    peers: Sequence[Peer] = ()
    rounds: int = 60
    sample: int = SAMPLE
    quick: bool = False


class Case(Protocol):
    """Something that is measured."""

    name: str
    title: str

    def measure(self, setting: Setting) -> Table:
        """Measure it."""


@attrs.frozen
class Variant:
    """
    One row of a case.

    Args:
        label: How it is shown.
        handlers: How many of them.
        limits: What plugbus shall reach, with correlation off and on.
    """

    label: str
    handlers: int
    limits: dict[str, Limits] = attrs.Factory(dict)


Pair = tuple[float, float]


def by_count(figures: dict[int, Pair | None], correlated: dict[int, Pair] | None = None) -> tuple[Variant, ...]:
    """Return a variant for each number of handlers, with what is at most and what is the aim."""
    return tuple(
        Variant(f"{count} handler{'s' * (count != 1)}", count, limits(figures[count], (correlated or {}).get(count)))
        for count in figures
    )


def limits(own: Pair | None, correlated: Pair | None = None) -> dict[str, Limits]:
    """Return what plugbus shall reach, at most and as an aim."""
    given = {OWN: own, CORRELATED: correlated}
    return {name: Limits(*pair) for name, pair in given.items() if pair is not None}


@attrs.frozen(kw_only=True)
class Timed:
    """
    A case whose contenders are timed.

    Args:
        name: How it is named on the command line.
        title: What it is.
        baseline: The raw code, for reading.
        variants: Its rows.
        raw: Makes the baseline.
        own: Makes what plugbus does, given whether correlation is on.
        peer: Asks a peer for the same; it raises `Cannot` if it has no such thing. None if no peer is asked.
    """

    name: str
    title: str
    baseline: str
    variants: tuple[Variant, ...]
    raw: Callable[[Kit, int], Statement]
    own: Callable[[Kit, int, bool], Statement]
    peer: Callable[[Peer, Kit, int], Statement] | None = None

    def contenders(self, variant: Variant, peers: Sequence[Peer]) -> tuple[dict[str, Statement], dict[str, str]]:
        """Return what is timed in a variant by name, the baseline first, and why a peer is not."""
        count = variant.handlers
        made = {
            "raw": self.raw(Kit(), count),
            OWN: self.own(Kit(), count, False),
            CORRELATED: self.own(Kit(), count, True),
        }
        cannot: dict[str, str] = {}
        for peer in peers if self.peer is not None else ():
            try:
                made[peer.name] = self.peer(peer, Kit(), count)
            except Cannot as reason:
                cannot[peer.name] = str(reason)
        return made, cannot

    def measure(self, setting: Setting) -> Table:
        """Time it."""
        prepared = [(variant, *self.contenders(variant, setting.peers)) for variant in self.variants]
        groups = [
            {name: Sample(statement, setting.loop) for name, statement in made.items()} for _, made, _ in prepared
        ]
        take_turns([tuple(group.values()) for group in groups], setting.rounds, setting.sample)
        rows = [row(variant, group, cannot) for (variant, _, cannot), group in zip(prepared, groups, strict=True)]
        return Table(self.name, self.title, self.baseline, rows)


def row(variant: Variant, group: dict[str, Sample], cannot: dict[str, str]) -> Row:
    """Return the figures of samples as ratios to that of the first."""
    first, *_ = group
    base = group[first].timing.least
    figures = {
        name: Figure(sample.timing.least / base, sample.timing.least / 1000, sample.timing.median / 1000)
        for name, sample in group.items()
    }
    baseline = figures.pop(first)
    return Row(variant.label, figures, baseline, variant.limits, cannot)
