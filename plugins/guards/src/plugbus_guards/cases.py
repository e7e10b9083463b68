"""Tests of policies, written in TOML: an event, who publishes it, and what is expected."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from plugbus.codec import decode
from plugbus.errors import DecodeError, UsageError
from plugbus_guards.explaining import Explanation
from plugbus_guards.principal import ANONYMOUS, Principal, as_system, principal_of


if TYPE_CHECKING:
    from pathlib import Path

    from plugbus_guards.service import Guards

__all__ = ("Case", "Outcome", "read_cases", "run_case")

_KEYS = ("name", "event", "as", "expect", "code", "at")


@attrs.frozen
class Case:
    """
    One case.

    Args:
        name: What it says.
        event: The event.
        principal: Who publishes it.
        expect: `"allow"` or `"deny"`.
        code: The code of the denial that is expected; None for any.
        at: When, None for now.
    """

    name: str
    event: Any
    principal: Principal
    expect: str
    code: str | None
    at: dt.datetime | None


@attrs.frozen
class Outcome:
    """
    What came of a case.

    Args:
        case: The case.
        explanation: Whether the event may be published, and why.
    """

    case: Case
    explanation: Explanation

    @property
    def problem(self) -> str | None:
        """What is otherwise than expected, None if nothing."""
        found = self.explanation
        if found.allowed:
            return None if self.case.expect == "allow" else "it is allowed"
        code = found.error.code if found.error is not None else "blocked"
        why = found.error.reason if found.error is not None else "a rule blocks it without a word"
        if self.case.expect == "allow":
            return f"it is denied ({code}): {why}"
        if self.case.code is not None and code != self.case.code:
            return f"it is denied with the code {code}, not {self.case.code}: {why}"
        return None


def read_cases(path: Path) -> list[Case]:
    """
    Read cases.

    Args:
        path: A TOML file with `[[cases]]`.

    Raises:
        UsageError: If it cannot be read, or a case is none; the case is named.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    cases = document.get("cases")
    if set(document) != {"cases"} or not isinstance(cases, list) or not cases:
        raise UsageError(f"{path} should hold [[cases]] with one at least, and nothing else")
    return [_case(f"{path}: case {number}", case) for number, case in enumerate(cases, 1)]


async def run_case(guards: Guards, case: Case) -> Outcome:
    """Decide a case, at its time."""
    if case.at is None:
        return Outcome(case, await guards.explain(case.event, case.principal))
    at, before = case.at, guards.surroundings.clock
    guards.use_clock(lambda: at)
    try:
        return Outcome(case, await guards.explain(case.event, case.principal))
    finally:
        guards.use_clock(before)


def _case(where: str, table: object) -> Case:
    if not isinstance(table, Mapping):
        raise UsageError(f"{where} is no table")
    where = f"{where} ({table['name']})" if isinstance(table.get("name"), str) else where
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise UsageError(f"{where} has an unknown key {unknown[0]!r}; there are {', '.join(_KEYS)}")
    if table.get("expect") not in ("allow", "deny"):
        raise UsageError(f'{where} should expect "allow" or "deny"')
    at = table.get("at")
    if at is not None and not (isinstance(at, dt.datetime) and at.tzinfo is not None):
        raise UsageError(f"{where}: at is a time with its zone, as in 2026-11-26T12:00:00Z")
    try:
        event = decode(table["event"]) if isinstance(table.get("event"), Mapping) else None
    except DecodeError as error:
        raise UsageError(f"{where}: event: {error}") from None
    if event is None:
        raise UsageError(f"{where} has no event")
    return Case(
        name=str(table.get("name", where)),
        event=event,
        principal=_principal(where, table.get("as")),
        expect=str(table["expect"]),
        code=table.get("code"),
        at=at,
    )


def _principal(where: str, described: object) -> Principal:
    if described is None or described == "anonymous":
        return ANONYMOUS
    if described == "system":
        with as_system("a test of policies") as system:
            return system
    try:
        return principal_of(described)  # type: ignore[arg-type]  # it says what is wrong with it
    except UsageError as error:
        raise UsageError(f"{where}: as: {error}") from None
