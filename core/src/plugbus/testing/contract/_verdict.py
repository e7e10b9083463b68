"""How a check says no."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

import pytest


__all__ = ("fail", "listed")


def fail(message: str, cause: BaseException | None = None) -> NoReturn:
    """
    End a check.

    Args:
        message: What is wrong, and what to do.
        cause: What was raised; its traceback is shown then.
    """
    __tracebackhide__ = True
    if cause is not None:
        raise AssertionError(message) from cause
    pytest.fail(message, pytrace=False)


def listed(lines: Iterable[str]) -> str:
    """Put each on a line of its own."""
    return "".join(f"\n  - {line}" for line in lines)
