"""`examine` and `examine_live`: everything that can be found, in one report."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import attrs

from plugbus.bus import EventBus
from plugbus.config import Config
from plugbus.doctor import _handlers, _plugins, _surroundings
from plugbus.doctor.findings import Finding, Report
from plugbus.plugins.host import PluginHost
from plugbus.plugins.inspection import list_plugins
from plugbus.plugins.records import PluginRecord, PluginState
from plugbus.plugins.views import Check, check_plugins


__all__ = ("examine", "examine_live")


@attrs.frozen
class _Case:
    """What is examined; each part may be missing. The plugins are those of a bus, or what a look at them has found."""

    bus: EventBus | None
    plugins: PluginHost | Check | None
    config: Config | None
    error: Exception | None


def examine(
    bus: EventBus | None = None,
    host: PluginHost | None = None,
    config: Config | None = None,
    *,
    error: Exception | None = None,
    disabled: Collection[str] = (),
) -> Report:
    """
    Look at a bus, its plugins, its configuration and what is around it. Nothing is started.

    Args:
        bus: The bus, not necessarily started; None if it could not be built. Then handlers and events are not looked
            at, and the plugins are imported to see what is wrong with them.
        host: Its plugins; by default those of the bus.
        config: The configuration; by default that of the plugins. None if it could not be read.
        error: What kept the bus from being built or started, or the configuration from being read.
        disabled: Names of plugins that this call switches off.
    """
    case = _case(bus, host, config, error, disabled)
    return Report.of(_found(case), plugins=_records(case))


async def examine_live(
    bus: EventBus,
    host: PluginHost | None = None,
    config: Config | None = None,
    *,
    timeout: float = 5.0,
) -> Report:
    """
    Look at a bus that has been started, and ask its plugins how they are.

    Args:
        bus: The bus; the caller starts and stops it.
        host: Its plugins; by default those of the bus.
        config: The configuration; by default that of the plugins.
        timeout: Seconds for the answer of each plugin.
    """
    case = _case(bus, host, config, None, ())
    health = await case.plugins.health(bus, timeout=timeout) if isinstance(case.plugins, PluginHost) else {}
    return Report.of([*_found(case), *_plugins.answered(health)], health, _records(case))


def _case(
    bus: EventBus | None,
    host: PluginHost | None,
    config: Config | None,
    error: Exception | None,
    disabled: Collection[str],
) -> _Case:
    if host is None and bus is not None:
        host = bus._host
    if config is None and host is not None:
        config = host.config
    plugins: PluginHost | Check | None = host
    if plugins is None and config is not None:
        plugins = check_plugins(config, disabled=disabled)
    return _Case(bus, plugins, config, error)


def _records(case: _Case) -> tuple[PluginRecord, ...]:
    # Where no plugin is on, a bus has not looked at what is installed.
    records = (case.plugins.records if case.plugins is not None else ()) or list_plugins()
    failed = _plugins.failed(case.error)
    return tuple(
        attrs.evolve(record, state=PluginState.BROKEN) if record.state == "ready" and record.name in failed else record
        for record in records
    )


def _found(case: _Case) -> list[Finding]:
    import plugbus.catalog  # noqa: F401  (its classes are among those that may be listened to)

    found = [*_of_plugins(case), *_surroundings.python()]
    if case.bus is not None:
        found += _of_handlers(case.bus)
    if case.error is not None:
        found += _plugins.raised(case.error, found)
    return found


def _of_plugins(case: _Case) -> Iterator[Finding]:
    config, seen = case.config, case.plugins
    records = seen.records if seen is not None else ()
    yield from _surroundings.installed(records)
    yield from _surroundings.misplaced()
    if seen is None or config is None:
        return
    yield from _plugins.wrong(seen.problems)
    yield from _plugins.states(records)
    yield from _plugins.overruled(seen.arrangement)
    yield from _plugins.unmarked(seen.classes)
    yield from _plugins.unreachable(seen.classes)
    if isinstance(seen, PluginHost):
        yield from _plugins.observed(seen, case.bus)
    yield from _surroundings.environment(config.environ, records)
    if config.path is not None and config.path.exists():
        yield from _surroundings.file_of(config.path)
        yield from _surroundings.secrets(config.path, seen.settings)


def _of_handlers(bus: EventBus) -> Iterator[Finding]:
    subscriptions = bus.subscriptions()
    yield from _handlers.listeners(subscriptions)
    yield from _handlers.unheard(subscriptions)
    yield from _handlers.misfits(subscriptions)
    yield from _handlers.unordered(subscriptions)
    yield from _handlers.elsewhere(bus)
