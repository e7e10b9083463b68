"""A bar chart as SVG, in colors that can be read on a light and on a dark page."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import log10

import attrs

from harness.outcome import OWN, Row
from harness.run import Run
from report.numbers import ratio


# The cases that are drawn: name of the case, the row, the heading.
PANELS = (
    ("called", "10 handlers", "10 sync handlers, beside a loop of calls"),
    ("sequential", "10 handlers", "10 async handlers in sequence, beside awaiting each"),
    ("suspending", "10 handlers", "10 async handlers side by side, each suspending once, beside asyncio.gather"),
    ("mixed", "10 handlers", "5 sync and 5 async handlers, beside calling and awaiting each"),
)
WIDTH, LABEL, BAR, GAP, MARGIN = 760, 190, 16, 5, 12
TEXT, OURS, THEIRS, LINE = "#7d828a", "#2f7fd8", "#a9afb8", "#c0564b"


@attrs.frozen
class Scale:
    """
    Maps ratios to lengths, by their logarithm: between the best and the worst there may be a factor of thousands.

    Args:
        least: The ratio at the left edge.
        most: The ratio at the right edge.
    """

    least: float
    most: float

    def length(self, value: float) -> float:
        room = WIDTH - LABEL - 70
        return room * log10(max(value, self.least) / self.least) / log10(self.most / self.least)


def chart(run: Run) -> str:
    """Return the chart of a run; cases that it does not hold are left out."""
    panels = list(_panels(run))
    values = [figure.value for row, _ in panels for figure in row.figures.values()] or [1.0]
    scale = Scale(min(0.1, *values), max(10.0, *values))
    body: list[str] = []
    top = MARGIN
    for row, heading in panels:
        body += _panel(row, heading, top, scale)
        top += 30 + (len(_bars(row)) + 1) * (BAR + GAP)
    foot = f"plugbus {run.plugbus}, Python {run.python}; logarithmic, the line is the raw code; shorter is better"
    body.append(_text(0, top + 4, foot, size=11))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + MARGIN}" role="img">',
            "<title>Publishing with plugbus and its peers, as a ratio to the raw calls</title>",
            f'<g font-family="system-ui, sans-serif" fill="{TEXT}">',
            *body,
            "</g>",
            "</svg>\n",
        ]
    )


def _panels(run: Run) -> Iterator[tuple[Row, str]]:
    tables = {table.name: table for table in run.tables}
    for name, label, heading in PANELS:
        for row in tables[name].rows if name in tables else ():
            if row.label == label:
                yield row, heading


def _bars(row: Row) -> list[tuple[str, float]]:
    return sorted(((name, figure.value) for name, figure in row.figures.items()), key=lambda bar: bar[1])


def _panel(row: Row, heading: str, top: int, scale: Scale) -> Iterator[str]:
    yield _text(0, top + 12, heading, weight="600")
    bars = _bars(row)
    one = LABEL + scale.length(1.0)
    first = top + 24
    bottom = first + len(bars) * (BAR + GAP) - GAP
    yield f'<path d="M{one:.1f} {first - 4}V{bottom + 4}" stroke="{LINE}" stroke-dasharray="3 3"/>'
    for index, (name, value) in enumerate(bars):
        y = first + index * (BAR + GAP)
        own = name.startswith(OWN)
        length = max(scale.length(value), 2)
        color, weight = (OURS, "600") if own else (THEIRS, "400")
        yield _text(LABEL - 8, y + 13, name, anchor="end", weight=weight)
        yield f'<rect x="{LABEL}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2" fill="{color}"/>'
        # Behind the line, not across it.
        after = one if value < 1 else LABEL + length
        yield _text(after + 6, y + 13, ratio(value), weight=weight)


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "400", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">'
        f"{escape(text)}</text>"
    )
