"""`create`: a new plugin distribution, complete: sources, tests, configuration of the tools, README, CI."""

from __future__ import annotations

from plugbus.scaffold.create import CannotCreate, create
from plugbus.scaffold.names import BUILT_IN, Names


__all__ = ("BUILT_IN", "CannotCreate", "Names", "create")
