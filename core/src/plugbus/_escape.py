"""
What ends a program, `SystemExit` and `KeyboardInterrupt`, brought out of tasks.

Raised inside a task, they would stop its loop before anybody is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import Context
from typing import Any


__all__ = ("Escaped", "held", "in_context")


class Escaped(Exception):
    """Carries what ends a program to whoever awaits the task."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


async def held(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """
    Await a coroutine, for a task to run.

    Raises:
        Escaped: In place of `SystemExit` and `KeyboardInterrupt`.
    """
    try:
        return await coroutine
    except (SystemExit, KeyboardInterrupt) as error:
        raise Escaped(error) from None


async def in_context(coroutine: Coroutine[Any, Any, Any], context: Context) -> Any:
    """Await a coroutine in another context."""
    task = asyncio.get_running_loop().create_task(held(coroutine), context=context)
    task.add_done_callback(lambda _: coroutine.close())  # it may have been cancelled before its first step
    try:
        return await task
    except Escaped as escaped:
        raise escaped.error from None
