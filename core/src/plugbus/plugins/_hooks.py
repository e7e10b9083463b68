"""pluggy at set-up: which methods of a plugin are hooks, whether they fit, and calling them one at a time."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pluggy

from plugbus._suggest import did_you_mean, nearest
from plugbus.config import Owner, without
from plugbus.errors import ConfigurationError, PluginHookError, Problem
from plugbus.hookspecs import PROJECT, HookSpecs, Observation


if TYPE_CHECKING:
    from plugbus.plugins._plugin import Plugin

__all__ = (
    "HOOKS",
    "SET_UP",
    "Hooks",
    "commands_of",
    "faults_of_hooks",
    "hooks_of",
    "items_of",
    "lifespan_of",
    "near_misses",
    "nothing_of",
    "observations_of",
    "services_of",
)


def _argument(hook: Callable[..., object]) -> str:
    return list(inspect.signature(hook).parameters)[1]


# Each hook, and the name of the argument that it may take.
HOOKS: Mapping[str, str] = MappingProxyType(
    {name: _argument(hook) for name, hook in vars(HookSpecs).items() if not name.startswith("_")}
)


# The hooks that are called while a bus is built, and may find that settings are wrong.
SET_UP = ("event_types", "handlers", "middleware", "interceptors", "monitors", "services")


class _Manager(pluggy.PluginManager):
    """A method that has a hook's name is its implementation, decorated or not."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> Any:
        # Looked up without touching the instance: a property of a plugin is not called for this.
        if name not in HOOKS or _function(inspect.getattr_static(type(plugin), name, None)) is None:
            return None
        return super().parse_hookimpl_opts(plugin, name) or {
            "wrapper": False, "hookwrapper": False, "optionalhook": False,
            "tryfirst": False, "trylast": False, "specname": None,
        }  # fmt: skip


class Hooks:
    """The hook implementations of one bus's plugins."""

    def __init__(self) -> None:
        self._manager = _Manager(PROJECT)
        self._manager.add_hookspecs(HookSpecs)
        self._owners: dict[str, Owner] = {}
        self._secrets: dict[str, frozenset[str]] = {}

    def register(self, name: str, plugin: Plugin[Any], owner: Owner, secrets: frozenset[str]) -> None:
        """
        Take in the hooks of a plugin, which `faults_of_hooks` has found to fit.

        Args:
            name: The plugin's name.
            plugin: The plugin.
            owner: The plugin, for messages.
            secrets: What must not be in a message.
        """
        self._manager.register(plugin, name)
        self._owners[name] = owner
        self._secrets[name] = secrets

    def implements(self, name: str, hook: str) -> bool:
        """Tell whether a plugin implements a hook."""
        return self._find(name, hook) is not None

    def call(self, name: str, hook: str, argument: object, read: Callable[[Any], Any]) -> Any:
        """
        Call one plugin's hook, if it has it.

        Args:
            name: The plugin.
            hook: The hook.
            argument: The one thing that the hook may take.
            read: Makes of what was returned what is wanted, or raises. Generators run inside of it.

        Returns:
            What `read` makes; of None, if the plugin does not implement the hook.

        Raises:
            PluginHookError: If the hook raises, or returns something else than it should.
            Problem: As a hook that is called at set-up has raised it.
            ConfigurationError: Several of them.
        """
        function = self._find(name, hook)
        if function is None:
            return read(None)
        try:
            result = function(**{HOOKS[hook]: argument}) if _takes(function, HOOKS[hook]) else function()
            return read(result)
        except _Unexpected as error:
            raise self.error(name, hook, str(error)) from None
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            if hook in SET_UP and isinstance(error, Problem | ConfigurationError):
                raise  # made by `context.problem`, which names the place and the plugin
            failure = self.failure(name, hook, error)
            raise failure from failure.__cause__

    def failure(self, name: str, hook: str, error: BaseException) -> PluginHookError:
        """Make the error that says what a hook raised, without the plugin's secrets."""
        text = f"raised {type(error).__name__}: {error}" if str(error) else f"raised {type(error).__name__}"
        shown = without(text, self._secrets[name])
        failure = self.error(name, hook, shown)
        # A traceback would show the secret that the message is cleared of.
        failure.__cause__ = error if shown == text else None
        return failure

    def error(self, name: str, hook: str, what: str) -> PluginHookError:
        """Make the error that names hook, plugin and distribution."""
        owner = self._owners[name]
        return PluginHookError(
            f"hook {hook!r} of {owner.text} {what}", plugin=name, hook=hook, distribution=owner.distribution
        )

    def _find(self, name: str, hook: str) -> Callable[..., Any] | None:
        caller = getattr(self._manager.hook, hook)
        return next((impl.function for impl in caller.get_hookimpls() if impl.plugin_name == name), None)


def hooks_of(cls: type) -> tuple[str, ...]:
    """Return the hooks that a plugin class implements, in the order of the contract."""
    return tuple(name for name in HOOKS if _function(inspect.getattr_static(cls, name, None)) is not None)


