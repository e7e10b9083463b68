"""A plugin that does not start in time does not hold up the bus for ever."""

from __future__ import annotations

import textwrap
import traceback

import pytest

from plugbus import EventBus
from plugbus.errors import PluginHookError


HANGS = """
import asyncio
from contextlib import asynccontextmanager

class P(Plugin[None]):
    api = 1
    seen = []

    @hookimpl
    @asynccontextmanager
    async def lifespan(self):
        try:
            await asyncio.Event().wait()
            yield
        finally:
            self.seen.append("cleaned up")
"""
OPENS = """
from contextlib import asynccontextmanager

class P(Plugin[None]):
    api = 1
    seen = []

    @hookimpl
    @asynccontextmanager
    async def lifespan(self):
        self.seen.append("opened")
        yield
        self.seen.append("closed")
"""
SAID = "was not up after 0.05 s. If it needs longer, raise `start_timeout` of [bus]"


@pytest.fixture
def bus(site, configure):
    def bus(text):
        configure(textwrap.dedent(text))
        return EventBus.from_config()

    return bus


async def test_a_required_plugin_that_hangs_stops_the_start_and_the_others_are_left(site, bus):
    site.add("demo-one", OPENS)
    site.add("demo-two", HANGS)
    made = bus("[bus]\nstart_timeout = 0.05\n[plugins.one]\n[plugins.two]\n")
    with pytest.raises(PluginHookError) as caught:
        await made.start()
    assert str(caught.value) == (
        f"plugin two could not be started: hook 'lifespan' of plugin two (demo-two 1.0) {SAID}"
    )
    assert (caught.value.plugin, caught.value.hook) == ("two", "lifespan")
    import demo_one
    import demo_two

    assert demo_one.P.seen == ["opened", "closed"]
    assert demo_two.P.seen == ["cleaned up"]
    await made.stop()


async def test_an_optional_plugin_that_hangs_is_left_out_with_a_warning(site, bus, caplog):
    site.add("demo-one", OPENS)
    site.add("demo-two", HANGS)
    made = bus("[bus]\nstart_timeout = '50ms'\n[plugins.two]\nrequired = false\n[plugins.one]\n")
    async with made:
        assert {record.name: str(record.state) for record in made.plugins if record.selected} == {
            "two": "degraded",
            "one": "started",
        }
    assert SAID in caplog.text


async def test_a_timeout_of_the_plugin_s_own_is_its_own_error(site, bus):
    site.add("demo-one", HANGS.replace("await asyncio.Event().wait()", "raise TimeoutError('the database is slow')"))
    made = bus("[plugins.one]\n")
    with pytest.raises(PluginHookError, match="raised TimeoutError: the database is slow"):
        await made.start()
    await made.stop()


def test_a_sync_program_is_told_too(site, bus):
    site.add("demo-one", HANGS)
    made = bus("[bus]\nstart_timeout = 0.05\n[plugins.one]\n")
    from plugbus import Event

    with pytest.raises(PluginHookError, match="was not up after"):
        made.publish_sync(Event(type="a.b"))
    made.stop_sync()


SECRET = """
from contextlib import asynccontextmanager

@attrs.frozen
class Settings:
    token: str = option('', help='opens it', secret=True)

class P(Plugin[Settings]):
    api = 1

    @hookimpl
    @asynccontextmanager
    async def lifespan(self):
        if self.settings.token == "planted-start":
            raise OSError(f"refused {self.settings.token}")
        yield
        raise OSError(f"refused {self.settings.token}")
"""


async def test_a_secret_in_what_a_lifespan_raises_is_shown_nowhere(site, bus, caplog):
    site.add("demo-one", SECRET)
    for required in ("true", "false"):
        made = bus(f"[plugins.one]\ntoken = 'planted-start'\nrequired = {required}\n")
        try:
            await made.start()
        except PluginHookError as error:
            told = "".join(traceback.format_exception(error))
            assert "raised OSError: refused ***" in told
            assert "planted" not in told
        await made.stop()
    made = bus("[plugins.one]\ntoken = 'planted-stop'\n")
    await made.start()
    with pytest.raises(ExceptionGroup) as caught:
        await made.stop()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(made.plugins)
    assert "raised OSError: refused ***" in told
    assert "planted" not in told
