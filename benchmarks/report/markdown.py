"""The tables of one run in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.outcome import Figure, Row, Table
from harness.run import Run
from peers import PROMISES
from report.numbers import amount, ratio


REACHED = {"aim": "aim", "at most": "at most", "missed": "**missed**", None: ""}


def table(headings: Sequence[str], lines: Iterable[Sequence[str]], *, left: int = 1) -> str:
    """Return a table; the first columns stand left, the others right."""
    rule = [":--" if index < left else "--:" for index in range(len(headings))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (headings, rule, *lines)) + "\n"


def everything(run: Run) -> str:
    """Return all that a run found."""
    parts = [f"# plugbus {run.plugbus}, Python {run.python}\n", f"{run.machine}, {run.rounds} rounds\n"]
    parts += [part for found in run.tables for part in (f"## {found.title}\n", case(found))]
    parts += ["## Peers\n", participants(run), "## What they do not promise\n", promises(run)]
    return "\n".join(parts)


def case(found: Table) -> str:
    """Return the table of one case, and who cannot do it."""
    lines = [line for row in found.rows for line in _lines(row)]
    text = f"1.00 is `{found.baseline}`.\n\n" + table(
        ("", "contender", "unit", "least", "median", "ratio", "at most", "aim", "reached"), lines, left=3
    )
    reasons = {peer: reason for row in found.rows for peer, reason in row.cannot.items()}
    return text + "".join(f"\n- {peer}: {reason}" for peer, reason in sorted(reasons.items())) + "\n" * bool(reasons)


def _lines(row: Row) -> Iterable[Sequence[str]]:
    if row.baseline is not None:
        yield (row.label, "baseline", row.unit, *_amounts(row.baseline), "1.00", "", "", "")
    for name, figure in row.ranked():
        limits = row.limits.get(name)
        wanted = (f"{limits.at_most:g}", f"{limits.aim:g}") if limits is not None else ("", "")
        yield (
            row.label,
            name,
            row.unit,
            *_amounts(figure),
            ratio(figure.value),
            *wanted,
            REACHED[row.verdict(name)],
        )


def _amounts(figure: Figure) -> tuple[str, str]:
    return amount(figure.least), amount(figure.median)


def participants(run: Run) -> str:
    """Return who took part, and how each was used."""
    lines = [(peer.name, peer.version, f"`{peer.form}`") for peer in run.peers]
    lines += [(name, "", reason) for name, reason in run.absent.items()]
    return table(("peer", "version", "used as"), lines, left=3)


def promises(run: Run) -> str:
    """Return which peer keeps which promise."""
    lines = [("plugbus", *["yes"] * len(PROMISES))]
    lines += [(peer.name, *["no" if promise in peer.lacks else "yes" for promise in PROMISES]) for peer in run.peers]
    legend = "".join(f"- {name}: {meaning}\n" for name, meaning in PROMISES.items())
    return table(("", *PROMISES), lines) + "\n" + legend
