"""That plugins which are installed and off cost nothing."""

from __future__ import annotations

import attrs

from cases.events import EVENT, BenchmarkRun
from harness.case import Setting, limits
from harness.handlers import Kit
from harness.outcome import OWN, Figure, Row, Table
from harness.rounds import Sample, take_turns
from harness.statement import timed
from plugbus import EventBus
from plugbus.plugins.discovery import discover


HANDLERS = 10


def first_party() -> list[str]:
    """Return the names of our plugins that are installed."""
    return [found.name for found in discover() if found.distribution.startswith("plugbus-")]


@attrs.frozen
class PluginsOff:
    """A publish on a bus whose configuration switches all of them off, to one on a bare bus."""

    name: str = "plugins-off"
    title: str = "all first-party plugins installed but off, 10 sync handlers"

    def measure(self, setting: Setting) -> Table:
        """Time it, with correlation as a configuration leaves it: on."""
        names = first_party()
        off = EventBus.from_config({"plugins": {name: {"enabled": False} for name in names}})
        bare, with_plugins = [self._sample(bus, setting) for bus in (EventBus(), off)]
        take_turns([(bare, with_plugins)], setting.rounds * 2, setting.sample)
        base, own = bare.timing, with_plugins.timing
        row = Row(
            ", ".join(names) or "no plugin is installed",
            {OWN: Figure(own.least / base.least, own.least / 1000, own.median / 1000)},
            Figure(1.0, base.least / 1000, base.median / 1000),
            limits((1.02, 1.0)),
        )
        return Table(self.name, self.title, "the same on a bus without a configuration", [row])

    @staticmethod
    def _sample(bus: EventBus, setting: Setting) -> Sample:
        for handler in Kit().called(HANDLERS):
            bus.subscribe(BenchmarkRun, handler)
        return Sample(timed("publish_sync(event)", publish_sync=bus.publish_sync, event=EVENT), setting.loop)


CASES = (PluginsOff(),)
