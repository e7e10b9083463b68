"""From a configuration to a bus: load the plugins, register what they contribute, import the application's handlers."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugbus._contributions import check_contribution, subscription_of
from plugbus._default import slot
from plugbus._lifespans import Lifespan, Lifespans
from plugbus.config import load_config
from plugbus.dispatcher import Contribution, Dispatcher, Kind
from plugbus.errors import ConfigurationError, DefinitionError, PluginHookError
from plugbus.handlers import EventHandler, Subscription
from plugbus.hookspecs import Deadline
from plugbus.plugins.host import PluginHost


if TYPE_CHECKING:
    from plugbus.bus import EventBus
    from plugbus.config import Config
    from plugbus.plugins.host import Contributions

__all__ = ("assemble", "build_default", "flush", "lifespans", "register")


def assemble(cls: type[EventBus], source: str | Path | Mapping[str, Any] | None, disabled: Collection[str]) -> EventBus:
    """Build a bus; see `EventBus.from_config`."""
    config = load_config(source)
    host = PluginHost.load(config, disabled=disabled)
    settings = config.bus
    bus = cls(
        source=settings.source,
        correlation=settings.correlation,
        sequential=settings.sequential,
        max_pending=settings.max_pending,
        handle_sigterm=settings.handle_sigterm,
    )
    bus._adopt(host)
    _import_all(bus, config)
    return bus


def build_default(cls: type[EventBus]) -> None:
    """Build the default bus, once, and give it the handlers that wait for it before anybody else gets it."""
    with slot.lock:
        if slot.bus is not None:
            return
        bus = cls.from_config()
        for declaration in slot.queue:
            declaration.subscribe(bus)
        slot.queue.clear()
        slot.bus = bus


def register(contributions: Contributions, dispatcher: Dispatcher) -> None:
    """
    Register what plugins contribute.

    Raises:
        ConfigurationError: With every contribution that does not have the shape that is called.
    """
    errors: list[Exception] = []
    for plugin, value in contributions.handlers:
        with _attributed(plugin, "handlers", errors):
            dispatcher.add(_subscription(plugin, value))
    kinds: tuple[Kind, ...] = ("middleware", "interceptors", "monitors")
    for kind in kinds:
        for plugin, value in getattr(contributions, kind):
            with _attributed(plugin, kind, errors):
                dispatcher.extend(kind, Contribution(check_contribution(kind, value, None), value, plugin))
    if errors:
        raise ConfigurationError("Nothing was started.", errors)


def _subscription(plugin: str, value: Any) -> Subscription:
    if isinstance(value, Subscription):
        return Subscription(value.what, value.handler, value.options, plugin)
    if isinstance(value, EventHandler):
        return subscription_of(value, None, {}, plugin)
    raise DefinitionError(f"it yields {type(value).__name__}, expected EventHandler or Subscription")


@contextmanager
def _attributed(plugin: str, hook: str, errors: list[Exception]) -> Iterator[None]:
    """Collect what is wrong with a contribution under its plugin's name."""
    try:
        yield
    except DefinitionError as error:
        wrapped = PluginHookError(f"plugin {plugin}, hook {hook!r}: {error}", plugin=plugin, hook=hook)
        wrapped.__cause__ = error
        errors.append(wrapped)


def _import_all(bus: EventBus, config: Config) -> None:
    """Import the modules of `[bus] imports`; what they declare with `on_event` is subscribed on this bus."""
    problems: list[Exception] = []
    for index, name in enumerate(config.bus.imports):
        known = name in sys.modules
        try:
            with slot.importing_for(bus):
                importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise
            hint = "Is it installed, or the program started from the folder that holds it?"
            where = ("bus", "imports", index)
            problems.append(config.problem(f"cannot import module {name!r}", where, mark="value", hint=hint))
            continue
        if known:
            for declaration in slot.declared_by(name):
                declaration.subscribe(bus)
    if problems:
        raise ConfigurationError("Nothing was started.", problems)


class _Marks:
    """Takes back what a plugin contributed, when it is left out because it could not be started."""

    def __init__(self, host: PluginHost, dispatcher: Dispatcher) -> None:
        self._host = host
        self._dispatcher = dispatcher

    def is_required(self, name: str) -> bool:
        return self._host.is_required(name)

    def mark(self, name: str, state: str) -> None:
        self._host.mark(name, state)
        if state == "degraded":
            self._dispatcher.remove_plugin(name)


def lifespans(host: PluginHost, bus: EventBus) -> Lifespans | None:
    """Return what the plugins have open while the bus runs, None if that is nothing."""
    found: Sequence[Lifespan] = [Lifespan(name, manager) for name, manager in host.lifespans(bus)]
    return Lifespans(found, _Marks(host, bus._dispatcher)) if found else None


def flush(host: PluginHost, seconds: float) -> list[Exception]:
    """Call the plugins' `flush`; return what they raised."""
    return list(host.flush(Deadline.after(seconds)))
