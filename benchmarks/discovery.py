"""
What finding the installed plugins costs, beside a bare scan of the same environment for entry points.

    python benchmarks/discovery.py [DISTRIBUTIONS]

The environment is made up: 500 distributions with records of the usual size, five of them plugins. The scans are timed
in one process and in interleaved rounds, whose order turns, each with the caches of the path finder empty, as they are
when a program starts. What counts is the time that the processor spends, so that waiting for other programs is left
out, and of that the minimum of all rounds; these go on until no minimum falls any more. The scan with the standard
library is there for comparison: plugbus reads the records with `importlib_metadata`, which behaves alike on every
version of Python.

Then: that a plugin that is installed and off adds no module to a program.

Exits with 1 if discovery takes more than 1.3 times the bare scan, or if a module was added.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import thread_time_ns

import importlib_metadata

from plugbus.plugins.discovery import GROUP, discover


FEWEST_ROUNDS, MOST_ROUNDS = 20, 200
PATIENCE = 15  # rounds in which no minimum falls by one in a hundred: then they are found
DISTRIBUTIONS = 500
PLUGINS = 5
TARGET = 1.3

METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: 1.0
Summary: One of many.
Requires-Dist: attrs>=24.2
{classifiers}
{text}
"""
HEAVY = """\
import decimal, email.message, sqlite3, unittest, xml.dom.minidom
from plugbus.plugins import Plugin

class P(Plugin[None]):
    api = 1
"""
# Prints the modules of a program that builds a bus.
PROGRAM = """\
import sys
from plugbus import EventBus
EventBus.from_config({"plugins": CONFIGURED})
print(*sorted(sys.modules))
"""


def fill(folder: Path, count: int) -> None:
    """Make the records of so many distributions; the first few are plugins."""
    classifiers = "\n".join(["Classifier: Programming Language :: Python :: 3"] * 20)
    for number in range(count):
        name = f"demo_{number:03}"
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        text = "What it is, at length. " * (100 + 30 * (number % 10))
        (info / "METADATA").write_text(METADATA.format(name=name, classifiers=classifiers, text=text))
        (info / "RECORD").write_text(f"{name}.py,,\n")
        if number < PLUGINS:
            (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}:P\n")
            (folder / f"{name}.py").write_text(HEAVY)
        elif number % 5 == 0:
            (info / "entry_points.txt").write_text(f"[console_scripts]\n{name} = {name}:main\n")


def fastest(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the best time of each call, in milliseconds."""
    best = dict.fromkeys(calls, float("inf"))
    order, still = list(calls), 0
    gc.disable()
    for number in range(MOST_ROUNDS):
        order.append(order.pop(0))
        before = dict(best)
        for name in order:
            importlib.invalidate_caches()
            gc.collect()
            start = thread_time_ns()
            calls[name]()
            best[name] = min(best[name], (thread_time_ns() - start) / 1e6)
        still = still + 1 if all(best[name] > 0.99 * before[name] for name in calls) else 0
        if number >= FEWEST_ROUNDS and still >= PATIENCE:
            break
    gc.enable()
    return best


def modules(configured: dict[str, dict[str, bool]]) -> set[str]:
    """Return the modules of a fresh process that builds a bus from these tables of plugins."""
    finished = subprocess.run(  # noqa: S603  (a program of our own)
        [sys.executable, "-c", PROGRAM.replace("CONFIGURED", repr(configured))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(finished.stdout.split())


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DISTRIBUTIONS
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name), count)
        sys.path.insert(0, name)
        assert {candidate.name for candidate in discover()} >= {f"demo_{number:03}" for number in range(PLUGINS)}
        best = fastest(
            {
                "bare scan": lambda: list(importlib_metadata.entry_points(group=GROUP)),
                "discovery": discover,
                "bare scan, standard library": lambda: list(importlib.metadata.entry_points(group=GROUP)),
            }
        )
        off = {"demo_000": {"enabled": False}}
        added = {
            "none is on": modules(off) - modules({}),
            "another is on": modules({**off, "demo_001": {}}) - modules({"demo_001": {}}),
        }
    ratio = best["discovery"] / best["bare scan"]
    print(f"Python {platform.python_version()}, {count} distributions more, {PLUGINS} plugins; milliseconds")
    for what, milliseconds in best.items():
        print(f"{what:28} {milliseconds:8.2f}  {milliseconds / best['bare scan']:5.2f}")
    print(f"discovery / bare scan: {ratio:.2f} (at most {TARGET})")
    for when, names in added.items():
        print(f"modules that a plugin which is off adds, where {when}: {len(names)} {' '.join(sorted(names))}".rstrip())
    return int(ratio > TARGET or any(added.values()))


if __name__ == "__main__":
    sys.exit(main())
