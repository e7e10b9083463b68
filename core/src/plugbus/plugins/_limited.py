"""A lifespan that has to be up within a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

__all__ = ("Limited",)


class Limited:
    """
    Enters and leaves a plugin's lifespan, the first within a time limit.

    What blocks its thread cannot be interrupted; what awaits is cancelled.

    Args:
        lifespan: The plugin's context manager.
        seconds: How long entering it may take.
    """

    def __init__(self, lifespan: AbstractAsyncContextManager[object], seconds: float) -> None:
        self._lifespan = lifespan
        self._seconds = seconds

    async def __aenter__(self) -> object:
        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:
                return await self._lifespan.__aenter__()
        except TimeoutError as error:
            if not limit.expired():
                raise  # the plugin's own
            raise TimeoutError(
                f"it was not up after {self._seconds:g} s. If it needs longer, raise `start_timeout` of [bus]"
            ) from error

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._lifespan.__aexit__(kind, error, trace)
