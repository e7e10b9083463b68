"""Numbers of payment cards: by issuer prefix, length (ISO/IEC 7812) and Luhn's check digit."""

from __future__ import annotations

import re
from collections.abc import Iterator


__all__ = ("find_cards", "is_card_number", "may_hold_card")

_SHORTEST, _LONGEST = 12, 19
# First and last prefix of an issuer, and the lengths that its numbers have.
_ISSUERS = (
    ("34", "34", (15,)),
    ("37", "37", (15,)),
    ("30", "30", (14, 16, 19)),
    ("36", "36", (14, 16, 19)),
    ("38", "39", (14, 16, 19)),
    ("35", "35", (16, 17, 18, 19)),
    ("4", "4", (13, 16, 19)),
    ("51", "55", (16,)),
    ("2221", "2720", (16,)),
    ("60", "60", (16, 17, 18, 19)),
    ("62", "62", (16, 17, 18, 19)),
    ("64", "65", (16, 17, 18, 19)),
    ("81", "81", (16, 17, 18, 19)),
    ("50", "50", tuple(range(12, 20))),
    ("56", "58", tuple(range(12, 20))),
    ("63", "63", tuple(range(12, 20))),
    ("67", "67", tuple(range(12, 20))),
)
_DOUBLED = {str(digit): sum(map(int, str(2 * digit))) for digit in range(10)}

# Digits with at most one blank, dot or dash between two of them.
_RUN = re.compile(r"[0-9](?:[ .-]?[0-9]){11,}")
# Tells quickly that a text holds none.
may_hold_card = _RUN.search
_GROUP = re.compile(r"[0-9]+")


def is_card_number(digits: str) -> bool:
    """Tell whether digits are the number of a card: one of an issuer's, of the right length, with its check digit."""
    if not (_SHORTEST <= len(digits) <= _LONGEST and digits.isascii() and digits.isdigit()):
        return False
    if not any(first <= digits[: len(first)] <= last and len(digits) in sizes for first, last, sizes in _ISSUERS):
        return False
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[digit] for digit in digits[-2::-2])
    return total % 10 == 0


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    """Yield where card numbers stand in a text, first and behind the last character; none within a longer word."""
    for run in _RUN.finditer(text):
        before, behind = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
        groups = [(group.start(), group.end()) for group in _GROUP.finditer(text, run.start(), run.end())]
        last = -1
        for index, (start, _) in enumerate(groups):
            if start < last or (index == 0 and before.isalnum()):
                continue
            for other in range(len(groups) - 1, index - 1, -1):
                end = groups[other][1]
                if other == len(groups) - 1 and behind.isalnum():
                    continue
                if is_card_number("".join(text[s:e] for s, e in groups[index : other + 1])):
                    yield start, end
                    last = end
                    break
