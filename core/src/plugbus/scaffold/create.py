"""Writing a new distribution."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib import resources
from pathlib import Path
from string import Template

from plugbus._version import __version__
from plugbus.errors import PlugbusError
from plugbus.plugins.discovery import BUILT_IN, FIRST_PARTY, is_plugin_name
from plugbus.scaffold.names import Names


__all__ = ("CannotCreate", "create")

_SUFFIX = ".template"
# The files, and the templates that they are made of.
_FILES = {
    ".github/workflows/ci.yml": "ci.yml",
    ".gitignore": "gitignore",
    "CHANGELOG.md": "CHANGELOG.md",
    "LICENSE": "LICENSE",
    "README.md": "README.md",
    "pyproject.toml": "pyproject.toml",
    "src/{package}/__init__.py": "package.py",
    "src/{package}/handler.py": "handler.py",
    "src/{package}/middleware.py": "middleware.py",
    "src/{package}/plugin.py": "plugin.py",
    "src/{package}/py.typed": "py.typed",
    "tests/test_contract.py": "test_contract.py",
    "tests/test_plugin.py": "test_plugin.py",
}


class CannotCreate(PlugbusError, ValueError):
    """A distribution cannot be made of this name, or not in this folder; nothing was written."""


def create(name: str, folder: str | Path | None = None) -> list[Path]:
    """
    Write a complete plugin distribution, which passes its own tests, lint and type check as it is.

    Args:
        name: The plugin's name: lower case letters and digits, words joined by single underscores.
        folder: Where it goes: a folder that does not exist or is empty. By default the distribution's name, here.

    Returns:
        The files that were written, sorted.

    Raises:
        CannotCreate: If the name or the folder cannot be; then nothing is left of what was begun.
    """
    names = _checked(name)
    target = Path(folder) if folder is not None else Path(names.distribution)
    texts = _rendered(names)
    _check_folder(target)
    made: list[Path] = []
    try:
        _write(target, texts, made)
    except BaseException as error:
        _undo(made)
        if isinstance(error, OSError):
            raise CannotCreate(f"cannot write to {target}: {error.strerror}. Nothing was left there") from error
        raise
    return sorted(target / path for path in texts)


def _checked(name: str) -> Names:
    """
    Return what a plugin of this name has to call everything.

    Raises:
        CannotCreate: If it is no plugin's name, or somebody has it.
    """
    if not is_plugin_name(name):
        raise CannotCreate(
            f"{name!r} is no plugin's name: lower case letters and digits, words joined by single underscores, as in "
            f"'weather' or 'weather_station'"
        )
    if name in FIRST_PARTY:
        raise CannotCreate(f"{name!r} is a plugin of plugbus itself (pip install plugbus-{name}); choose another name")
    if name in BUILT_IN:
        raise CannotCreate(
            f"{name!r} is a command of plugbus itself, so `plugbus {name} ...` could not be the plugin's; choose "
            f"another name"
        )
    return Names(name)


def _rendered(names: Names) -> dict[str, str]:
    """Return the files' texts by their paths."""
    major, minor, _ = __version__.split(".", 2)
    exports = ("EventCounts", f"{names.prefix}Plugin", f"{names.prefix}Settings")
    words = {
        "name": names.plugin,
        "words": names.words,
        "distribution": names.distribution,
        "package": names.package,
        "Prefix": names.prefix,
        "exports": ",\n    ".join(sorted(f'"{name}"' for name in exports)),
        "plugbus": f"plugbus>={major}.{minor}.0,<{major}.{int(minor) + 1}",
    }
    folder = resources.files("plugbus.scaffold") / "templates"
    texts = {path: Template((folder / f"{template}{_SUFFIX}").read_text("utf-8")) for path, template in _FILES.items()}
    return {path.format(package=names.package): text.substitute(words) for path, text in texts.items()}


def _check_folder(target: Path) -> None:
    if target.is_dir():
        there = next(iter(sorted(entry.name for entry in target.iterdir())), None)
        if there is not None:
            raise CannotCreate(f"{target} is not empty, it holds {there!r}; name a folder that is new or empty")
    elif target.exists() or target.is_symlink():
        raise CannotCreate(f"{target} is there and no folder; name one that is new or empty")


def _write(target: Path, texts: Mapping[str, str], made: list[Path]) -> None:
    """Write the files, and take down every file and folder that this makes."""
    for path, text in texts.items():
        file = target / path
        for folder in reversed(file.parents):
            if not folder.exists():
                folder.mkdir()
                made.append(folder)
        made.append(file)
        file.write_text(text, encoding="utf-8", newline="\n")


def _undo(made: list[Path]) -> None:
    for path in reversed(made):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
