"""
What the bus costs, beside the raw calls that it stands for and beside its peers.

    python benchmarks/dispatch.py [--quick] [--only CASE] [--rounds N] [--no-peers] [--out FOLDER] [--docs]

Everything is timed in one process. In each round every contender of a case has its turn, in a rotating order and with
the garbage collector off; a turn takes two milliseconds at least. A figure is the least of all rounds, divided by that
of the raw code in the same rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic


# Read when peers are imported: their logs would be measured too.
os.environ.setdefault("BUBUS_LOGGING_LEVEL", "CRITICAL")
os.environ.setdefault("ABXBUS_LOGGING_LEVEL", "CRITICAL")

from rich.console import Console

from cases import CASES
from harness.case import Setting
from harness.run import Run, run_of
from peers import Peer
from peers._all import load
from peers._check import faults
from report import docs, files, terminal


ROUNDS, QUICK_ROUNDS = 60, 8
OUT = Path("build/benchmarks")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="What the bus costs, beside raw calls and beside its peers.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: an impression within a minute")
    parser.add_argument("--only", action="append", choices=[case.name for case in CASES], help="this case; repeatable")
    parser.add_argument("--rounds", type=int, help=f"how often each is timed; default {ROUNDS}, quick {QUICK_ROUNDS}")
    parser.add_argument("--no-peers", action="store_true", help="plugbus and the raw code alone")
    parser.add_argument("--out", type=Path, default=OUT, help=f"the folder for Markdown, JSON and SVG; default {OUT}")
    parser.add_argument("--docs", action="store_true", help="write the tables and the chart of the documentation too")
    options = parser.parse_args(given)
    if options.docs and (options.only or options.no_peers):
        parser.error("--docs shows all cases and all peers: leave --only and --no-peers out")
    return options


def measure(given: argparse.Namespace, console: Console, loop: asyncio.AbstractEventLoop) -> Run:
    """Measure the cases that are asked for, and show each as soon as it is done."""
    peers: list[Peer]
    absent: dict[str, str]
    peers, absent = ([], {}) if given.no_peers else load()
    for fault in [fault for peer in peers for fault in faults(peer, loop)]:
        raise SystemExit(f"{fault}; what it is timed for is not what it does")
    rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    setting = Setting(loop=loop, peers=peers, rounds=rounds, quick=given.quick)
    tables = []
    for case in CASES:
        if not given.only or case.name in given.only:
            start = monotonic()
            tables.append(case.measure(setting))
            console.print(f"[dim]{monotonic() - start:.1f} s")
            terminal.show(tables[-1], console)
    return run_of(peers, absent, tables, rounds, quick=given.quick)


def end(loop: asyncio.AbstractEventLoop) -> None:
    """End what peers have left running."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:  # some take no notice of being cancelled
        loop.run_until_complete(asyncio.wait(tasks, timeout=1))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def main(given: Sequence[str] | None = None) -> int:
    options = arguments(given)
    for name in ("plugbus", "abxbus", "bubus", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    console = Console(width=None if sys.stdout.isatty() else 120)
    loop = asyncio.new_event_loop()
    try:
        run = measure(options, console, loop)
    finally:
        end(loop)
    terminal.summarize(run, console)
    files.write(run, options.out)
    console.print(f"written: {options.out}/dispatch.md, dispatch.json, dispatch.svg")
    if options.docs:
        docs.write(run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
