"""What commands answer on stdout, and how everything else is kept out of it."""

from __future__ import annotations

import json
import logging
import shutil
import sys
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

from plugbus.cli.exits import CannotRun
from plugbus.cli.text import printed, wrapped
from plugbus.errors import ConfigurationError, PlugbusError, Problem


if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ("answering", "aside", "print_json", "report", "unlogged")


@contextmanager
def answering(form: str) -> Iterator[None]:
    """
    Answer in JSON also where there is no answer but what is wrong; on stderr the report stands besides.

    Args:
        form: What `--format` says, `text` or `json`.
    """
    try:
        yield
    except (PlugbusError, CannotRun) as error:
        if form == "json":
            print_json(_refusal(error))
        raise


def _refusal(error: PlugbusError | CannotRun) -> dict[str, Any]:
    """Return what is wrong in the shape of `config check`."""
    from plugbus.config.report import as_json, problem_as_json

    if isinstance(error, ConfigurationError):
        problems = as_json(error)["problems"]
    else:
        problems = [problem_as_json(Problem(str(error)))]
    return {"fine": False, "problems": problems, "left_out": {}}


@contextmanager
def aside() -> Iterator[None]:
    """Send to stderr what plugins and modules print while they are imported and looked at."""
    with redirect_stdout(sys.stderr):
        yield


@contextmanager
def unlogged() -> Iterator[None]:
    """Keep the event log off the terminal, where the command's own answer says the same."""
    logger, handler = logging.getLogger("plugbus"), logging.NullHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def print_json(data: Any) -> None:
    """Print data as JSON."""
    print(json.dumps(data, indent=2))


def report(error: Exception) -> None:
    """Print what is wrong to stderr; on a terminal, sentences go on below their beginning."""
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else None
    print(wrapped(printed(str(error)), width), file=sys.stderr)
