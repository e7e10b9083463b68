"""`EventBus`: the facade over dispatcher, engine and plugins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, cast

from plugbus._default import Declaration, slot
from plugbus._engine import Engine, State
from plugbus._kinds import kind_of, on_naming
from plugbus._publishing import Publishing
from plugbus._registering import Registering
from plugbus.dispatcher import Dispatcher
from plugbus.errors import DefinitionError, LoopRunning, ServiceNotFound
from plugbus.handlers import Handler, OptionKeywords, What, check_what
from plugbus.logger import logger, on_level_change


if TYPE_CHECKING:
    from pathlib import Path

    from plugbus._lifespans import Lifespans
    from plugbus.plugins.host import PluginHost
    from plugbus.plugins.records import PluginRecord

__all__ = ("EventBus", "on_event")

F = TypeVar("F", bound=Handler)
T = TypeVar("T")


class EventBus(Registering, Publishing):
    """
    A typed, async-first, in-process event bus.

    Args:
        source: Who raises the events of this bus, where they do not say so themselves.
        correlation: Whether events that are published while another is handled inherit its correlation.
        sequential: Await async handlers one by one instead of side by side.
        max_pending: The most publishes that `publish_soon` may have left to do.
        handle_sigterm: Flush the plugins when the process is told to end; only where SIGTERM has no handler yet.

    Raises:
        DefinitionError: If the source is no text, or no publish could ever be pending.
    """

    def __init__(
        self,
        *,
        source: str | None = None,
        correlation: bool = True,
        sequential: bool = False,
        max_pending: int = 10_000,
        handle_sigterm: bool = True,
    ) -> None:
        from plugbus._exit import on_fork

        if source is not None and not (isinstance(source, str) and source):
            raise DefinitionError(f"the source of a bus is a string that is not empty, got {source!r}")
        if not isinstance(max_pending, int) or max_pending < 1:
            raise DefinitionError(f"max_pending is a whole number from 1, got {max_pending!r}")
        self._handle_sigterm = handle_sigterm
        self._host: PluginHost | None = None
        self._services: Mapping[type, object] = {}
        self._blocks = 0
        self._engine = Engine(
            source=source,
            correlated=correlation,
            sequential=sequential,
            max_pending=max_pending,
            state_changed=self._state_changed,
            lifespans=self._make_lifespans,
            check=self._check_order,
        )
        self._dispatcher = Dispatcher(self._engine, self)
        self._route()
        on_level_change(self._dispatcher)
        on_naming(self._dispatcher)
        on_fork(self)

    def __repr__(self) -> str:
        source = f"source={self._engine.source!r}, " if self._engine.source else ""
        state = self._engine.state.name.lower()
        return f"<{type(self).__name__} {source}{state}, {len(self.subscriptions())} subscriptions>"

    # --- building

    @classmethod
    def from_config(
        cls, source: str | Path | Mapping[str, Any] | None = None, *, disabled: Collection[str] = ()
    ) -> Self:
        """
        Build a bus from a configuration, with its plugins set up.

        Args:
            source: The file, or its content as a mapping; None for `PLUGBUS_CONFIG`, `plugbus.toml` or `[tool.plugbus]`
                of `pyproject.toml` in the current folder, and without any of them a bus without plugins.
            disabled: Names of plugins to switch off.

        Raises:
            ConfigurationError: With every problem of the configuration and of the plugins.
        """
        from plugbus._assembly import assemble

        return cast(Self, assemble(cls, source, disabled))

    @classmethod
    def get_instance(cls) -> EventBus:
        """
        Return the default bus; the first call builds it from the configuration it finds.

        Raises:
            ConfigurationError: If that configuration has problems.
        """
        bus = slot.present()
        if bus is None:
            from plugbus._assembly import build_default

            build_default(cls)
            bus = slot.bus
        assert bus is not None  # noqa: S101  (built above)
        return bus

    @classmethod
    def reset(cls) -> None:
        """Forget the default bus with all that is registered on it, and what `on_event` holds ready. For tests."""
        slot.bus = None
        slot.queue.clear()

    @classmethod
    @contextmanager
    def override(cls, bus: EventBus) -> Iterator[EventBus]:
        """
        Make another bus the default one inside the block. For tests.

        Raises:
            DefinitionError: If it is no bus.
        """
        if not isinstance(bus, EventBus):
            raise DefinitionError(f"override() takes an EventBus, got {bus!r}")
        before, slot.bus = slot.bus, bus
        try:
            yield bus
        finally:
            slot.bus = before

    # --- looking

    @property
    def plugins(self) -> tuple[PluginRecord, ...]:
        """The plugins that were found, with the state of each."""
        return self._host.records if self._host is not None else ()

    def service(self, type: type[T], /) -> T:
        """
        Return the service of a type.

        Raises:
            ServiceNotFound: If no plugin offers one.
        """
        try:
            return self._services[type]  # type: ignore[return-value]
        except KeyError:
            wanted = getattr(type, "__name__", repr(type))
            known = ", ".join(sorted(offered.__name__ for offered in self._services)) or "none"
            raise ServiceNotFound(f"no plugin of this bus offers a {wanted}; offered: {known}") from None

    # --- life

    async def start(self) -> None:
        """
        Start: check the order of handlers, enter the plugins' lifespans on this loop.

        Without it the first publish does so, on a loop of the bus's own.

        Raises:
            OrderError: If handlers are ordered by names that nobody has.
            PluginError: If a required plugin cannot be started; what had been started is stopped again.
        """
        starting = self._engine.begin(asyncio.get_running_loop())
        if not starting.done():
            await asyncio.wrap_future(starting)
        starting.result()

    async def stop(self, timeout: float = 10.0, *, announce: bool = True) -> None:
        """
        Stop: take no more events, wait for handlers, then flush and leave the plugins in reverse order.

        What did not end in time is cut off and reported in the log.

        Args:
            timeout: Seconds for all of it.
            announce: Publish `service.shutdown` first, if anybody listens; a tool that is no service leaves it out.

        Raises:
            ExceptionGroup: Of what plugins raised while they were stopped.
        """
        from plugbus._exit import unwatch

        try:
            await self._engine.stop(timeout, self._announce if announce else _nothing, self._flush)
        finally:
            unwatch(self)

    def stop_sync(self, timeout: float = 10.0) -> None:
        """
        Stop from sync code; see `stop`.

        Raises:
            LoopRunning: If a loop is running in this thread.
        """
        if asyncio._get_running_loop() is not None:
            raise LoopRunning("stop_sync() would block the running loop: use `await bus.stop()`")
        loop = asyncio.new_event_loop()  # not asyncio.run, which takes away the thread's own loop
        try:
            loop.run_until_complete(self.stop(timeout))
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def drain(self, timeout: float | None = None) -> None:
        """
        Wait until everything that `publish_soon` has taken is done.

        Args:
            timeout: Seconds to wait at most; None for as long as it takes.

        Raises:
            TimeoutError: If it took longer.
        """
        async with asyncio.timeout(timeout):
            await self._engine.pending.settle()

    def flush(self, seconds: float = 5.0) -> None:
        """Have the plugins write what they hold, within so many seconds; what fails is logged."""
        for error in self._flush(seconds):
            logger.error("%s", error, exc_info=error)

    def _flush(self, seconds: float) -> list[Exception]:
        if self._host is None:
            return []
        from plugbus._assembly import flush

        return flush(self._host, seconds)

    def _finish(self, seconds: float) -> None:
        """Wait for what is pending, then flush: what happens at interpreter exit."""
        self._engine.finish(seconds)
        self.flush(seconds)

    def _renew(self) -> None:
        """Drop what a forked child does not have; the next publish starts the bus there."""
        self._engine.renew()
        self._dispatcher.renew()
        self._blocks = 0
        self._route()

    def _adopt(self, host: PluginHost) -> None:
        """Take in a configuration's plugins: register what they contribute."""
        from plugbus._assembly import check, register

        contributions = host.contributions(self, check)
        register(contributions, self._dispatcher)
        self._host, self._services = host, contributions.services

    def _state_changed(self) -> None:
        self._route()
        state = self._engine.state
        if self._host is not None and state in (State.RUNNING, State.CLOSED):
            self._host.mark_others("started" if state is State.RUNNING else "stopped")

    async def _announce(self) -> None:
        from plugbus._own import BUS, own_event
        from plugbus.catalog import ServiceShutdown

        if self._dispatcher.matching(ServiceShutdown, kind_of(ServiceShutdown)):
            shutdown = ServiceShutdown(service=self._engine.source or "plugbus", reason="the bus was stopped")
            event = own_event(shutdown, BUS)
            await self._dispatcher.publish_inside(event)

    def _check_order(self) -> None:
        from plugbus._order import check_names

        check_names(self.subscriptions())

    def _make_lifespans(self) -> Lifespans | None:
        from plugbus._exit import watch

        # With plugins there is something to flush when the program ends; without, at most something to wait for.
        watch(self, keep=self._host is not None, handle_sigterm=self._handle_sigterm and self._host is not None)
        if self._host is None:
            return None
        from plugbus._assembly import lifespans

        return lifespans(self._host, self)


async def _nothing() -> None:
    """Announce nothing."""


def on_event(*what: What, **options: Unpack[OptionKeywords]) -> Callable[[F], F]:
    """
    Subscribe the decorated function on the default bus, when there is one.

    At import nothing is built: the default bus takes its handlers when it is.

    Args:
        what: Classes of events and patterns of event types.
        options: As in `Options`.

    Raises:
        InvalidPattern: If `what` is neither class nor pattern.
        InvalidHandler: If the handler cannot be called with such events, or an option does not fit it.
    """
    check_what(what)

    def decorate(handler: F) -> F:
        from plugbus._contributions import subscription_of

        subscription_of(what, handler, dict(options))  # what is wrong is told here, not where the bus is built
        slot.declare(Declaration(handler.__module__, what, handler, dict(options)))
        return handler

    return decorate


slot.fill(EventBus.get_instance)
