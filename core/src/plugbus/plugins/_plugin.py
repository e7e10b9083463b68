"""The base class of plugins."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from plugbus.errors import DefinitionError


if TYPE_CHECKING:
    from plugbus.hookspecs import HookContext

__all__ = ("Plugin", "settings_class")

S = TypeVar("S")


class Plugin(Generic[S]):
    """
    Derive from it, once for each entry point: `class AuditPlugin(Plugin[AuditSettings])`.

    Implement hooks of `plugbus.hookspecs` as methods decorated with `hookimpl`. A plugin without settings derives from
    `Plugin[None]`. One object is made for each bus; its constructor must do no I/O and start nothing.

    Attributes:
        api: The generation of the hook contract that the plugin was written for. Every plugin states it.
        before: Names of plugins that should come after this one; `"*"` for all that do not want it otherwise. The
            configuration may say otherwise.
        after: Names of plugins that should come before this one, or `"*"`.
        publishes: Patterns of the event types that the plugin publishes itself, each marked with `own_event`.
        settings: What the configuration says for this plugin.
        context: The plugin's surroundings; `context.bus` is set before the first hook of a bus is called.
    """

    api: ClassVar[int]
    before: ClassVar[tuple[str, ...]] = ()
    after: ClassVar[tuple[str, ...]] = ()
    publishes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, settings: S, context: HookContext) -> None:
        self.settings = settings
        self.context = context


def settings_class(cls: type[Plugin[Any]]) -> type | None:
    """
    Return the settings class that a plugin class was derived with, None if it takes no settings.

    Raises:
        DefinitionError: If it is named by a string, which cannot be followed.
    """
    for base in cls.__mro__:
        for generic in base.__dict__.get("__orig_bases__", ()):
            origin = typing.get_origin(generic)
            if isinstance(origin, type) and issubclass(origin, Plugin):
                argument = typing.get_args(generic)[0]
                if isinstance(argument, str | typing.ForwardRef):
                    raise DefinitionError(f"write the settings class of {cls.__qualname__} before it, not in quotes")
                if not isinstance(argument, TypeVar):
                    return None if argument is type(None) else argument
    return None
