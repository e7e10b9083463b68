"""Finding and reading the configuration file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plugbus.config._document import Document, sounds_secret
from plugbus.config._environment import CONFIG
from plugbus.errors import ConfigurationError, Problem


__all__ = ("find_document",)

_PYPROJECT = "pyproject.toml"
_ROOT = ("tool", "plugbus")
_OURS = ("bus", "tool.plugbus.bus")
_HEADER = re.compile(r"\s*\[+\s*([\w.-]+)\s*(?:\]+\s*)?(?:#.*)?$")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def find_document(
    source: str | Path | Mapping[str, object] | None, environ: Mapping[str, str], folder: Path
) -> Document:
    """
    Read the configuration.

    Args:
        source: A file, or what a file would hold; None looks for one.
        environ: May name the file in PLUGBUS_CONFIG.
        folder: Where `plugbus.toml` and `pyproject.toml` are looked for.

    Raises:
        ConfigurationError: If the file is missing, cannot be read, or is no TOML.
    """
    if isinstance(source, Mapping):
        return Document(source, folder)
    if source is not None:
        return _named(Path(source), folder, None)
    if environ.get(CONFIG):
        return _named(Path(environ[CONFIG]), folder, CONFIG)
    if (folder / "plugbus.toml").is_file():
        return _read(Path("plugbus.toml"), folder, None)
    if (folder / _PYPROJECT).is_file():
        return _read(Path(_PYPROJECT), folder, None)
    return Document({}, folder)


def _named(path: Path, folder: Path, variable: str | None) -> Document:
    document = _read(path, folder, variable)
    if document.root and not document.data and document.root not in document.positions.keys:
        raise _error("there is no table [tool.plugbus] in this file", path, variable)
    return document


def _read(path: Path, folder: Path, variable: str | None) -> Document:
    full = folder / path.expanduser()
    try:
        raw = full.read_bytes()
    except OSError as error:
        hint = f"{variable} names it" if variable else None
        if isinstance(error, FileNotFoundError):
            raise _error("there is no such configuration file", path, variable, hint=hint) from None
        raise _error(f"the configuration file cannot be read: {error.strerror}", path, variable, hint=hint) from None
    text = _decoded(raw, path)
    data: Any = _parsed(text, path)
    root = _ROOT if path.name == _PYPROJECT else ()
    for key in root:
        data = data.get(key, {})
        if not isinstance(data, Mapping):
            document = Document({}, folder, None, str(path), text)
            raise ConfigurationError("Nothing was started.", [document.problem(f"{key} expects a table", root)])
    full = full.absolute()
    return Document(data, full.parent, full, str(path), text, root)


def _decoded(raw: bytes, path: Path) -> str:
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line_start = before.rfind(b"\n") + 1
        line = raw[line_start:].split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
        raise _error(
            f"the file is not valid UTF-8: {error.reason} (byte 0x{raw[error.start]:02x})",
            path,
            hint="Save it as UTF-8",
            line=before.count(b"\n") + 1,
            column=len(before[line_start:].decode("utf-8", "replace")) + 1,
            source_line=line,
            above=before.decode("utf-8", "replace").split("\n")[:-1],
        ) from None


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The message is all that says where until Python 3.14.
        message = str(error)
        place = _PLACE.search(message)
        lines = text.split("\n")
        line, column = len(lines), len(lines[-1]) + 1
        if place is not None and place[1]:
            line, column = int(place[1]), int(place[2])
        elif len(lines) > 1 and not lines[-1]:
            line, column = len(lines) - 1, len(lines[-2]) + 1
        detail = message[: place.start()] if place else message
        raise _error(
            f"this is no TOML: {detail}",
            path,
            line=line,
            column=column,
            source_line=lines[line - 1],
            above=lines[: line - 1],
        ) from None
    except RecursionError:
        raise _error("this is no usable TOML: it is nested too deeply", path) from None


def _error(
    message: str,
    path: Path,
    location: str | None = None,
    *,
    hint: str | None = None,
    line: int | None = None,
    column: int | None = None,
    source_line: str | None = None,
    above: Sequence[str] = (),
) -> ConfigurationError:
    if source_line is not None and column is not None:
        source_line = _shown(above, source_line, column)
    problem = Problem(
        message, hint=hint, location=location, file=str(path), line=line, column=column, source_line=source_line
    )
    return ConfigurationError("Nothing was started.", [problem])


def _shown(above: Sequence[str], line: str, column: int) -> str | None:
    """
    Return what may be shown of a line that could not be read, None if the caret would stand in what is hidden.

    What the settings are is not known yet. Outside of [bus] any value may be a secret, there what sounds like one.
    """
    headers = (found[1] for found in map(_HEADER.match, (line, *reversed(above))) if found)
    key, equals, value = line.partition("=")
    if next(headers, None) in _OURS and not (equals and sounds_secret(key)):
        return line
    if not equals:
        return line if _HEADER.match(line) else None
    start = len(key) + 1 + len(value) - len(value.lstrip())
    return f"{line[:start]}***" if column <= start + 1 else None
