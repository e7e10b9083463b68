"""`create`: a new plugin distribution, complete: sources, tests, configuration of the tools, README, CI."""

from __future__ import annotations

from plugbus.scaffold.create import CannotCreate, create
from plugbus.scaffold.names import Names


__all__ = ("CannotCreate", "Names", "create")
