"""Feature flags through OpenFeature: a provider for each bus, without one those of a file of flagd."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plugbus.errors import DefinitionError
from plugbus_guards.locking import ForkLock


if TYPE_CHECKING:
    from pathlib import Path

    from openfeature.client import OpenFeatureClient
    from openfeature.provider import AbstractProvider

    from plugbus_guards.principal import Principal

__all__ = ("Flags", "read_flags")


class Flags:
    """
    The feature flags of one bus.

    Args:
        path: A file of flagd's; None for no flags, which are all off.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = ForkLock()
        self._client: OpenFeatureClient | None = None

    @property
    def _domain(self) -> str:
        return f"plugbus-guards-{id(self):x}"

    def use(self, provider: AbstractProvider) -> None:
        """Take another provider of OpenFeature's from now on."""
        from openfeature import api

        with self._lock.held:
            api.set_provider_and_wait(provider, self._domain)
            self._client = api.get_client(self._domain)

    def open(self) -> OpenFeatureClient:
        """
        Return the client; the first who asks reads the file.

        Raises:
            DefinitionError: If the file is none of flags, or needs what is not installed.
        """
        if self._client is None:
            self.use(read_flags(self._path))
        assert self._client is not None  # noqa: S101  (made above)
        return self._client

    def is_on(self, flag: str, principal: Principal) -> tuple[bool, str]:
        """
        Return whether a flag is on for somebody, and why not.

        Only a clean evaluation counts: an unknown flag, a default after an error, and what is no boolean are off.
        """
        from openfeature.evaluation_context import EvaluationContext

        attributes: dict[str, Any] = {
            name: value
            for name, value in principal.claims.items()
            if isinstance(value, str | int | float | bool) and not name.startswith("_")
        }
        attributes |= {"roles": sorted(principal.roles), "kind": principal.kind}
        context = EvaluationContext(principal.id, attributes)
        details = self.open().get_boolean_details(flag, default_value=False, evaluation_context=context)
        if details.error_code is not None:
            return False, f"flag {flag} cannot be evaluated: {details.error_code}"
        if details.value is not True:
            return False, f"flag {flag} is off"
        return True, ""

    def close(self) -> None:
        """Let go of the provider."""
        if self._client is not None:
            from openfeature import api
            from openfeature.provider.no_op_provider import NoOpProvider

            api.set_provider(NoOpProvider(), self._domain)
            self._client = None


def read_flags(path: Path | None) -> AbstractProvider:
    """
    Read a file of flags in the form of flagd.

    Args:
        path: The file; None for none.

    Raises:
        DefinitionError: If it cannot be read, has not the form, or has targeting and the extra `flagd` is missing.
    """
    flags: Mapping[str, Any] = {}
    document: dict[str, Any] = {"flags": {}}
    if path is not None:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            flags = document["flags"]
            for name, flag in flags.items():
                if flag["state"] not in ("ENABLED", "DISABLED") or not isinstance(flag["variants"], Mapping):
                    raise DefinitionError(f"{path}: flag {name} has neither state ENABLED nor DISABLED, or no variants")
        except OSError as error:
            raise DefinitionError(f"the flags in {path} cannot be read: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DefinitionError(f"{path} is no file of flags for flagd: {type(error).__name__}: {error}") from None
    targeted = next((name for name, flag in flags.items() if flag.get("targeting")), None)
    if targeted is None:
        from plugbus_guards.flags.file import FileProvider

        return FileProvider(flags)
    try:
        from plugbus_guards.flags.targeting import TargetingProvider
    except ImportError:
        raise DefinitionError(
            f'flag {targeted} in {path} has targeting, which needs an extra: pip install "plugbus-guards[flagd]"'
        ) from None
    return TargetingProvider(document)
