"""The plugin: its hooks."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from plugbus.authority import Authority
from plugbus.errors import DefinitionError
from plugbus.logger import logger
from plugbus.plugins import Health, HookContext, Observation, Plugin, hookimpl
from plugbus_guards.enforcing import Enforcer, Own
from plugbus_guards.examining import observed
from plugbus_guards.reading import check_rules, read_rules
from plugbus_guards.recording import Recorder
from plugbus_guards.service import Guards, TrustedAuthority
from plugbus_guards.settings import GuardsSettings
from plugbus_guards.surroundings import Surroundings


if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    import click

    from plugbus import EventBus

__all__ = ("GuardsPlugin",)

# How often repeats of denials are looked at, in seconds: often enough for records of a minute each.
_LOOK_SECONDS = 10.0


class GuardsPlugin(Plugin[GuardsSettings]):
    """Decides whether events may be published or handled, and by whom."""

    api = 1
    before = ("*",)  # nothing acts on an event that may not happen
    publishes = ("audit.log",)

    def __init__(self, settings: GuardsSettings, context: HookContext) -> None:
        super().__init__(settings, context)
        check_rules(settings, context)
        self._surroundings = Surroundings(settings, context.folder)
        self._recorder: Recorder | None = None
        self._enforcer: Enforcer | None = None

    @hookimpl
    def middleware(self, context: HookContext) -> Iterable[Enforcer]:
        """Guard what is published."""
        return [self._enforcer_of(context)]

    @hookimpl
    def services(self, context: HookContext) -> Mapping[type, object]:
        """Offer `Guards`, and whom to ask in whose name events are published."""
        enforcer = self._enforcer_of(context)
        assert self._recorder is not None  # noqa: S101  (made with the enforcer)
        return {Guards: Guards(enforcer, self._surroundings, self._recorder), Authority: TrustedAuthority()}

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, context: HookContext) -> AsyncIterator[None]:
        """Look after files and records while the bus runs."""
        bus = context.bus
        assert bus is not None  # noqa: S101  (it runs)
        looking = asyncio.create_task(self._look(bus), name="plugbus-guards")
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await self._tell(bus, last=True)
            await asyncio.to_thread(self._surroundings.close)

    @hookimpl
    def health(self) -> Health:
        """Degraded while a policy's file is broken and the last good policy counts."""
        broken = [policy for policy in self._surroundings.made().get("policies", ()) if policy.problem]
        if broken:
            return Health("degraded", "; ".join(str(policy.problem) for policy in broken))
        return Health("ok")

    @hookimpl
    def examine(self, context: HookContext) -> Iterator[Observation]:
        """Say what about the rules an operator should know."""
        return observed(self._enforcer_of(context), self.settings, context)

    @hookimpl
    def commands(self) -> Iterable[click.Command]:
        """The commands `list`, `check`, `test` and `matrix`."""
        from plugbus_guards.cli import COMMANDS

        return COMMANDS

    def _enforcer_of(self, context: HookContext) -> Enforcer:
        if self._enforcer is None:
            bus = context.bus
            assert bus is not None  # noqa: S101  (a bus is set up, or looked at)
            rules = read_rules(self.settings, context, self._surroundings)
            if self.settings.tokens is not None:
                _check_tokens(self._surroundings, context)
            self._recorder = Recorder(bus, self._surroundings)
            self._enforcer = Enforcer(rules, self.settings.default, self._surroundings, self._recorder, _own_types(bus))
        return self._enforcer

    async def _look(self, bus: EventBus) -> None:
        passed = 0.0
        pause = min(self.settings.reload_every, _LOOK_SECONDS)
        while True:
            await asyncio.sleep(pause)
            passed += pause
            if passed >= _LOOK_SECONDS:
                passed = 0.0
                await self._tell(bus)
            try:
                await asyncio.to_thread(self._reload)
            except Exception:  # noqa: BLE001  (whatever reading raises: the next look may go well)
                logger.exception("the files of policies could not be looked at")

    def _reload(self) -> None:
        for policy in self._surroundings.made().get("policies", ()):
            policy.reload()

    async def _tell(self, bus: EventBus, *, last: bool = False) -> None:
        assert self._recorder is not None  # noqa: S101  (the bus has been set up)
        for event in self._recorder.due(all=last):
            try:
                await bus.publish(event)
            except Exception:  # noqa: BLE001  (the others are published all the same)
                logger.exception("the record of denials could not be published")


def _check_tokens(surroundings: Surroundings, context: HookContext) -> None:
    try:
        surroundings.tokens  # noqa: B018  (made here, so that what is wrong is told at the start)
    except DefinitionError as error:
        raise context.problem(str(error), "tokens", "jwks") from None


def _own_types(bus: EventBus) -> Own:
    """Return what tells whether a publisher publishes a type of events itself."""
    from plugbus.handlers import parse_pattern

    def is_own(publisher: str, event_type: str) -> bool:
        if publisher == "plugbus":
            return event_type in {"error.occurred", "service.shutdown"}
        publishes = next((record.publishes for record in bus.plugins if record.name == publisher), ())
        return any(parse_pattern(pattern).matches(event_type) for pattern in publishes)

    return is_own
