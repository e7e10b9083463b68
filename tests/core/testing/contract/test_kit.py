"""The kit as its users see it: in a pytest of their own, with nothing but plugbus installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap

import pytest

from plugbus.testing.contract import PluginContract


GOOD = '''
"""A plugin that has every hook."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from plugbus import EventBase, EventHandler, envelope, event
from plugbus.middleware import Monitor
from plugbus.plugins import Deadline, Health, HookContext, Plugin, hookimpl, option


@event("line.kept")
class LineKept(EventBase):
    number: int


@attrs.frozen
class KeepSettings:
    """The table `[plugins.keep]`."""

    station: str = option(help="whose lines these are")
    path: Path = option(Path("lines/kept.txt"), help="where they are kept")
    key: str = option("not to be seen", help="what they are signed with", secret=True)


class Keeper(EventHandler):
    event_types = ("*", LineKept)

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def handle(self, event: Any) -> None:
        await asyncio.sleep(0)
        self.lines.append(envelope(event).type)


class Count(Monitor):
    def __init__(self) -> None:
        self.count = 0

    def published(self, event: Any, result: Any) -> None:
        self.count += 1


class Echo:
    def intercept(self, event: Any, call_next: Any) -> Any:
        return call_next(event)

    async def intercept_async(self, event: Any, call_next: Any) -> Any:
        return await call_next(event)


class KeepPlugin(Plugin[KeepSettings]):
    """Keeps a line of every event."""

    api = 1

    def __init__(self, settings: KeepSettings, context: HookContext) -> None:
        super().__init__(settings, context)
        self.keeper = Keeper()

    @hookimpl
    def event_types(self) -> Iterable[type]:
        yield LineKept

    @hookimpl
    def handlers(self) -> Iterable[EventHandler]:
        yield self.keeper

    @hookimpl
    def middleware(self) -> Iterable[Any]:
        yield self.look

    def look(self, event: Any) -> Any:
        return None if envelope(event).type == "line.dropped" else event

    @hookimpl
    def interceptors(self) -> Iterable[Any]:
        yield Echo()

    @hookimpl
    def monitors(self) -> Iterable[Monitor]:
        yield Count()

    @hookimpl
    def services(self, context: HookContext) -> Mapping[type, object]:
        return {Keeper: self.keeper}

    @hookimpl
    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        self.settings.path.parent.mkdir(exist_ok=True)
        with self.settings.path.open("a", encoding="utf-8") as file:
            background = asyncio.create_task(asyncio.sleep(60))
            try:
                await asyncio.sleep(0.01)
                yield
                self.flush(Deadline.after(1))
            finally:
                background.cancel()
                file.writelines(self.keeper.lines)

    @hookimpl
    def flush(self, deadline: Deadline) -> None:
        deadline.remaining()

    @hookimpl
    async def health(self, context: HookContext) -> Health:
        await asyncio.sleep(0)
        return Health("ok", "no bus" if context.bus is None else "")

    @hookimpl
    def commands(self) -> Iterable[Any]:
        import click

        @click.command()
        @click.option("--far", is_flag=True, help="Look far.")
        def look(far: bool) -> None:
            """Look at the lines."""

        yield look
'''

CHECKS = sum(name.startswith("test_") for name in vars(PluginContract))


@pytest.fixture
def run_tests(tmp_path):
    """Write files, run pytest on them in a process of its own that loads no plugin, return what it says."""

    def run_tests(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        info = tmp_path / "keep-1.0.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: keep\nVersion: 1.0\n")
        info.joinpath("entry_points.txt").write_text("[plugbus.plugins]\nkeep = keep:KeepPlugin\n")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PLUGBUS_", "PYTEST"))},
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PLUGBUS_PLUGINS__KEEP__STATION": "7",
        }
        command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "--rootdir", tmp_path]
        finished = subprocess.run(
            [*command, tmp_path], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, timeout=90
        )
        return finished.stdout + finished.stderr

    return run_tests


def test_a_plugin_with_every_hook_passes_every_check_in_plain_pytest(run_tests):
    said = run_tests(
        keep=GOOD,
        test_keep="""
            from keep import KeepPlugin, LineKept
            from plugbus.testing.contract import PluginContract

            class TestKeepPlugin(PluginContract):
                plugin = KeepPlugin
                settings = {"station": "Berlin", "key": "hunter22"}
                events = [LineKept(number=1)]
        """,
    )
    assert re.search(rf"^{CHECKS} passed", said, re.MULTILINE), said


def test_settings_may_be_made_when_the_test_runs_and_paths_are_those_of_the_test(run_tests):
    said = run_tests(
        keep=GOOD,
        test_keep="""
            import pytest
            from keep import KeepPlugin
            from plugbus.testing.contract import PluginContract

            @pytest.fixture
            def station():
                return "Berlin"

            class TestKeepPlugin(PluginContract):
                plugin = KeepPlugin

                @pytest.fixture
                def plugin_settings(self, station):
                    return {"station": station, "path": "here.txt"}

                def test_it_writes_to_the_test_s_folder(self, subject, tmp_path):
                    self.test_start_and_stop_twice_leave_nothing(subject)
                    assert "contract.probed" in (tmp_path / "here.txt").read_text()
        """,
    )
    assert re.search(rf"^{CHECKS + 1} passed", said, re.MULTILINE), said


def test_settings_that_are_missing_are_told_with_the_report_and_where_to_give_them(run_tests):
    said = run_tests(
        keep=GOOD,
        test_keep="""
            from keep import KeepPlugin
            from plugbus.testing.contract import PluginContract

            class TestKeepPlugin(PluginContract):
                plugin = KeepPlugin
        """,
    )
    assert "setting 'station' of plugin keep is missing; it expects a string" in said
    assert "belongs into `settings` of the test class" in said
    assert "Traceback" not in said
    assert "_subject.py" not in said


def test_a_class_without_a_plugin_is_told_what_to_write(run_tests):
    said = run_tests(
        test_keep="""
            from plugbus.testing.contract import PluginContract

            class TestKeepPlugin(PluginContract): ...
        """,
    )
    assert "Write `plugin = ...` into TestKeepPlugin" in said


def test_what_a_plugin_raises_is_shown_with_the_line_that_raised_it(run_tests):
    said = run_tests(
        keep=GOOD.replace("yield self.keeper\n", "raise OSError('no disk')\n"),
        test_keep="""
            from keep import KeepPlugin
            from plugbus.testing.contract import PluginContract

            class TestKeepPlugin(PluginContract):
                plugin = KeepPlugin
                settings = {"station": "Berlin"}
        """,
    )
    assert "hook 'handlers' of plugin keep raised OSError: no disk" in said
    assert "raise OSError('no disk')" in said


def test_a_plugin_that_hangs_fails_and_the_tests_go_on(check):
    with pytest.raises(pytest.fail.Exception, match=r"Not done after 0\.2 s: the plugin hangs"):
        check(
            "test_start_and_stop_twice_leave_nothing",
            """
            class ProbePlugin(Plugin[None]):
                api = 1

                @contextlib.asynccontextmanager
                async def lifespan(self):
                    await asyncio.sleep(60)
                    yield
            """,
            seconds=0.2,
        )


def test_a_class_that_no_other_process_can_import_is_told_so(check, install, tmp_path):
    with pytest.raises(pytest.fail.Exception, match="It has to stand at the top of a module that can be imported"):
        check(
            "test_importing_it_does_nothing_else",
            """
            class ProbePlugin(Plugin[None]):
                api = 1

            if "pytest" not in sys.modules:
                raise ImportError("not here")
            """,
        )
