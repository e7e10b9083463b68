"""
The error tree: one root, and one branch for each answer to "what now?".

`DefinitionError` and `ConfigurationError` are mended in the source or the TOML, `UsageError` at the call,
`BusOverloaded` by waiting, `DecodeError` where the data came from. A `Refusal` is no fault at all: somebody said no.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self


__all__ = (
    "BusClosed",
    "BusOverloaded",
    "ConfigurationError",
    "DecodeError",
    "DefinitionError",
    "DuplicateEventType",
    "EncodeError",
    "EventLoopError",
    "HandlerCancelled",
    "HandlerTimeout",
    "InvalidEventType",
    "InvalidHandler",
    "InvalidPattern",
    "LoopRunning",
    "MissingExtra",
    "NoEnvelope",
    "NotAnEvent",
    "OrderError",
    "PlugbusError",
    "PluginError",
    "PluginHookError",
    "Problem",
    "Refusal",
    "ServiceNotFound",
    "StreamOverflow",
    "UsageError",
)


class PlugbusError(Exception):
    """The root: everything that plugbus itself raises derives from it."""


class DefinitionError(PlugbusError, TypeError):
    """A class, name, pattern or handler cannot work as it is written."""


class InvalidEventType(DefinitionError):
    """An event type is not an `entity.action` name."""


class DuplicateEventType(DefinitionError):
    """Two classes claim one event type and version."""


class InvalidPattern(DefinitionError):
    """What a handler shall listen to is neither a class, nor an event type, nor a pattern."""


class InvalidHandler(DefinitionError):
    """A handler, middleware, interceptor or monitor does not have the shape that is called."""


class NotAnEvent(PlugbusError, TypeError):
    """What was given to `publish` is no event."""


class OrderError(PlugbusError, ValueError):
    """A `before` or `after` names nobody, more than one, or closes a cycle."""


class UsageError(PlugbusError, RuntimeError):
    """The right thing at the wrong place or time; the message names what to call instead."""


class BusClosed(UsageError):
    """The bus has been stopped and takes no more events."""


class LoopRunning(UsageError):
    """A blocking verb was called in a thread whose event loop is running."""


class NoEnvelope(UsageError):
    """An object that is no plugbus event was asked for its envelope outside of its publish."""


class BusOverloaded(PlugbusError, RuntimeError):
    """More work is pending than `max_pending` allows; try again later, or await what you publish."""


class StreamOverflow(PlugbusError, RuntimeError):
    """A stream's reader is slower than its events and `overflow="raise"` was asked for."""


class EventLoopError(PlugbusError, RecursionError):
    """Events cause each other in a circle: a chain of causes has become too deep."""


class HandlerTimeout(PlugbusError, TimeoutError):
    """A handler did not end within the `timeout` of its subscription."""


class HandlerCancelled(PlugbusError):
    """A handler was cancelled by itself or by what it awaited, while nobody cancelled the publisher."""


class Refusal(PlugbusError):
    """
    Somebody who may decide it said no: a guard, a quota, a policy.

    Derive from it in a plugin of your own. Where a handler raises one it counts as a failure, is logged as a warning
    without traceback, and is never published as `error.occurred`; where a middleware raises one, the publisher gets it.
    """


class EncodeError(PlugbusError, TypeError):
    """
    An event holds a value that has no JSON form.

    Args:
        message: Where, and why.
        value_type: The class of that value, with its module, if it is known.
    """

    def __init__(self, message: str, *, value_type: str | None = None) -> None:
        super().__init__(message)
        self.value_type = value_type


class DecodeError(PlugbusError, ValueError):
    """
    Data that should have been an event is none.

    Args:
        expected: What would have been right, in words.
        got: What came, shortened if it is long.
    """

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected = expected
        self.got = got

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.expected, self.got)


class ServiceNotFound(PlugbusError, LookupError):
    """No plugin offers a service of the type that was asked for."""


class MissingExtra(PlugbusError, ImportError):
    """An optional dependency is not installed; the message holds the line that installs it."""


class PluginError(PlugbusError):
    """
    A plugin could not be used.

    Args:
        message: What is wrong and what to do.
        plugin: The plugin's name.
        distribution: Its distribution and version, as in `plugbus-audit 0.1.0`; None if it came from no distribution.
        hook: The hook that was called, if one was.
    """

    def __init__(self, message: str, *, plugin: str, distribution: str | None = None, hook: str | None = None) -> None:
        super().__init__(message)
        self.plugin = plugin
        self.distribution = distribution
        self.hook = hook


class PluginHookError(PluginError):
    """A hook of a plugin raised, or returned what the hook's specification does not allow."""


class Problem(PlugbusError):
    """
    One thing that is wrong in the configuration or in a plugin, with the place and the remedy.

    `str()` is one line with place, problem and remedy; `report` is its block of the report, with the line of the file.

    Args:
        message: What was expected and what came, without a full stop at its end.
        hint: What to do about it, for example "Did you mean 'path'?".
        location: The dotted key, as in `plugins.audit.path`, or the environment variable's name.
        file: The file that holds it.
        line: Line in the file, counted from 1.
        column: Column in the line, counted from 1.
        source_line: The line itself.
        width: How many columns the caret marks.
        plugin: The plugin that it concerns.
        distribution: That plugin's distribution and version.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        location: str | None = None,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        source_line: str | None = None,
        width: int = 1,
        plugin: str | None = None,
        distribution: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location
        self.file = file
        self.line = line
        self.column = column
        self.source_line = source_line
        self.width = width
        self.plugin = plugin
        self.distribution = distribution

    @property
    def place(self) -> str:
        """`file:line:column` as far as it is known, else an empty string."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    @property
    def summary(self) -> str:
        """The problem in one line, for a log."""
        where = self.place or self.location
        return f"{where}: {self._sentence()}" if where else self._sentence()

    @property
    def report(self) -> str:
        """The problem as its group reports it: the place, the line of the file, a caret, what is wrong, what to do."""
        where = "  ".join(part for part in (self.place, self.location) if part)
        if not where:
            return self._sentence()
        return "\n".join([where, *self._excerpt(), f"  {self._sentence()}"])

    def __str__(self) -> str:
        # Python shows an uncaught group as its text and, below that, as the text of each member.
        return self.summary

    def _sentence(self) -> str:
        return f"{self.message.rstrip('.')}. {self.hint}" if self.hint else self.message

    def _excerpt(self) -> list[str]:
        if self.source_line is None or self.line is None or self.column is None:
            return []
        margin = f"{self.line:>5} | "
        # Tabs are kept, so that the caret stands under its text whatever a terminal makes of them.
        indent = "".join(char if char == "\t" else " " for char in self.source_line[: self.column - 1])
        return [margin + self.source_line, " " * len(margin) + indent + "^" * max(self.width, 1)]


class ConfigurationError(PlugbusError, ExceptionGroup[Exception]):
    """
    Every problem that one look at the configuration and the plugins has found. Nothing was started.

    An `ExceptionGroup`, so that `except* Problem` reaches each; `str()` is the whole report.
    """

    def derive(self, excs: Sequence[Exception]) -> ConfigurationError:  # type: ignore[override]
        """Return part of the group, for `except*`."""
        return ConfigurationError(self.message, excs)

    def __str__(self) -> str:
        count = len(self.exceptions)
        lines = [problem.report if isinstance(problem, Problem) else str(problem) for problem in self.exceptions]
        return "\n".join([*lines, f"{count} problem{'s' if count != 1 else ''}. {self.message}"])
