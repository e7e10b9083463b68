"""What a guard answers: yes, no, or that it cannot tell, which counts as no."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from plugbus_guards.errors import rank


__all__ = ("ALLOW", "Allow", "Decision", "Deny", "Error", "every", "negated", "some")


def _read_only(value: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType(dict(value))


@attrs.frozen
class Allow:
    """It may happen."""


@attrs.frozen
class Deny:
    """
    It may not happen.

    Args:
        reason: Why, for the log, the trail and `plugbus guards check`; never shown to whoever is denied.
        code: Which kind of denial it is, one of `plugbus_guards.errors.CODES`.
        details: What the error tells besides, as `retry_after` in seconds.
    """

    reason: str
    code: str = "permission_denied"
    details: Mapping[str, Any] = attrs.field(factory=dict, converter=_read_only, hash=False)


@attrs.frozen
class Error:
    """
    The guard could not decide. It is a denial, and is reported as a fault of the guard.

    Args:
        reason: What went wrong, without secrets.
    """

    reason: str


Decision = Allow | Deny | Error

# The only allowance that counts: it is told apart by identity where events are published.
ALLOW: Final = Allow()


def every(decisions: Iterable[Decision]) -> Decision:
    """Combine decisions of which each must allow: one denial denies, and of several the gravest is told."""
    denials: list[Deny] = []
    error: Error | None = None
    for decision in decisions:
        if type(decision) is Deny:
            denials.append(decision)
        elif type(decision) is not Allow:
            error = error or (decision if type(decision) is Error else _nonsense(decision))
    if denials:
        return min(denials, key=lambda denial: rank(denial.code))
    return error or ALLOW


def some(decisions: Iterable[Decision]) -> Decision:
    """Combine decisions of which one must allow; else an error counts before denials, and of these the easiest."""
    denials: list[Deny] = []
    error: Error | None = None
    for decision in decisions:
        if type(decision) is Allow:
            return ALLOW
        if type(decision) is Deny:
            denials.append(decision)
        else:
            error = error or (decision if type(decision) is Error else _nonsense(decision))
    if error is not None or not denials:
        return error or Error("there is nothing that could allow it")
    return max(denials, key=lambda denial: rank(denial.code))


def negated(decision: Decision, reason: str) -> Decision:
    """Turn a decision round; an error stays one."""
    if type(decision) is Allow:
        return Deny(reason)
    if type(decision) is Deny:
        return ALLOW
    return decision if type(decision) is Error else _nonsense(decision)


def _nonsense(decision: object) -> Error:
    return Error(f"answered {type(decision).__name__}, expected Allow, Deny or Error")
