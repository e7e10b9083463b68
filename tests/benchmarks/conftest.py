"""The benchmarks are programs, not a package: their folder is made importable, as it is when one of them is run."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def benchmarks():
    """The folder of the benchmarks, from which modules can be imported."""
    folder = Path(__file__).resolve().parents[2] / "benchmarks"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
