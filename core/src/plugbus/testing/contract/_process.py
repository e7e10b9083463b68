"""Asking a fresh process what importing, constructing and flushing a plugin does there."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from plugbus.testing._building import entry_points_of
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail


__all__ = ("probe",)

_PROBE = Path(__file__).with_name("_probe.py")


def probe(subject: Subject, phase: str) -> dict[str, Any]:
    """
    Run one phase of `_probe.py` for the plugin.

    Returns:
        What it has seen.
    """
    __tracebackhide__ = True
    with tempfile.TemporaryDirectory(prefix="plugbus-contract-") as name:
        home = Path(name)
        (home / "given").write_bytes(pickle.dumps((dict(subject.settings), subject.name)))
        command = [sys.executable, "-P", str(_PROBE), phase, _module_of(subject), subject.plugin.__qualname__, name]
        try:
            finished = subprocess.run(  # noqa: S603  (this interpreter, and arguments of ours)
                command,
                cwd=home,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=subject.seconds * 6,
            )
        except subprocess.TimeoutExpired:
            fail(f"Not done after {subject.seconds * 6:g} s in a process of its own ({phase}): the plugin hangs there.")
        if not (home / "report").exists():
            fail(
                f"A process of its own could not {phase} {subject.plugin.__qualname__} of {subject.plugin.__module__} "
                f"(exit code {finished.returncode}). It has to stand at the top of a module that can be imported.\n"
                f"{finished.stderr}"
            )
        report: dict[str, Any] = json.loads((home / "report").read_text(encoding="utf-8"))
        return report


def _module_of(subject: Subject) -> str:
    """Return the module that a bus would import: that of the entry point."""
    found, _ = entry_points_of(subject.plugin)
    return found[0].value.partition(":")[0].strip() if found else subject.plugin.__module__


def _environment() -> dict[str, str]:
    """Let the process find what this one finds, and no configuration."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PLUGBUS_")}
    path = [str(Path(folder).absolute()) for folder in sys.path]
    return {**outside, "PYTHONPATH": os.pathsep.join(path)}
