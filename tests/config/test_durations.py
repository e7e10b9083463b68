from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugbus.config import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("1.5m", 90), ("10 m", 600), ("1h30m", 5400), ("1h 30m 5s", 5405), ("2w", 1209600)],
)
def test_a_duration_is_a_number_of_seconds(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "7", "s", "-1s", "1 parsec", "1s x", "1e3s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is no duration such as '30s'"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"), [("0B", 0), ("64kB", 64_000), ("64 KB", 64_000), ("10MiB", 10 * 2**20), ("1.5GiB", 3 * 2**29)]
)
def test_a_size_is_a_number_of_bytes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "7", "MiB", "-1B", "1 PB", "1MiB x"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="is no size such as '64kB'"):
        parse_size(text)


@given(st.integers(0, 10**6), st.sampled_from(["s", "m", "h", "d", "w"]))
def test_durations_add_up(number, unit):
    assert parse_duration(f"{number}{unit}{number}{unit}") == 2 * parse_duration(f"{number}{unit}")
