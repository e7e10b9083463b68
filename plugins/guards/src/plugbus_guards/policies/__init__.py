"""The policies that the configuration names, by Casbin and by Cedar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugbus.errors import DefinitionError


if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from plugbus_guards.policies.casbin import CasbinPolicy
    from plugbus_guards.policies.cedar import CedarPolicy
    from plugbus_guards.settings import CedarSettings, PolicySettings

__all__ = ("Policies",)


class Policies:
    """
    The policies of one bus; each is read when it is first asked for.

    Args:
        casbin: The settings of those of Casbin, by name.
        cedar: The settings of those of Cedar, by name.
    """

    def __init__(self, casbin: Mapping[str, PolicySettings], cedar: Mapping[str, CedarSettings]) -> None:
        self._casbin_settings = casbin
        self._cedar_settings = cedar
        self._casbin: dict[str, CasbinPolicy] = {}
        self._cedar: dict[str, CedarPolicy] = {}

    def casbin(self, name: str) -> CasbinPolicy:
        """
        Return a policy of Casbin.

        Raises:
            DefinitionError: If there is none of that name, or it cannot be read.
        """
        if name not in self._casbin:
            from plugbus_guards.policies.casbin import CasbinPolicy

            if name not in self._casbin_settings:
                raise _unknown("policies", name, self._casbin_settings)
            settings = self._casbin_settings[name]
            self._casbin[name] = CasbinPolicy(name, settings.model, settings.policy)
        return self._casbin[name]

    def cedar(self, name: str) -> CedarPolicy:
        """
        Return a policy of Cedar.

        Raises:
            DefinitionError: If there is none of that name, it cannot be read, or the extra is missing.
        """
        if name not in self._cedar:
            from plugbus_guards.policies.cedar import CedarPolicy

            if name not in self._cedar_settings:
                raise _unknown("cedar", name, self._cedar_settings)
            settings = self._cedar_settings[name]
            self._cedar[name] = CedarPolicy(name, settings.policies, settings.schema, settings.entities)
        return self._cedar[name]

    def __iter__(self) -> Iterator[CasbinPolicy | CedarPolicy]:
        """Iterate over those that have been read."""
        yield from list(self._casbin.values())
        yield from list(self._cedar.values())

    def close(self) -> None:
        """Nothing is open."""


def _unknown(table: str, name: str, known: Mapping[str, object]) -> DefinitionError:
    there = f"there are {', '.join(sorted(known))}" if known else "there is none"
    return DefinitionError(f"there is no policy {name!r} in [plugins.guards.{table}]; {there}")
