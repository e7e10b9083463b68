"""What is wrong with a trail: `Problem`, and what `verify` has found in all: `Verification`."""

from __future__ import annotations

import attrs


__all__ = ("Problem", "Verification")


@attrs.frozen
class Problem:
    """
    One thing that should not be.

    Args:
        seq: The number of the record; None if it concerns the file.
        message: What is wrong.
    """

    seq: int | None
    message: str

    def __str__(self) -> str:
        return self.message if self.seq is None else f"record {self.seq:,}: {self.message}"


@attrs.frozen(kw_only=True)
class Verification:
    """
    What an examination of a trail has found.

    Args:
        records: How many records were examined.
        chains: How many chains they belong to.
        purged: The number of the last record that retention has removed; 0 if it removed none.
        checkpoints: How many checkpoints were compared.
        vouched: The number of the last record that a checkpoint vouches for; 0 if none does. What comes after is
            evidence against accidents only.
        problems: What is wrong, in the order of the records; at most 100.
    """

    records: int
    chains: int
    purged: int
    checkpoints: int
    vouched: int
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    @property
    def first_bad(self) -> int | None:
        """The number of the first record that is changed or missing; None if there is none, or it cannot be told."""
        numbers = [problem.seq for problem in self.problems if problem.seq is not None]
        return min(numbers) if numbers else None
