"""A clock that stands still."""

from __future__ import annotations

import datetime as dt

from plugbus.errors import UsageError


__all__ = ("FrozenClock",)


class FrozenClock:
    """
    A clock for tests, to be handed to what takes one; called, it tells the time, which only moves when told to.

    Args:
        at: The time that it tells, aware.

    Raises:
        UsageError: If the time has no zone.
    """

    def __init__(self, at: dt.datetime = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)) -> None:
        self.set(at)

    def __repr__(self) -> str:
        return f"FrozenClock({self._at.isoformat()})"

    def __call__(self) -> dt.datetime:
        """Return the time."""
        return self._at

    def set(self, at: dt.datetime) -> None:
        """
        Set the time, forwards or back.

        Raises:
            UsageError: If it has no zone.
        """
        if at.tzinfo is None:
            raise UsageError(f"a clock tells an aware time, got {at.isoformat()} without a zone")
        self._at = at

    def advance(self, by: dt.timedelta | float) -> None:
        """Let time pass: a `timedelta`, or seconds."""
        self._at += by if isinstance(by, dt.timedelta) else dt.timedelta(seconds=by)
