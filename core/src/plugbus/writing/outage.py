"""When nothing can be written: since when, why, and who has been told."""

from __future__ import annotations

import time
from collections.abc import Callable
from logging import Logger

from plugbus.errors import PlugbusError


__all__ = ("Outage",)

# How long other processes may keep the file locked before it counts as an outage, in seconds.
_LOCKED_TOO_LONG = 5.0


class Outage:
    """
    Remembers failures, and logs the beginning and the end of an outage, however many attempts fail in between.

    Args:
        logger: Told.
        name: What cannot be written.
        meanwhile: What happens in the meantime, for the message.
        is_busy: Tells whether an error only says that another process is writing.

    Attributes:
        error: Why the last attempt failed; None if it did not.
    """

    def __init__(self, logger: Logger, name: str, meanwhile: str, is_busy: Callable[[Exception | None], bool]) -> None:
        self.error: Exception | None = None
        self._logger = logger
        self._name = name
        self._meanwhile = meanwhile
        self._is_busy = is_busy
        self._since = 0.0
        self._is_told = False

    def failed(self, error: Exception) -> None:
        """Take note of an attempt that failed."""
        if self.error is None:
            self._since = time.monotonic()
        self.error = error

    def tell(self) -> None:
        """Log that it has begun, unless that was done, or somebody else has merely been writing for a moment."""
        error = self.error
        is_short = self._is_busy(error) and time.monotonic() - self._since < _LOCKED_TOO_LONG
        if error is None or is_short or self._is_told:
            return
        self._is_told = True
        is_foreseen = isinstance(error, OSError | PlugbusError) or type(error).__module__ == "sqlite3"
        self._logger.error(
            "%s cannot be written: %s. It is tried again; %s",
            self._name, error, self._meanwhile, exc_info=None if is_foreseen else error,
        )  # fmt: skip

    def ended(self) -> None:
        """Take note of an attempt that went well."""
        if self.error is None:
            return
        self.error = None
        if self._is_told:
            self._is_told = False
            self._logger.warning("%s is written again, after %.0f s", self._name, time.monotonic() - self._since)
