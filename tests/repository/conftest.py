"""The repository as the tests of its rules see it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import attrs
import pytest


ROOT = Path(__file__).resolve().parents[2]


@attrs.frozen
class Module:
    """One source file of one distribution."""

    name: str
    path: Path
    is_package: bool

    def __str__(self) -> str:
        return self.name

    @property
    def is_public(self) -> bool:
        """Whether users may import it: no part of its name is private, and it is no program."""
        return not any(part.startswith("_") for part in self.name.split("."))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked_files() -> list[Path]:
    """Every file that is in the repository, or would be after `git add .`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """Every module of every distribution."""
    return [module for folder in distribution_folders() for module in modules_below(folder / "src")]


def distribution_folders() -> list[Path]:
    return [ROOT / "core", *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]


def modules_below(source: Path) -> list[Module]:
    found = []
    for path in sorted(source.rglob("*.py")):
        parts = path.relative_to(source).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        found.append(Module(".".join(parts[:-1] if is_package else parts), path, is_package))
    return found
