"""For tests of what uses the bus: recorder, mock bus, clock, and the pytest fixtures `bus` and `plugbus_config`."""

from __future__ import annotations

from plugbus.testing.acting import as_principal
from plugbus.testing.clock import FrozenClock
from plugbus.testing.mock import MockEventBus
from plugbus.testing.recorder import EventRecorder


__all__ = ("EventRecorder", "FrozenClock", "MockEventBus", "as_principal")
