"""A lifespan that has to be up within a time, and whose errors say whose it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from plugbus.errors import PluginHookError

__all__ = ("Limited",)


class Limited:
    """
    Enters and leaves a plugin's lifespan, the first within a time limit.

    What blocks its thread cannot be interrupted; what awaits is cancelled.

    Args:
        lifespan: The plugin's context manager.
        seconds: How long entering it may take.
        error: Makes the error that names the plugin, of what is to be said of the hook.
        failure: Makes it of what the hook raised.
    """

    def __init__(
        self,
        lifespan: AbstractAsyncContextManager[object],
        seconds: float,
        error: Callable[[str], PluginHookError],
        failure: Callable[[BaseException], PluginHookError],
    ) -> None:
        self._lifespan = lifespan
        self._seconds = seconds
        self._error = error
        self._failure = failure

    async def __aenter__(self) -> object:
        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:
                return await self._lifespan.__aenter__()
        except (Exception, SystemExit) as error:
            if isinstance(error, TimeoutError) and limit.expired():  # and not the plugin's own
                text = f"was not up after {self._seconds:g} s. If it needs longer, raise `start_timeout` of [bus]"
                raise self._error(text) from error
            failure = self._failure(error)
            raise failure from failure.__cause__

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return await self._lifespan.__aexit__(kind, error, trace)
        except (Exception, SystemExit) as raised:  # noqa: BLE001  (as above)
            failure = self._failure(raised)
            raise failure from failure.__cause__
