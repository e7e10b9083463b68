"""From a token to a principal."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plugbus_guards.errors import AuthenticationRequired
from plugbus_guards.principal import Principal
from plugbus_guards.tokens.keys import Keys, KeysUnavailable
from plugbus_guards.tokens.parsing import BadToken, Parsed, parse
from plugbus_guards.tokens.settings import TokenSettings


__all__ = ("TokenVerifier",)

_INVALID = {"error": "invalid_token"}


class TokenVerifier:
    """
    Verifies tokens of one issuer.

    Args:
        settings: Whose tokens are accepted.
        folder: What the path of a file with keys is relative to.
        now: Tells the time, aware.
        clock: Seconds from an arbitrary start, for the age of keys.

    Raises:
        DefinitionError: If keys cannot be fetched from there.
    """

    def __init__(
        self,
        settings: TokenSettings,
        folder: Path,
        now: Callable[[], dt.datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._now = now
        where = settings.jwks if "://" in settings.jwks else str(folder / settings.jwks)
        self._keys = Keys(where, settings.timeout, clock)

    async def principal(self, token: str) -> Principal:
        """
        Return whoever a token says acts; keys are fetched in a thread, if they have to be.

        Args:
            token: The text of the token, without `Bearer`.

        Raises:
            AuthenticationRequired: If it is not accepted; the reason says why and holds nothing of the token.
        """
        parsed = self._parsed(token)
        key = self._keys.known(parsed.kid)
        if key is None:
            key = await asyncio.to_thread(self._find, parsed.kid)
        return self._principal(token, parsed, key)

    def principal_sync(self, token: str) -> Principal:
        """Return the same, blocking."""
        parsed = self._parsed(token)
        return self._principal(token, parsed, self._keys.known(parsed.kid) or self._find(parsed.kid))

    def _parsed(self, token: str) -> Parsed:
        try:
            parsed = parse(token, self._settings.max_size)
        except BadToken as error:
            raise _refused(str(error)) from None
        if parsed.algorithm not in self._settings.algorithms:
            raise _refused("the token is signed with an algorithm that is not accepted")
        return parsed

    def _find(self, kid: str | None) -> Any:
        try:
            key = self._keys.find(kid)
        except KeysUnavailable as error:
            raise _refused(str(error)) from None
        if key is None:
            raise _refused("the issuer has no key of the name that the token says")
        return key

    def _principal(self, token: str, parsed: Parsed, key: Any) -> Principal:
        import jwt

        settings = self._settings
        try:
            # The times are checked below, by our own clock.
            claims = jwt.decode(
                token,
                key,
                algorithms=[parsed.algorithm],
                audience=list(settings.audience),
                issuer=settings.issuer,
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError as error:
            raise _refused(_REASONS.get(type(error).__name__, "the token cannot be verified")) from None
        except Exception:  # noqa: BLE001  (a key of another kind than the algorithm wants)
            raise _refused("the token cannot be verified") from None
        expires = self._check_times(claims)
        sub = claims["sub"]
        if not isinstance(sub, str) or not sub:
            raise _refused("the token does not say who acts")
        return Principal(
            id=sub,
            roles=_names(claims.get(settings.roles_claim)),
            scopes=_names(claims.get(settings.scopes_claim)),
            claims=claims,
            expires_at=expires,
        )

    def _check_times(self, claims: dict[str, Any]) -> dt.datetime:
        now, leeway = self._now(), dt.timedelta(seconds=self._settings.leeway)
        moments = {name: _moment(claims[name]) for name in ("exp", "nbf", "iat") if name in claims}
        if any(moment is None for moment in moments.values()):
            raise _refused("a time in the token is none")
        expires = moments["exp"]
        assert expires is not None  # noqa: S101  (it is required)
        if now >= expires + leeway:
            raise _refused("the token has expired")
        for name in ("nbf", "iat"):
            moment = moments.get(name)
            if moment is not None and now < moment - leeway:
                raise _refused("the token does not hold yet")
        return expires + leeway


# What PyJWT says would hold parts of the token.
_REASONS = {
    "InvalidAudienceError": "the token is for another audience",
    "InvalidIssuerError": "the token is from another issuer",
    "InvalidSignatureError": "the signature of the token does not fit",
    "MissingRequiredClaimError": "the token lacks one of exp, iss, aud and sub",
    "InvalidSubjectError": "the token does not say who acts",
}


def _refused(reason: str) -> AuthenticationRequired:
    return AuthenticationRequired(reason, details=_INVALID)


def _moment(value: object) -> dt.datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return dt.datetime.fromtimestamp(value, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _names(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset(value.split())
    if isinstance(value, list | tuple):
        return frozenset(one for one in value if isinstance(one, str) and one)
    return frozenset()
