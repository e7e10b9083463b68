"""How numbers are written."""

from __future__ import annotations


def amount(value: float | None) -> str:
    """Write a time or a size with three significant digits."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def ratio(value: float) -> str:
    """Write a ratio; a large one needs no decimals."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
