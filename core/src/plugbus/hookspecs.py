"""
The hook contract, generation 1: what a plugin may implement, and what it is given.

All hooks are called while a bus is set up or torn down, never while an event is published. Each may leave out its
argument. They are plain functions unless it says otherwise; those that return an iterable may be generators.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import attrs
import pluggy

from plugbus.config import TableSource
from plugbus.errors import Problem


if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager

    import click

    from plugbus.bus import EventBus  # noqa: TC004  (a floor above: for type checkers only)
    from plugbus.handlers import EventHandler, Subscription
    from plugbus.middleware import AsyncInterceptor, Interceptor, Middleware, Monitor

__all__ = ("PROJECT", "SUPPORTED_API", "Deadline", "Health", "HookContext", "HookSpecs", "Observation", "hookimpl")

# The name under which pluggy keeps its marks.
PROJECT = "plugbus"
# The generations of the contract that this version of plugbus can serve.
SUPPORTED_API = frozenset({1})

F = TypeVar("F", bound=Callable[..., Any])

_hookspec = pluggy.HookspecMarker(PROJECT)
_hookimpl = pluggy.HookimplMarker(PROJECT)


def hookimpl(function: F) -> F:
    """Mark a method of a plugin as the implementation of the hook that has its name."""
    return _hookimpl(function)


@attrs.frozen
class HookContext:
    """
    What a plugin knows of its surroundings. Fields are only ever added within one generation of the contract.

    Args:
        plugin: The plugin's name.
        distribution: Its distribution and version, as in `plugbus-audit 0.1.0`; None if it came from none.
        folder: The configuration file's folder, else the current one.
        bus: The bus that is set up; None in the plugin's constructor, in `commands`, and where plugins are only
            inspected.
        order: The names of the plugins, in their order; empty in the constructor.
        table: The plugin's table in the configuration; None if there is no configuration.
    """

    plugin: str
    distribution: str | None
    folder: Path
    bus: EventBus | None = attrs.field(default=None, repr=False)
    order: tuple[str, ...] = ()
    table: TableSource | None = attrs.field(default=None, repr=False)

    def position(self, *keys: str | int) -> str | None:
        """
        Return where a setting of the plugin stands, as in `plugbus.toml:7`; None if it stands nowhere.

        Args:
            keys: The way to it within the plugin's table, as in `"rules", 0, "events"`.
        """
        return self.table.position(*keys) if self.table is not None else None

    def problem(
        self, message: str, *keys: str | int, mark: Literal["key", "value"] = "value", hint: str | None = None
    ) -> Problem:
        """
        Make a problem with a setting, to be raised in the constructor or in a hook that is called at set-up.

        It is shown in the one report, with the line of the file, and the plugin has bad settings. Several go into a
        `ConfigurationError`.

        Args:
            message: What is wrong.
            keys: The way to it within the plugin's table.
            mark: What the caret stands under: the key, or its value.
            hint: What to do.
        """
        if self.table is None:
            return Problem(message, hint=hint, plugin=self.plugin, distribution=self.distribution)
        return self.table.problem(message, *keys, mark=mark, hint=hint)


@attrs.frozen
class Observation:
    """
    Something about a plugin that an operator should know; `plugbus doctor` shows it.

    Args:
        message: What was found, without a full stop at its end.
        remedy: What to do; None if there is nothing.
        place: Where, as in `plugbus.toml:7`.
        severity: `"error"` does not work, `"warning"` works otherwise than somebody thinks, `"note"` is fine.
    """

    message: str
    remedy: str | None = None
    place: str | None = None
    severity: Literal["error", "warning", "note"] = attrs.field(
        default="warning", validator=attrs.validators.in_(("error", "warning", "note"))
    )


@attrs.frozen
class Deadline:
    """
    A point in time by which something has to be done.

    Args:
        at: Reading of the clock at which time is up.
        clock: Seconds from an arbitrary start, never going back.
    """

    at: float
    clock: Callable[[], float] = attrs.field(default=time.monotonic, repr=False)

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Deadline:
        """Make a deadline so many seconds from now."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds that are left, 0 when time is up."""
        return max(0.0, self.at - self.clock())


@attrs.frozen
class Health:
    """
    What a plugin says of itself.

    Args:
        status: `"ok"`; `"degraded"` if it works in part; `"failing"` if it does not.
        detail: Why, in a sentence for an operator.
    """

    status: Literal["ok", "degraded", "failing"] = attrs.field(
        validator=attrs.validators.in_(("ok", "degraded", "failing"))
    )
    detail: str = ""


class HookSpecs:
    """The hooks, one by one."""

    @_hookspec
    def event_types(self, context: HookContext) -> Iterable[type]:  # type: ignore[empty-body]
        """
        Name the event classes that the plugin defines.

        Returns:
            The classes.
        """

    @_hookspec
    def handlers(self, context: HookContext) -> Iterable[EventHandler | Subscription]:  # type: ignore[empty-body]
        """
        Contribute handlers.

        Returns:
            Handler objects, or subscriptions where one callable needs options of its own.
        """

    @_hookspec
    def middleware(self, context: HookContext) -> Iterable[Middleware]:  # type: ignore[empty-body]
        """
        Contribute middleware, which sees every event before its handlers.

        Returns:
            Callables `event -> event or None`; they run in the order of the plugins.
        """

    @_hookspec
    def interceptors(self, context: HookContext) -> Iterable[Interceptor | AsyncInterceptor]:  # type: ignore[empty-body]
        """
        Contribute interceptors, which wrap each call of a handler.

        Returns:
            Interceptors; that of the first plugin is outermost.
        """

    @_hookspec
    def monitors(self, context: HookContext) -> Iterable[Monitor]:  # type: ignore[empty-body]
        """
        Contribute monitors, which are told of what happened.

        Returns:
            The monitors.
        """

    @_hookspec
    def services(self, context: HookContext) -> Mapping[type, object]:  # type: ignore[empty-body]
        """
        Offer objects to other plugins and to the application, which ask for them by type.

        Returns:
            The objects by the type they are asked for. Two plugins may not offer the same type.
        """

    @_hookspec
    def lifespan(self, context: HookContext) -> AbstractAsyncContextManager[object]:  # type: ignore[empty-body]
        """
        Open what the plugin needs while the bus runs, and close it.

        Returns:
            An async context manager (decorate the method with `contextlib.asynccontextmanager`). It is entered at start
            in the order of the plugins and left at stop in reverse, both in one task on the bus's loop.
        """

    @_hookspec
    def flush(self, deadline: Deadline) -> None:
        """
        Write what is buffered, now: the bus stops, the interpreter ends, or SIGTERM has come.

        Called in reverse order of the plugins, maybe more than once, maybe without a running loop. It must start no
        thread, and should return before the deadline.
        """

    @_hookspec
    def health(self, context: HookContext) -> Health | Awaitable[Health]:  # type: ignore[empty-body]
        """
        Say how the plugin is. May be async.

        Returns:
            The health; what it raises counts as failing.
        """

    @_hookspec
    def examine(self, context: HookContext) -> Iterable[Observation]:  # type: ignore[empty-body]
        """
        Look for what an operator should know, without starting anything; called by `plugbus doctor`.

        Returns:
            What was found.
        """

    @_hookspec
    def commands(self, context: HookContext) -> Iterable[click.Command]:  # type: ignore[empty-body]
        """
        Contribute commands to the command line.

        Returns:
            Commands; each becomes `plugbus <plugin> <command>`. There is no bus in the context.
        """
