"""What all decisions of one bus share: clock, resolvers, flags, policies, windows."""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
from functools import cached_property
from typing import TYPE_CHECKING, Any

from plugbus.errors import DefinitionError
from plugbus.logger import logger
from plugbus_guards.decision import Error


if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from plugbus_guards.context import GuardContext
    from plugbus_guards.flags import Flags
    from plugbus_guards.guard import Guard
    from plugbus_guards.limits import Windows
    from plugbus_guards.policies import Policies
    from plugbus_guards.settings import GuardsSettings
    from plugbus_guards.tokens.verifier import TokenVerifier

__all__ = ("Surroundings", "load", "utc_now")


def utc_now() -> dt.datetime:
    """Return the time, aware."""
    return dt.datetime.now(dt.UTC)


class Surroundings:
    """
    What all decisions of one bus share.

    Args:
        settings: The plugin's settings; the defaults where guards are used without the plugin.
        folder: What relative paths are relative to.

    Attributes:
        clock: Tells the time, aware.
        timeout: Seconds that a guard which is awaited may take.
    """

    def __init__(self, settings: GuardsSettings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._resolvers: dict[str, Callable[..., Any]] = {}
        self.clock: Callable[[], dt.datetime] = utc_now
        self.timeout = settings.timeout

    def now(self) -> dt.datetime:
        """Return the time, by whatever clock is the one now."""
        return self.clock()

    @cached_property
    def flags(self) -> Flags:
        """The feature flags."""
        from plugbus_guards.flags import Flags

        return Flags(self._settings.flags)

    @cached_property
    def policies(self) -> Policies:
        """The policies that the configuration names."""
        from plugbus_guards.policies import Policies

        return Policies(self._settings.policies, self._settings.cedar)

    @cached_property
    def windows(self) -> Windows:
        """Where rates are counted."""
        from plugbus_guards.limits import open_windows

        return open_windows(self._settings.limits)

    @cached_property
    def tokens(self) -> TokenVerifier:
        """What makes principals of tokens; raises `DefinitionError` if the configuration does not say whose."""
        from plugbus_guards.tokens.verifier import TokenVerifier

        if self._settings.tokens is None:
            raise DefinitionError("no tokens are accepted: write [plugins.guards.tokens] into the configuration")
        return TokenVerifier(self._settings.tokens, self._folder, self.now)

    def resolver(self, name: str) -> Callable[..., Any]:
        """
        Return a resolver of the application; the first who asks imports its module.

        Args:
            name: Where it is, as `module:function`.

        Raises:
            DefinitionError: If it is not there, or cannot be called.
        """
        if name not in self._resolvers:
            found = load(name)
            if not callable(found):
                raise DefinitionError(f"resolver {name} is {type(found).__name__}, expected a function")
            self._resolvers[name] = found
        return self._resolvers[name]

    def is_async(self, name: str) -> bool:
        """Tell whether a resolver is async."""
        return inspect.iscoroutinefunction(self.resolver(name))

    def failed(self, guard: Guard, error: Exception, context: GuardContext) -> Error:
        """Log what a guard has raised, and return the decision that it is."""
        logger.error("guard %s failed while it decided on %s", guard, context.event_type, exc_info=error)
        return Error(f"guard {guard} raised {type(error).__name__}")

    def made(self) -> Mapping[str, Any]:
        """Return what has been made so far of flags, policies and windows, by name."""
        return {name: vars(self)[name] for name in ("flags", "policies", "windows") if name in vars(self)}

    def close(self) -> None:
        """Close what is open."""
        for one in self.made().values():
            one.close()


def load(name: str) -> Any:
    """
    Import what `module:attribute` names.

    Raises:
        DefinitionError: If there is no such thing.
    """
    module, colon, attribute = name.partition(":") if isinstance(name, str) else ("", "", "")
    if not (module and colon and attribute):
        raise DefinitionError(f"{name!r} names nothing: expected module:attribute, as in shop.auth:subscription_of")
    try:
        found: Any = importlib.import_module(module)
    except ImportError as error:
        raise DefinitionError(f"{name} cannot be imported: {error}") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise DefinitionError(f"module {module} has no {attribute!r}") from None
    return found
