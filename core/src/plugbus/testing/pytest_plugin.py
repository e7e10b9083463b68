"""
The pytest plugin: fixtures for tests of what uses the bus.

pytest imports this in every run where plugbus is installed, so it costs no more than plugbus itself: configuration and
plugins are imported when a fixture asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from plugbus.bus import EventBus

__all__ = ("bus", "plugbus_config")


@pytest.fixture
def bus() -> Iterator[EventBus]:
    """Give a bare bus without plugins or configuration, the default one during the test; stopped at its end."""
    from plugbus.bus import EventBus

    bare = EventBus()
    with EventBus.override(bare):
        yield bare
    bare.stop_sync()


@pytest.fixture
def plugbus_config(tmp_path: Path) -> Iterator[Callable[[str], EventBus]]:
    """
    Give a function that builds a bus from the text of a `plugbus.toml`, the default bus for the rest of the test.

    The file lies in `tmp_path`, so relative paths in it do too. The buses are stopped at the test's end.
    """
    from contextlib import ExitStack

    from plugbus.bus import EventBus

    with ExitStack() as stack:

        def build(text: str) -> EventBus:
            file = tmp_path / "plugbus.toml"
            file.write_text(text, encoding="utf-8")
            built = EventBus.from_config(file)
            stack.callback(built.stop_sync)
            stack.enter_context(EventBus.override(built))
            return built

        yield build
