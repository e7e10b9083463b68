from __future__ import annotations

import datetime as dt
import sys
import textwrap

import attrs
import pytest

from plugbus import Event, EventBus
from plugbus.testing import FrozenClock
from plugbus_guards import Guards, Principal


NOON = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)


@attrs.define
class Site:
    """A bus with guards, its clock, and what it has recorded."""

    bus: EventBus
    clock: FrozenClock
    records: list = attrs.Factory(list)
    handled: list = attrs.Factory(list)

    @property
    def guards(self):
        return self.bus.service(Guards)

    def results(self):
        return [record["result"] for record in self.records]


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Build a bus from the TOML of `[plugins.guards]`; the clock stands at noon."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    opened = []

    def build(text="", *, more=""):
        (tmp_path / "plugbus.toml").write_text("[plugins.guards]\n" + textwrap.dedent(text) + textwrap.dedent(more))
        bus = EventBus.from_config("plugbus.toml")
        made = Site(bus, FrozenClock(NOON))
        opened.append(bus)
        bus.service(Guards).use_clock(made.clock)
        bus.subscribe("audit.log", lambda event: made.records.append(dict(event.payload)), name="records")
        return made

    yield build
    for bus in opened:
        bus.stop_sync()
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def happened(type="order.placed", **payload):
    return Event(type=type, payload=payload)


def user(id="7", *roles, **claims):
    return Principal(id=id, roles=roles, claims=claims)
