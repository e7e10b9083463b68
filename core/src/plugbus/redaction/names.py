"""Names that tell of a secret, however they are written: `api_key`, `apiKey`, `X-Api-Key`, `APIKEY`."""

from __future__ import annotations

import re
from collections.abc import Iterable


__all__ = ("CARD_NAMES", "NAMES", "NameList")

NAMES = (
    "access key",
    "api key",
    "authorization",
    "bearer",
    "card number",
    "cookie",
    "credential",
    "credit card",
    "cvc",
    "cvv",
    "iban",
    "jwt",
    "otp",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "pin",
    "private key",
    "pwd",
    "secret",
    "social security number",
    "ssn",
    "token",
)
# Names under which a number may be that of a card.
CARD_NAMES = ("card", "cc", "pan", "payment")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
# Shorter names count as whole words only: "pin" is no part of "shipping".
_LONG = 5
# Names that were asked for are remembered; whoever sends names of their own making does not fill the memory.
_REMEMBERED = 10_000


class NameList:
    """
    A list of names.

    Args:
        names: Words, in lower case, with a blank between the words of one name.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = [tuple(_words(name)) for name in names]
        self._joined = tuple("".join(name) for name in self._names if len("".join(name)) >= _LONG)
        self._known: dict[str, bool] = {}

    def __contains__(self, name: str) -> bool:
        """Tell whether a name is on the list, or made up of one that is and other words."""
        found = self._known.get(name)
        if found is None:
            found = self._find(name)
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[name] = found
        return found

    def _find(self, name: str) -> bool:
        words = _words(name)
        if any(word.endswith(self._joined) or word.startswith(self._joined) for word in words):
            return True
        return any(
            words[start : start + len(listed)] == list(listed)
            for listed in self._names
            for start in range(len(words) - len(listed) + 1)
        )


def _words(name: str) -> list[str]:
    words = [word.lower() for word in _WORDS.findall(name)]
    return [word[:-1] if word.endswith("s") and len(word) > 3 and not word.endswith("ss") else word for word in words]
