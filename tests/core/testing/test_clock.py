from __future__ import annotations

import datetime as dt

import pytest

from plugbus.errors import UsageError
from plugbus.testing import FrozenClock


def test_a_frozen_clock_moves_only_when_told_to():
    clock = FrozenClock(dt.datetime(2026, 2, 28, 23, 59, tzinfo=dt.UTC))
    assert clock() == clock() == dt.datetime(2026, 2, 28, 23, 59, tzinfo=dt.UTC)
    clock.advance(60)
    assert clock() == dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    clock.advance(dt.timedelta(days=-1))
    assert clock() == dt.datetime(2026, 2, 28, tzinfo=dt.UTC)
    assert repr(clock) == "FrozenClock(2026-02-28T00:00:00+00:00)"


def test_a_frozen_clock_tells_no_naive_time():
    with pytest.raises(UsageError, match="without a zone"):
        FrozenClock(dt.datetime(2026, 1, 1))  # noqa: DTZ001
