"""From a configuration to a bus: load the plugins, register what they contribute, import the application's handlers."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugbus._contributions import check_contribution, subscription_of
from plugbus._default import slot
from plugbus._lifespans import Lifespan, Lifespans
from plugbus._registry import KINDS, Contribution
from plugbus.config import load_config
from plugbus.config.imports import absent_module
from plugbus.dispatcher import Dispatcher
from plugbus.errors import ConfigurationError, DefinitionError, PluginHookError
from plugbus.handlers import EventHandler, Subscription
from plugbus.hookspecs import Deadline
from plugbus.plugins.host import PluginHost


if TYPE_CHECKING:
    from plugbus.bus import EventBus
    from plugbus.config import Config
    from plugbus.plugins.host import Contributions

__all__ = ("assemble", "build_default", "check", "flush", "lifespans", "register")


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


def check(hook: str, value: Any) -> None:
    """
    Check one thing that a hook of a plugin contributes.

    Raises:
        DefinitionError: If it does not have the shape that is called.
    """
    if hook == "handlers":
        _subscription("", value)
    elif hook != "event_types":  # which names what is there already
        check_contribution(hook, value, None)


def register(contributions: Contributions, dispatcher: Dispatcher) -> None:
    """Register what plugins contribute, and `check` has let pass."""
    for plugin, value in contributions.handlers:
        dispatcher.add(_subscription(plugin, value))
    for kind in KINDS:
        for plugin, value in getattr(contributions, kind):
            dispatcher.extend(kind, Contribution(check_contribution(kind, value, None), value, plugin))


def _subscription(plugin: str, value: Any) -> Subscription:
    if isinstance(value, Subscription):
        return Subscription(value.what, value.handler, value.options, plugin)
    if isinstance(value, EventHandler):
        return subscription_of(value, None, {}, plugin)
    text = f"expected an EventHandler or a Subscription, got {_kind(value)}"
    if isinstance(value, type) and issubclass(value, EventHandler):
        text += "; put parentheses behind its name to make one"
    elif inspect.isroutine(value):
        text += f"; say what it listens to: Subscription(..., {value.__name__})"
    raise DefinitionError(text)


def _kind(value: object) -> str:
    if isinstance(value, type):
        return f"the class {value.__qualname__}"
    if inspect.isroutine(value):
        return f"the function {value.__name__}"
    return f"an object of type {type(value).__name__}"


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
                error.add_note(_naming(config, index))
                raise
            problems.append(absent_module(config, index))
            continue
        except Exception as error:
            error.add_note(_naming(config, index))
            raise
        if known:
            for declaration in slot.declared_by(name):
                declaration.subscribe(bus)
    if problems:
        raise ConfigurationError("Nothing was started.", problems)


def _naming(config: Config, index: int) -> str:
    """Say what makes a module be imported, for what it raises."""
    place = config.problem("", ("bus", "imports", index), mark="value")
    where = f" ({place.place or place.location})"
    return f"`imports` of [bus] names the module {config.bus.imports[index]}{where}"


class _Marks:
    """Takes back what a plugin contributed while it is left out because it could not be started."""

    def __init__(self, host: PluginHost, dispatcher: Dispatcher) -> None:
        self._host = host
        self._dispatcher = dispatcher

    def is_required(self, name: str) -> bool:
        return self._host.is_required(name)

    def mark(self, name: str, state: str, error: PluginHookError | None = None) -> None:
        self._host.mark(name, state, error)
        if state == "degraded":
            self._dispatcher.remove_plugin(name)
        elif state == "started":  # perhaps after it was left out of the start before
            self._dispatcher.put_back_plugin(name)


def lifespans(host: PluginHost, bus: EventBus) -> Lifespans | None:
    """Return what the plugins have open while the bus runs, None if that is nothing."""
    found: Sequence[Lifespan] = [Lifespan(name, manager) for name, manager in host.lifespans(bus)]
    for record in host.records:
        if record.state == "degraded":  # the hook itself failed, and nothing is there to be entered
            bus._dispatcher.remove_plugin(record.name)
        elif record.state == "ready":  # it failed before, and now there is nothing that has to be entered
            bus._dispatcher.put_back_plugin(record.name)
    return Lifespans(found, _Marks(host, bus._dispatcher)) if found else None


def flush(host: PluginHost, seconds: float) -> list[Exception]:
    """Call the plugins' `flush`; return what they raised."""
    return list(host.flush(Deadline.after(seconds)))
