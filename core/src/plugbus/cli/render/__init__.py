"""What the commands answer, laid out for people: at 80 columns, in color where the terminal has it."""

from __future__ import annotations


__all__: tuple[str, ...] = ()
