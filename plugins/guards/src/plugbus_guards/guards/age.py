"""Old enough."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import attrs

from plugbus.plugins import option
from plugbus_guards.asking import AskingGuard
from plugbus_guards.decision import ALLOW, Decision, Deny
from plugbus_guards.fields import MISSING


if TYPE_CHECKING:
    from plugbus_guards.context import GuardContext
    from plugbus_guards.principal import Principal

__all__ = ("AgeVerificationGuard", "birthday", "born_on")

_YEAR = re.compile(r"[12]\d{3}")


@attrs.frozen
class AgeVerificationGuard(AskingGuard):
    """
    Who acts has reached an age, by the claim `birthdate` (ISO 8601, as in OpenID Connect).

    A year alone counts as its 31 December. What day it is is looked up in the user's zone, the claim `zoneinfo`, else
    in UTC. In a region that is not known the highest of all ages holds.
    """

    name: ClassVar[str] = "age"
    code: ClassVar[str] = "age_restricted"

    minimum: int = option(18, help="years, where no region says otherwise", validator=attrs.validators.ge(0))
    regions: dict[str, int] = option(factory=dict, help="years by region, as in {US = 21, DE = 16}")
    region_claim: str = option("country", help="the claim that names the region")
    leap_day: Literal["march_1", "february_28"] = option(
        "march_1", help="when those born on 29 February have their birthday in other years"
    )

    def claimed(self, principal: Principal) -> Any:
        return principal.claims.get("birthdate", MISSING)

    def decide(self, value: Any, event: Any, principal: Principal, context: GuardContext) -> Decision:
        born = born_on(value)
        if born is None:
            return Deny("the birthdate is none", self.code)
        years = self.years(principal)
        today = context.now().astimezone(_zone_of(principal)).date()
        if birthday(born, years, self.leap_day) <= today:
            return ALLOW
        return Deny(f"{principal.id} is younger than {years}", self.code)

    def years(self, principal: Principal) -> int:
        """Return the age that is wanted of a principal."""
        region = principal.claims.get(self.region_claim)
        if not self.regions:
            return self.minimum
        known = {name.upper(): years for name, years in self.regions.items()}
        if isinstance(region, str) and region.upper() in known:
            return known[region.upper()]
        return max(self.minimum, *known.values())


def born_on(value: object) -> dt.date | None:
    """Return a day of birth, of a year alone its last day; None if it is none."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    if _YEAR.fullmatch(value):
        return dt.date(int(value), 12, 31)
    try:
        return dt.date.fromisoformat(value)
    except ValueError:
        return None


def birthday(born: dt.date, years: int, leap_day: str) -> dt.date:
    """Return the day on which somebody reaches an age; far beyond the calendar, its last day."""
    if born.year + years > dt.MAXYEAR:
        return dt.date.max
    try:
        return born.replace(year=born.year + years)
    except ValueError:  # born on 29 February
        return dt.date(born.year + years, *((3, 1) if leap_day == "march_1" else (2, 28)))


def _zone_of(principal: Principal) -> dt.tzinfo:
    name = principal.claims.get("zoneinfo")
    if isinstance(name, str):
        try:
            return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            pass  # not a zone: no reason to let somebody be older
    return dt.UTC
