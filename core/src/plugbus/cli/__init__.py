"""
The command `plugbus`.

click and rich come with the extra `plugbus[cli]`; without them there is one line that says so.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ("main",)

_NEEDED = ("click", "rich")
_INSTALL = 'pip install "plugbus[cli]"'


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Args:
        arguments: What follows the program's name; by default what the process was given.

    Returns:
        The exit code: 0 fine, 1 findings, 2 usage or configuration, 130 interrupted.
    """
    from importlib.util import find_spec

    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        print(f"The command line needs {' and '.join(missing)}. Install it with:\n\n    {_INSTALL}\n", file=sys.stderr)
        return 2
    from plugbus.cli.app import run

    return run(arguments)
