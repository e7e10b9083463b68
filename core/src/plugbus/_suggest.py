"""The nearest right word to a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable


__all__ = ("did_you_mean", "nearest")


def nearest(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the known word that is most like the given one, None if none is as like as that, of 1 for the same."""
    import difflib

    by_form = {_form(name): name for name in known}
    matches = difflib.get_close_matches(_form(word), by_form, n=1, cutoff=likeness)
    return by_form[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return "Did you mean 'path'?", None if no known word is like the given one."""
    found = nearest(word, known)
    return None if found is None else f"Did you mean {found!r}?"


def _form(word: str) -> str:
    return word.lower().replace("-", "_")
