"""`plugbus publish` with plugins: they are started, stopped and flushed, and what goes wrong there is shown."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest


EVENT = '{"type": "item.sold"}\n'
PLUGIN = """
import contextlib
from plugbus.plugins import Plugin, hookimpl


class ThePlugin(Plugin[None]):
    api = 1

    @hookimpl
    @contextlib.asynccontextmanager
    async def lifespan(self):
        BEFORE
        yield
        AFTER

    @hookimpl
    def flush(self, deadline):
        FLUSH
"""


def install(folder, *, before="pass", after="pass", flush="pass"):
    folder.install_plugin("till", PLUGIN.replace("BEFORE", before).replace("AFTER", after).replace("FLUSH", flush))
    folder.write("plugbus.toml", "[plugins.till]\n")


def test_plugins_are_started_flushed_and_stopped(folder):
    install(folder, before="print('started')", after="print('stopped')", flush="print('flushed')")
    lines = folder.run("publish", "-", input=EVENT).out.splitlines()
    assert lines.index("started") < lines.index("flushed") < lines.index("stopped")


def test_a_plugin_that_cannot_be_started_ends_it_before_anything_is_published(folder):
    install(folder, before="raise OSError('no disk')")
    done = folder.run("publish", "-", input=EVENT, code=2)
    assert "till" in done.err
    assert "no disk" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("where", ["after", "flush"])
def test_a_plugin_that_cannot_be_stopped_is_a_finding_that_is_shown(folder, where):
    install(folder, **{where: "raise OSError('no disk')"})
    done = folder.run("publish", "-", input=EVENT, code=1)
    assert "no disk" in done.err
    assert "till" in done.err
    assert "1 line" in done.out


def test_a_plugin_that_is_switched_off_gets_no_events(folder):
    folder.write("plugbus.toml", '[plugins.audit]\npath = "audit.db"\n')
    folder.write("app.py", "from plugbus import EventBus\nbus = EventBus.from_config()\n")
    for arguments in ([], ["--app", "app:bus"]):
        folder.run("-p", "no:audit", "publish", "-", *arguments, input=EVENT)
        assert not (folder.path / "audit.db").exists()


def test_the_handlers_of_plugins_are_named_with_their_plugin(folder):
    folder.write("plugbus.toml", '[plugins.audit]\npath = "audit.db"\n')
    assert "(audit)" in folder.run("publish", "-", input=EVENT).out


def test_the_trail_keeps_the_order_the_id_and_the_time_of_the_file(folder):
    folder.write("plugbus.toml", '[plugins.audit]\npath = "audit.db"\n')
    time = "2020-01-01T00:00:00.000000Z"
    lines = [{"type": "item.sold", "id": f"number-{number}", "timestamp": time} for number in range(300)]
    folder.run("publish", folder.write_lines("events.jsonl", lines).name)
    with closing(sqlite3.connect(folder.path / "audit.db")) as database:
        query = "SELECT json_extract(body, '$.id'), json_extract(body, '$.time') FROM records WHERE type = 'item.sold'"
        assert database.execute(query).fetchall() == [(f"number-{number}", time) for number in range(300)]
