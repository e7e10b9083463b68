"""The table `[plugins.guards.tokens]`."""

from __future__ import annotations

import attrs

from plugbus.plugins import Duration, Size, option


__all__ = ("ALGORITHMS", "TokenSettings")

# Those with two keys: whoever can verify cannot sign.
ALGORITHMS = frozenset({
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
})  # fmt: skip


def _algorithms(_: object, __: object, value: tuple[str, ...]) -> None:
    wrong = [name for name in value if name not in ALGORITHMS]
    if wrong or not value:
        got = wrong[0] if wrong else "none"
        raise ValueError(f"algorithms are of {', '.join(sorted(ALGORITHMS))}, got {got}")


@attrs.frozen
class TokenSettings:
    """Whose tokens are accepted, and how they are read."""

    issuer: str = option(help="the claim `iss` that is accepted", validator=attrs.validators.min_len(1))
    audience: tuple[str, ...] = option(
        help="the claims `aud` of which one is accepted", validator=attrs.validators.min_len(1)
    )
    jwks: str = option(
        help="where the issuer's keys are: an https:// URL, or a file", validator=attrs.validators.min_len(1)
    )
    algorithms: tuple[str, ...] = option(
        ("RS256", "ES256"), help="the algorithms that are accepted", validator=_algorithms
    )
    leeway: Duration = option(30.0, help="how far the clocks may be apart", validator=attrs.validators.ge(0))
    roles_claim: str = option("roles", help="the claim with the roles: a list, or names with blanks between them")
    scopes_claim: str = option("scope", help="the claim with the scopes")
    max_size: Size = option(16 * 1024, help="the longest token", validator=attrs.validators.gt(0))
    timeout: Duration = option(2.0, help="how long fetching the keys may take", validator=attrs.validators.gt(0))
