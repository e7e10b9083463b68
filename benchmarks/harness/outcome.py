"""What is measured, as figures that can be written down."""

from __future__ import annotations

from typing import Literal

import attrs


Verdict = Literal["aim", "at most", "missed"]
Unit = Literal["µs", "ms", "bytes", "modules"]

# The contenders that are ours.
OWN, CORRELATED = "plugbus", "plugbus, correlated"


@attrs.frozen
class Limits:
    """
    What a figure shall be.

    Args:
        at_most: More than this is a regression.
        aim: This or less is what we want.
    """

    at_most: float
    aim: float

    def judge(self, value: float) -> Verdict:
        """Compare as the table shows it, with two decimals."""
        value = round(value, 2)
        return "aim" if value <= self.aim else "at most" if value <= self.at_most else "missed"


@attrs.frozen
class Figure:
    """
    What one contender reached.

    Args:
        value: What is compared and judged: a ratio, or bytes.
        least: The least of all rounds, in the unit of the row; None where nothing is timed.
        median: Their median.
    """

    value: float
    least: float | None = None
    median: float | None = None


@attrs.frozen
class Row:
    """
    The figures of all contenders in one variant of a case.

    Args:
        label: Which variant.
        figures: By contender: "plugbus" without correlation, "plugbus, correlated", and the peers.
        baseline: What `value` is a ratio to; None where that is another one for each contender, or nothing.
        limits: What a contender shall reach, where that is said.
        cannot: Why a peer is not among the figures.
        unit: What `least` and `median` are in, and `value` where it is no ratio.
    """

    label: str
    figures: dict[str, Figure]
    baseline: Figure | None = None
    limits: dict[str, Limits] = attrs.Factory(dict)
    cannot: dict[str, str] = attrs.Factory(dict)
    unit: Unit = "µs"

    def verdict(self, contender: str) -> Verdict | None:
        limits = self.limits.get(contender)
        return limits.judge(self.figures[contender].value) if limits is not None else None

    def ranked(self) -> list[tuple[str, Figure]]:
        """Return plugbus, then the peers, the best first."""
        return sorted(self.figures.items(), key=lambda item: (not item[0].startswith(OWN), item[1].value))


@attrs.frozen
class Table:
    """
    A case that was measured.

    Args:
        name: How it is named on the command line.
        title: What it is.
        baseline: What the ratios are to, as code or in words.
        rows: One for each variant.
    """

    name: str
    title: str
    baseline: str
    rows: list[Row]
