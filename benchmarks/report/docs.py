"""The tables and the chart of `docs/explanation/performance.md`, written between its comments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from harness.outcome import CORRELATED, OWN, Limits, Row
from harness.run import Run
from report.chart import chart
from report.files import read_json, write_json
from report.markdown import participants, promises, table
from report.numbers import amount, ratio


ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks/results"
PAGE = ROOT / "docs/explanation/performance.md"
CHART = ROOT / "docs/explanation/performance.svg"

BLOCK = re.compile(r"(<!-- begin (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
# What the table of the peers shows: the case, its row, the heading.
COLUMNS = (
    ("called", "1 handler", "1 sync"),
    ("called", "10 handlers", "10 sync"),
    ("values", "10 handlers", "10 sync, values"),
    ("called-from-async", "10 handlers", "10 sync, awaited"),
    ("one-async", "1 handler", "1 async"),
    ("sequential", "10 handlers", "10 async in sequence"),
    ("concurrent", "10 handlers", "10 async side by side"),
    ("suspending", "10 handlers", "the same, suspending"),
    ("mixed", "10 handlers", "5 sync + 5 async"),
    ("middleware", "3 middlewares, 1 handler", "3 middlewares"),
    ("async-middleware", "3 middlewares, 1 handler", "3 async middlewares"),
)
# Cases that are no ratio to raw code, and have a table of their own.
APART = ("memory", "subscribing", "importing")


def write(run: Run, page: Path = PAGE, chart_file: Path = CHART, results: Path = RESULTS) -> None:
    """Keep a run as that of its version of Python, and write the page from all that are kept."""
    results.mkdir(exist_ok=True)
    write_json(run, results / f"{run.minor}.json")
    runs = sorted((read_json(path) for path in results.glob("*.json")), key=lambda kept: kept.minor)
    newest = runs[-1]
    page.write_text(filled(page.read_text(encoding="utf-8"), runs), encoding="utf-8")
    chart_file.write_text(chart(newest), encoding="utf-8")


def filled(text: str, runs: Sequence[Run]) -> str:
    """Return the text of the page with its blocks filled."""
    newest = runs[-1]
    blocks = {
        "runs": "".join(f"- Python {run.python}: {_how(run)}\n" for run in runs),
        "figures": figures(runs),
        "peers": peers(newest),
        "ahead": ahead(newest),
        "promises": promises(newest),
        "forms": participants(newest),
        **{name: apart(newest, name) for name in APART},
    }
    return BLOCK.sub(lambda found: found[1] + blocks[found["name"]].rstrip("\n") + "\n" + found[3], text)


def _how(run: Run) -> str:
    quick = "; quick, so only an impression" if run.quick else ""
    return f"{run.machine}, {run.rounds} rounds, plugbus {run.plugbus}{quick}"


def figures(runs: Sequence[Run]) -> str:
    """Return what plugbus reached, beside what it shall reach."""
    headings = ["case", "", "at most", "aim", *(f"{run.minor}{kind}" for run in runs for kind in ("", ", correlated"))]
    lines = []
    for title, label, rows in _aligned(runs):
        limits = [row.limits[name] for row in rows for name in (OWN, CORRELATED) if name in row.limits]
        cells = [_judged(row, name) for row in rows for name in (OWN, CORRELATED)]
        lines.append([title, label, *_wanted(limits), *cells])
    return table(headings, lines, left=2)


def _aligned(runs: Sequence[Run]) -> Iterator[tuple[str, str, list[Row]]]:
    """Give each row that every run has."""
    found = [{(case.name, row.label): row for case in run.tables for row in case.rows} for run in runs]
    for case in runs[-1].tables:
        for row in case.rows:
            key = (case.name, row.label)
            if case.name not in APART[1:] and all(key in rows for rows in found):
                yield case.title, row.label, [rows[key] for rows in found]


def _judged(row: Row, name: str) -> str:
    if name not in row.figures:
        return ""
    text = ratio(row.figures[name].value)
    return f"**{text}**" if row.verdict(name) == "missed" else text


def _wanted(limits: Sequence[Limits]) -> tuple[str, str]:
    return (
        " / ".join(dict.fromkeys(f"{one.at_most:g}" for one in limits)),
        " / ".join(dict.fromkeys(f"{one.aim:g}" for one in limits)),
    )


def peers(run: Run) -> str:
    """Return the ratios of all contenders in the cases of `COLUMNS`."""
    rows = {(case.name, row.label): row for case in run.tables for row in case.rows}
    shown = [(rows[case, label], heading) for case, label, heading in COLUMNS if (case, label) in rows]
    lines = []
    for name in (OWN, CORRELATED, *(peer.name for peer in run.peers)):
        values = [row.figures[name].value if name in row.figures else None for row, _ in shown]
        lines.append([name, *("no" if value is None else ratio(value) for value in values)])
    return table(["", *(heading for _, heading in shown)], lines)


def ahead(run: Run) -> str:
    """Return who is faster than plugbus, where, and without which promises."""
    lines = [
        (case.title, row.label, peer.name, ratio(row.figures[peer.name].value), ", ".join(peer.lacks) or "nothing")
        for case in run.tables
        if case.name not in APART
        for row in case.rows
        if row.baseline is not None and OWN in row.figures
        for peer in run.faster(row, row.figures[OWN].value)
    ]
    return table(("case", "", "peer", "ratio", "lacks"), lines, left=5) if lines else "Nobody."


def apart(run: Run, name: str) -> str:
    """Return a case whose figures are no ratios to raw code: the contenders, and a column for each row."""
    for case in run.tables:
        if case.name == name:
            contenders = dict.fromkeys(shown for row in case.rows for shown, _ in row.ranked())
            lines = [[shown, *_column(case.rows, shown)] for shown in contenders]
            return table(["", *(f"{row.label}, {row.unit}" for row in case.rows)], lines)
    return ""


def _column(rows: Iterable[Row], shown: str) -> list[str]:
    found = [row.figures.get(shown) for row in rows]
    return ["" if one is None else amount(one.value if one.least is None else one.least) for one in found]
