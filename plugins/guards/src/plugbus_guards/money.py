"""Amounts of money, exactly."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


__all__ = ("amount_of",)


def amount_of(value: object) -> Decimal | None:
    """Return an amount: a decimal, an integer, a float as it is written, or a text; None if it is none, or infinite."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float | str):
        return None
    try:
        amount = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
