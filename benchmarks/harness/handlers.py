"""Handlers that do nothing, each a function of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

import attrs


FACTORY = """\
def make(sleep, ran):
    {kind} handler({signature}):
        {body}
    return handler
"""


@cache
def _factory(kind: str, signature: str, body: str) -> Callable[..., Any]:
    scope: dict[str, Any] = {}
    source = FACTORY.format(kind=kind, signature=signature, body=body)
    exec(compile(source, "<handler>", "exec"), scope)  # noqa: S102  (written in this folder)
    return scope["make"]


@attrs.define
class Kit:
    """
    Makes handlers.

    Args:
        counted: Whether they count that they ran, which is for checking, not for timing.
    """

    counted: bool = False
    _calls: count = attrs.Factory(count)

    @property
    def calls(self) -> int:
        """How often handlers ran since this was read last."""
        calls = next(self._calls)
        self._calls = count()
        return calls

    def called(self, number: int, signature: str = "event", returns: str = "None") -> list[Callable[..., Any]]:
        """Return so many sync handlers that take these arguments."""
        return self._make(number, "def", signature, f"return {returns}")

    def awaited(
        self, number: int, signature: str = "event", *, suspends: bool = False, returns: str = "None"
    ) -> list[Callable[..., Any]]:
        """Return so many async handlers; those that suspend do it once, by `asyncio.sleep(0)`."""
        return self._make(number, "async def", signature, "await sleep(0); " * suspends + f"return {returns}")

    def _make(self, number: int, kind: str, signature: str, body: str) -> list[Callable[..., Any]]:
        make = _factory(kind, signature, "ran(); " * self.counted + body)
        made = [make(asyncio.sleep, lambda: next(self._calls)) for _ in range(number)]
        for index, handler in enumerate(made):
            handler.__name__ = handler.__qualname__ = f"handler_{index}"
        return made
