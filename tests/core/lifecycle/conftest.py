from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import Future

import attrs
import pytest

from plugbus import EventBus


# Three plugins of one distribution. What they do when they are entered and left is up to each test.
PLUGIN = """
from contextlib import asynccontextmanager

from plugbus.plugins import Plugin, hookimpl

play = None


class Actor(Plugin):
    api = 1

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, context):
        await play.act(context, "enter")
        yield
        await play.act(context, "leave")

    @hookimpl
    def handlers(self):
        return play.handlers.get(self.context.plugin, ())

    @hookimpl
    def flush(self, deadline):
        play.flush(self.context, deadline)
"""

NAMES = ("one", "two", "three")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder with a distribution of three plugins, as an installer would have left it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "lifecycle_actors.py").write_text(PLUGIN, encoding="utf-8")
    info = folder / "lifecycle_actors-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lifecycle-actors\nVersion: 1.0\n", encoding="utf-8")
    lines = "".join(f"{name} = lifecycle_actors:Actor\n" for name in NAMES)
    (info / "entry_points.txt").write_text(f"[plugbus.plugins]\n{lines}", encoding="utf-8")
    return folder


@attrs.define
class Play:
    """
    What the plugins do, and what they have done.

    Attributes:
        trail: Pairs of plugin and moment (enter, leave, flush).
        tasks: The task of each moment.
        deadlines: The seconds that each flush had left.
        parts: What a plugin does at a moment: an async function of the bus.
        handlers: What a plugin contributes.
        buses: What is stopped in the end.
    """

    trail: list[tuple[str, str]] = attrs.Factory(list)
    tasks: list[asyncio.Task] = attrs.Factory(list)
    deadlines: list[float] = attrs.Factory(list)
    parts: dict[tuple[str, str], object] = attrs.Factory(dict)
    handlers: dict[str, list[object]] = attrs.Factory(dict)
    buses: list[EventBus] = attrs.Factory(list)

    def part(self, name, moment):
        """Decorate what a plugin does at a moment."""
        return lambda function: self.parts.__setitem__((name, moment), function)

    async def act(self, context, moment):
        self.trail.append((context.plugin, moment))
        self.tasks.append(asyncio.current_task())
        part = self.parts.get((context.plugin, moment))
        if part is not None:
            await part(context.bus)

    def flush(self, context, deadline):
        self.trail.append((context.plugin, "flush"))
        self.deadlines.append(deadline.remaining())
        part = self.parts.get((context.plugin, "flush"))
        if part is not None:
            part(context.bus)

    @property
    def lives(self):
        """The trail without flushes."""
        return [(name, moment) for name, moment in self.trail if moment != "flush"]

    def moments(self, moment):
        return [name for name, happened in self.trail if happened == moment]

    def bus(self, *names, bus=None, **settings):
        """Build a bus with these plugins; keywords are the host's settings of one plugin each."""
        tables = {name: settings.get(name, {}) for name in names or NAMES}
        made = EventBus.from_config({"plugins": tables, "bus": bus or {}})
        self.buses.append(made)
        return made


@pytest.fixture
def play(site, monkeypatch):
    """The plugins and what they do; their buses are stopped at the end."""
    monkeypatch.syspath_prepend(str(site))
    play = Play()
    monkeypatch.setattr(importlib.import_module("lifecycle_actors"), "play", play)
    yield play
    play.parts.clear()
    for bus in play.buses:
        bus.stop_sync()


@pytest.fixture
async def _debug_loop():
    asyncio.get_running_loop().set_debug(True)


@pytest.fixture(autouse=True)
def _asyncio_debug_mode(request, monkeypatch):
    """Every loop checks that callbacks come from the right thread, and that coroutines are awaited."""
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    if inspect.iscoroutinefunction(request.function):
        request.getfixturevalue("_debug_loop")


@pytest.fixture(autouse=True)
def _nothing_is_lost_in_asyncio(caplog):
    """No task is destroyed while pending, no exception of a task or future is left unretrieved."""
    yield
    told = [record.getMessage() for record in caplog.records if record.name == "asyncio"]
    assert [message for message in told if not message.startswith(("Executing ", "Using selector"))] == []


@pytest.fixture
def threads():
    """Start functions in threads of their own; each call returns a future. They are joined in the end."""
    started = []

    def start(function, *args):
        future = Future()

        def run():
            try:
                future.set_result(function(*args))
            except BaseException as error:
                future.set_exception(error)

        thread = threading.Thread(target=run, daemon=True)
        started.append(thread)
        thread.start()
        return future

    yield start
    for thread in started:
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def program(site, tmp_path):
    """Start a program in a fresh interpreter that sees the plugins."""
    started = []

    def start(source):
        # Without asyncio's debug mode: it remarks on what is slow, and its remarks would stand among the errors.
        ours = ("PLUGBUS_", "PYTHONASYNCIODEBUG")
        environment = {key: text for key, text in os.environ.items() if not key.startswith(ours)}
        process = subprocess.Popen(
            # From Python 3.12 on a fork beside threads is warned of, rightly; here it is what is looked at.
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(source)],
            env=environment | {"PYTHONPATH": str(site)},
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
