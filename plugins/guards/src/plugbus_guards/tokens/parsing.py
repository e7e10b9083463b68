"""Reading a token strictly, before a library that is less strict verifies it (RFC 7515, 7519, 8725)."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any, NoReturn

import attrs


__all__ = ("BadToken", "Parsed", "parse")

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_TYPES = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
_LONGEST_NAME = 256


class BadToken(ValueError):
    """A token is refused; the message says why and holds nothing of the token."""


@attrs.frozen
class Parsed:
    """
    A token that has been read and not verified.

    Args:
        algorithm: What it says it was signed with.
        kid: The name of the key; None if the token says none.
        claims: What it says.
    """

    algorithm: str
    kid: str | None
    claims: dict[str, Any] = attrs.field(repr=False)


def parse(token: object, max_size: int) -> Parsed:
    """
    Read a token.

    Args:
        token: The text.
        max_size: The most characters.

    Raises:
        BadToken: If it is none, or says something twice.
    """
    if not isinstance(token, str):
        raise BadToken("a token is a text")
    if len(token) > max_size:
        raise BadToken(f"a token has at most {max_size} characters")
    segments = token.split(".")
    if len(segments) != 3 or not all(_SEGMENT.fullmatch(one) for one in segments):
        raise BadToken("a token has three parts in base64url with dots between them")
    header, claims = _table(segments[0], "header"), _table(segments[1], "claims")
    _bytes(segments[2], "signature")
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str):
        raise BadToken("the token names no algorithm")
    if "crit" in header or "b64" in header:
        raise BadToken("the token wants extensions that are not supported")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise BadToken("it is another type of token")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= _LONGEST_NAME):
        raise BadToken("the name of the token's key is none")
    return Parsed(algorithm, kid, claims)


def _table(segment: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(segment, what).decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadToken(str(error) if isinstance(error, BadToken) else f"the {what} of the token is no JSON") from None
    if not isinstance(found, dict):
        raise BadToken(f"the {what} of the token is no table")
    return found


def _bytes(segment: str, what: str) -> bytes:
    try:
        found = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise BadToken(f"the {what} of the token is not in base64url") from None
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode("ascii") != segment:
        raise BadToken(f"the {what} of the token is not in base64url")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadToken("the token says something twice")
    if any(isinstance(value, float) and not math.isfinite(value) for value in found.values()):
        raise BadToken("the token holds a number that is none")
    return found


def _no_constant(name: str) -> NoReturn:
    raise BadToken(f"the token holds {name}, which is no JSON")
