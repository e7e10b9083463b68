"""Settings that have a unit: `Duration` in seconds, `Size` in bytes."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Annotated

from plugbus.config._kinds import Kind, Place


if TYPE_CHECKING:
    from plugbus.config._shelf import Schema, Shelf


__all__ = ("Duration", "Size", "parse_duration", "parse_size")

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:ms|[smhdw])\s*)+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])")

_BYTES = {
    "b": 1,
    **{f"{unit}b": 1000**power for power, unit in enumerate("kmgt", 1)},
    **{f"{unit}ib": 1024**power for power, unit in enumerate("kmgt", 1)},
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*((?:[kmgt]i?)?b)", re.IGNORECASE)


def parse_duration(text: str) -> float:
    """
    Read a duration such as `"250ms"`, `"30s"`, `"10m"`, `"1h30m"`, `"90d"`.

    Returns:
        Seconds.

    Raises:
        ValueError: If the text is no duration.
    """
    if not _DURATION.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no duration such as '30s', '10m', '1h', '90d'")
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def parse_size(text: str) -> int:
    """
    Read a size such as `"512B"`, `"64kB"` (64,000), `"10MiB"` (10 times 1,024 times 1,024).

    Returns:
        Bytes.

    Raises:
        ValueError: If the text is no size.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no size such as '64kB' or '10MiB'")
    return int(float(found[1]) * _BYTES[found[2].lower()])


class _DurationKind(Kind):
    expected = "a duration such as '30s', '10m', '1h', '90d', or a number of seconds"

    def read(self, value: object, place: Place) -> object:
        if isinstance(value, str):
            try:
                return parse_duration(value)
            except ValueError:
                return place.mismatch(self, value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            return place.mismatch(self, value)
        return float(value)

    def from_text(self, text: str) -> object:
        try:
            return float(text)
        except ValueError:
            return text

    def schema(self, shelf: Shelf) -> Schema:  # noqa: ARG002
        pattern = r"^\s*(?:[0-9]+(?:\.[0-9]+)?\s*(?:ms|[smhdw])\s*)+$"
        return {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": pattern}]}


class _SizeKind(Kind):
    expected = "a size such as '64kB' or '10MiB', or a number of bytes"

    def read(self, value: object, place: Place) -> object:
        if isinstance(value, str):
            try:
                return parse_size(value)
            except ValueError:
                return place.mismatch(self, value)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            return place.mismatch(self, value)
        return value

    def from_text(self, text: str) -> object:
        return int(text) if text.strip().isdecimal() else text

    def schema(self, shelf: Shelf) -> Schema:  # noqa: ARG002
        pattern = r"^\s*[0-9]+(?:\.[0-9]+)?\s*(?:[KkMmGgTt][Ii]?)?[Bb]\s*$"
        return {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": pattern}]}


Duration = Annotated[float, _DurationKind()]
Size = Annotated[int, _SizeKind()]
