"""`Principal`: who acts, and how that is said."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Final, Literal

import attrs

from plugbus.errors import UsageError


__all__ = ("ANONYMOUS", "EXPIRED", "Principal", "as_principal", "as_system", "current_principal", "principal_of")


def _frozen(value: Any) -> Any:
    """Return a value that nobody can change any more, at any depth."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(_frozen(item) for item in value)
    return frozenset(value) if isinstance(value, set) else value


def _names(value: Iterable[str]) -> frozenset[str]:
    names = frozenset([value] if isinstance(value, str) else value)
    if not all(isinstance(name, str) and name for name in names):
        raise UsageError(f"roles and scopes are names, got {sorted(map(repr, names))}")
    return names


def _id(_: object, __: object, value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise UsageError(f"the id of a principal is a string that is not empty, got {type(value).__name__}")


def _aware(_: object, __: object, value: Any) -> None:
    if value is not None and not (isinstance(value, dt.datetime) and value.tzinfo is not None):
        raise UsageError("expires_at of a principal is an aware datetime")


@attrs.frozen(kw_only=True)
class Principal:
    """
    Who acts. Claims are not shown: they may hold what is nobody's business.

    Args:
        id: Who it is, as the application counts its users.
        roles: Names of roles.
        scopes: Names of scopes.
        claims: What else is known, as in a token: `birthdate`, `email_verified`, `subscription`, `zoneinfo`.
        expires_at: From when on this holds no longer, aware; it is looked at in each decision.
        kind: A `"user"`, who may be a program, too; nobody known, `"anonymous"`; or the application, `"system"`.

    Raises:
        UsageError: If the id is empty, a role is no name, or the time has no zone.
    """

    id: str = attrs.field(validator=_id)
    roles: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    scopes: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    claims: Mapping[str, Any] = attrs.field(factory=dict, converter=_frozen, repr=False, hash=False)
    expires_at: dt.datetime | None = attrs.field(default=None, validator=_aware)
    kind: Literal["user", "anonymous", "system"] = "user"
    # Whether a decision has to look at more than roles and claims: one look, where events are published.
    is_special: bool = attrs.field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "is_special", self.expires_at is not None or self.kind == "system")

    @property
    def is_known(self) -> bool:
        """Whether somebody has said who acts."""
        return self.kind != "anonymous"

    @property
    def is_system(self) -> bool:
        """Whether it is the application itself, in a block `as_system`."""
        return self.kind == "system"

    def has_expired(self, now: dt.datetime) -> bool:
        """Tell whether it holds no longer."""
        return self.expires_at is not None and now >= self.expires_at


# Whoever acts where nobody has said who.
ANONYMOUS: Final = Principal(id="anonymous", kind="anonymous")

# Whoever acts as somebody who has expired.
EXPIRED: Final = Principal(id="anonymous", kind="anonymous", claims={"expired": True})

_current: ContextVar[Principal] = ContextVar("plugbus_guards.principal", default=ANONYMOUS)

current_principal = _current.get


@contextmanager
def as_principal(principal: Principal) -> Iterator[Principal]:
    """
    Act in somebody's name inside of a block: what is published there, and what that causes, is published by them.

    Args:
        principal: Who acts; `ANONYMOUS` for nobody.

    Raises:
        UsageError: If it is no `Principal`.
    """
    if not isinstance(principal, Principal):
        raise UsageError(f"as_principal() takes a Principal, got {type(principal).__name__}: see principal_of()")
    token = _current.set(principal)
    try:
        yield principal
    finally:
        _current.reset(token)


@contextmanager
def as_system(reason: str) -> Iterator[Principal]:
    """
    Act as the application itself inside of a block. What guards then let pass is recorded, with the reason.

    Guards that ask who acts allow the system; those that look at the event alone, at rates, features and policies
    decide as ever.

    Args:
        reason: Why, for the record.

    Raises:
        UsageError: If there is none.
    """
    if not isinstance(reason, str) or not reason.strip():
        raise UsageError("as_system() takes the reason for which the application acts by itself")
    with as_principal(Principal(id="system", kind="system", claims={"reason": reason})) as system:
        yield system


def principal_of(description: Mapping[str, Any]) -> Principal:
    """
    Make a principal from a description, as from a file of `plugbus publish --as`.

    Args:
        description: `id`, and maybe `roles`, `scopes`, `claims`, and `expires_at` in ISO 8601.

    Raises:
        UsageError: If it is none.
    """
    if not isinstance(description, Mapping):
        raise UsageError(f"a principal is described by a table, got {type(description).__name__}")
    unknown = sorted(set(description) - {"id", "roles", "scopes", "claims", "expires_at"})
    if unknown:
        raise UsageError(
            f"a principal has no {unknown[0]!r}: there are id, roles, scopes, claims and expires_at; "
            f"what else is known of it belongs into claims"
        )
    known = dict(description)
    if isinstance(known.get("id"), int) and not isinstance(known["id"], bool):
        known["id"] = str(known["id"])
    if "id" not in known:
        raise UsageError("a principal has an id")
    for key in ("roles", "scopes"):
        if not isinstance(known.get(key, []), list | tuple | set | frozenset):
            raise UsageError(f"{key} of a principal are a list of names")
    if not isinstance(known.get("claims", {}), Mapping):
        raise UsageError("claims of a principal are a table")
    if isinstance(known.get("expires_at"), str):
        try:
            known["expires_at"] = dt.datetime.fromisoformat(known["expires_at"])
        except ValueError:
            raise UsageError("expires_at of a principal is a time in ISO 8601, with its zone") from None
    return Principal(**known)
