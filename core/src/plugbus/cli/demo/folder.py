"""The folder in which the demo leaves what it made, to be looked at, changed and run again."""

from __future__ import annotations

import re
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from plugbus.cli.exits import CannotRun


if TYPE_CHECKING:
    from collections.abc import Collection


__all__ = ("CONFIG", "LOG", "STOREFRONT", "prepare")

CONFIG = "plugbus.toml"
STOREFRONT = "storefront.py"
LOG = "plugbus.log"

_MARK = "# Written by `plugbus demo`."
_TABLE = re.compile(r"^\[plugins\.(\w+)\]$", re.MULTILINE)


def prepare(folder: str | None, installed: Collection[str]) -> Path:
    """
    Write the demo's files, and return where.

    Args:
        folder: Where; None for a new temporary folder, which stays. A storefront that is there already is kept.
        installed: The plugins that the configuration may switch on.

    Raises:
        CannotRun: If the folder cannot be written to, or holds a configuration that is not the demo's.
    """
    try:
        path = Path(folder) if folder is not None else Path(tempfile.mkdtemp(prefix="plugbus-demo-"))
        path.mkdir(parents=True, exist_ok=True)
        config, storefront = path / CONFIG, path / STOREFRONT
        if config.exists() and not config.read_text(encoding="utf-8", errors="replace").startswith(_MARK):
            raise CannotRun(f"{config} is there already and not the demo's; choose another folder")
        config.write_text(_configuration(installed), encoding="utf-8")
        if not storefront.exists():
            storefront.write_text(_bundled(STOREFRONT), encoding="utf-8")
    except OSError as error:
        raise CannotRun(f"cannot write to the folder {folder}: {error.strerror or error}") from None
    return path


def _configuration(installed: Collection[str]) -> str:
    paragraphs = _bundled(CONFIG).rstrip().split("\n\n")
    return "\n\n".join(text for text in paragraphs if {*_TABLE.findall(text)} <= {*installed}) + "\n"


def _bundled(name: str) -> str:
    return files("plugbus.cli.demo._shop").joinpath(name).read_text(encoding="utf-8")
