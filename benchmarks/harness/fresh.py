"""What an import costs a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys

import attrs


PROGRAM = """\
import sys
from time import perf_counter_ns
before = len(sys.modules)
start = perf_counter_ns()
import {module}
print(perf_counter_ns() - start, len(sys.modules) - before)
"""


@attrs.frozen
class Import:
    """
    What one import took.

    Args:
        milliseconds: How long.
        modules: How many were loaded.
    """

    milliseconds: float
    modules: int


def imported(module: str) -> Import:
    """Import it in an interpreter of its own."""
    command = [sys.executable, "-c", PROGRAM.format(module=module)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  (a program of our own)
    took, modules = finished.stdout.split()[-2:]
    return Import(int(took) / 1e6, int(modules))
