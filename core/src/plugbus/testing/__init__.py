"""For tests of what uses the bus: a recorder, a mock bus, and the pytest fixtures `bus` and `plugbus_config`."""

from __future__ import annotations

from plugbus.testing.mock import MockEventBus
from plugbus.testing.recorder import EventRecorder


__all__ = ("EventRecorder", "MockEventBus")
