"""What is written into a folder: everything as JSON and as Markdown, and a chart."""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.run import Run
from report.chart import chart
from report.markdown import everything


def write(run: Run, folder: Path) -> None:
    """Write `dispatch.json`, `dispatch.md` and `dispatch.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(run, folder / "dispatch.json")
    (folder / "dispatch.md").write_text(everything(run), encoding="utf-8")
    (folder / "dispatch.svg").write_text(chart(run), encoding="utf-8")


def write_json(run: Run, path: Path) -> None:
    """Write a run so that `read_json` gives it back."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n")


def read_json(path: Path) -> Run:
    """Read a run."""
    return msgspec.json.decode(path.read_bytes(), type=Run)
