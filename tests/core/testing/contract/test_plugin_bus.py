from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from plugbus import Event, EventHandler
from plugbus.errors import ConfigurationError
from plugbus.plugins import Plugin, hookimpl, option
from plugbus.testing.contract import plugin_bus


@attrs.frozen
class NotebookSettings:
    path: Path = option(Path("notes.txt"), help="where notes are kept")
    pages: int = option(1, help="how many there are")


class NoteHandler(EventHandler):
    event_types = ("note.*",)

    def __init__(self, settings: NotebookSettings) -> None:
        self.settings = settings

    def handle(self, event: Any) -> Any:
        return self.settings


class MyNotebookPlugin(Plugin[NotebookSettings]):
    api = 1

    @hookimpl
    def handlers(self, context):
        assert context.bus is not None
        yield NoteHandler(self.settings)


NOTE = Event(type="note.taken")


def test_a_bus_has_the_plugin_and_its_settings_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("PLUGBUS_PLUGINS__MY_NOTEBOOK__PAGES", "99")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugbus.toml").write_text("[plugins.audit]\n")
    bus = plugin_bus(MyNotebookPlugin, {"pages": 3}, folder=tmp_path / "there")
    result = bus.publish_sync(NOTE)
    bus.stop_sync()
    assert result.values == (NotebookSettings(pages=3, path=tmp_path / "there/notes.txt"),)
    assert [record.name for record in bus.plugins] == ["my_notebook"]


async def test_a_plugin_needs_no_settings_if_it_has_defaults():
    async with plugin_bus(MyNotebookPlugin, name="notes") as bus:
        result = await bus.publish(NOTE)
    assert result.values[0].path == Path.cwd() / "notes.txt"
    assert [record.name for record in bus.plugins] == ["notes"]


def test_what_is_wrong_is_the_report_that_a_user_gets():
    with pytest.raises(ConfigurationError) as caught:
        plugin_bus(MyNotebookPlugin, {"page": 3})
    assert "unknown setting 'page' of plugin my_notebook. Did you mean 'pages'?" in str(caught.value)


def test_a_plugin_goes_by_the_name_of_its_entry_point():
    from plugbus_audit import AuditPlugin

    class Other(AuditPlugin):
        pass

    assert [record.name for record in plugin_bus(AuditPlugin).plugins] == ["audit"]
    assert [record.name for record in plugin_bus(Other).plugins] == ["other"]