def faults_of_hooks(cls: type) -> Iterator[tuple[str, str | None]]:
    """Find what is wrong with the hooks of a plugin class: pairs of message and hint."""
    for name in dir(cls):
        found = inspect.getattr_static(cls, name)
        function = _function(found)
        if function is None:
            if name in HOOKS:
                yield f"{name!r} is the name of a hook, but no method here", None
            continue
        options = _options(found)
        if name in HOOKS:
            yield from _faults_of_one(name, function, options, bound=not isinstance(found, staticmethod))
        elif options is not None:
            hint = did_you_mean(name, HOOKS) or f"The hooks are {', '.join(sorted(HOOKS))}"
            yield f"there is no hook {name!r}", hint


def near_misses(cls: type) -> Iterator[tuple[str, str]]:
    """Find methods without `hookimpl` whose names are nearly those of hooks that the class does not implement."""
    missing = set(HOOKS) - set(hooks_of(cls))
    for name in dir(cls):
        found = inspect.getattr_static(cls, name)
        if name.startswith("_") or name in HOOKS or _function(found) is None or _options(found) is not None:
            continue
        meant = nearest(name, missing, likeness=0.85)
        if meant is not None:
            yield name, meant


def items_of(result: Any) -> tuple[Any, ...]:
    """Read what a hook returned that contributes things; runs a generator to its end."""
    if result is None:
        return ()
    if isinstance(result, str | bytes | Mapping) or not isinstance(result, Iterable):
        raise _unexpected(result, "an iterable")
    return tuple(result)


def services_of(result: Any) -> dict[type, object]:
    """Read what the hook `services` returned."""
    if result is None:
        return {}
    if not isinstance(result, Mapping) or not all(isinstance(key, type) for key in result):
        raise _unexpected(result, "a mapping from types to objects")
    return dict(result)


def commands_of(result: Any) -> tuple[Any, ...]:
    """Read what the hook `commands` returned."""
    import click

    commands = items_of(result)
    for command in commands:
        if not isinstance(command, click.Command):
            raise _Unexpected(f"yields {type(command).__name__}, expected commands of click")
        if not command.name:
            raise _Unexpected("yields a command without a name")
    names = [command.name for command in commands]
    for name in names:
        if names.count(name) > 1:
            raise _Unexpected(f"yields more than one command {name!r}")
    return commands


def observations_of(result: Any) -> tuple[Observation, ...]:
    """Read what the hook `examine` returned."""
    found = items_of(result)
    for one in found:
        if not isinstance(one, Observation):
            raise _Unexpected(f"yields {type(one).__name__}, expected Observation")
    return found


def lifespan_of(result: Any) -> Any:
    """Read what the hook `lifespan` returned."""
    if result is None or (hasattr(result, "__aenter__") and hasattr(result, "__aexit__")):
        return result
    raise _unexpected(result, "an async context manager")


def nothing_of(result: Any) -> None:
    """Read what a hook returned that returns nothing; only a coroutine would mean that nothing was done."""
    if isinstance(result, Coroutine):
        raise _unexpected(result, "None")


class _Unexpected(TypeError):
    """A hook returned something else than it should."""


def _unexpected(result: object, expected: str) -> _Unexpected:
    if isinstance(result, Coroutine):
        result.close()  # or it would be warned of as never awaited, beside the error
    return _Unexpected(f"returned {type(result).__name__}, expected {expected}")


def _function(found: object) -> Callable[..., Any] | None:
    if isinstance(found, staticmethod | classmethod):
        return found.__func__
    return found if inspect.isroutine(found) else None


def _options(found: object) -> Mapping[str, object] | None:
    """Return what `hookimpl` has noted on a method, None if it is not decorated."""
    options: Mapping[str, object] | None = getattr(found, f"{PROJECT}_impl", None)
    return options or getattr(_function(found), f"{PROJECT}_impl", None)


def _takes(function: Callable[..., Any], argument: str) -> bool:
    parameters = inspect.signature(function).parameters
    return argument in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def _faults_of_one(
    name: str, function: Callable[..., Any], options: Mapping[str, object] | None, *, bound: bool
) -> Iterator[tuple[str, str | None]]:
    if options and any(options.values()):
        used = ", ".join(sorted(key for key, value in options.items() if value))
        yield f"hook {name!r} uses pluggy's {used}", "Use plugbus.plugins.hookimpl, which takes no options"
    if inspect.isasyncgenfunction(function):
        hint = "Decorate it with contextlib.asynccontextmanager" if name == "lifespan" else None
        yield f"hook {name!r} is an async generator", hint or "Write `def`, not `async def`"
    elif inspect.iscoroutinefunction(function) and name != "health":
        yield f"hook {name!r} is async, but must be a plain function", "Write `def`, not `async def`"
    parameters = list(inspect.signature(function).parameters.values())
    if bound and not parameters:
        yield f"hook {name!r} does not take self", None
    for one in parameters[1:] if bound else parameters:
        needed = one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and one.default is one.empty
        if needed and (one.name != HOOKS[name] or one.kind is one.POSITIONAL_ONLY):
            yield f"hook {name!r} takes {one.name!r}, but may take {HOOKS[name]!r} only, by name", None
