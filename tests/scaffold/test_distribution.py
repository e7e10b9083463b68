"""A new distribution, as it was written, builds, installs, and passes its own tests, lint and type check."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import attrs
import pytest

from plugbus.scaffold import create


NAME = "weather_station"
PROGRAM = """\
import sys
from plugbus import Event, EventBus

bus = EventBus.from_config()
print([(record.name, record.state.value) for record in bus.plugins if record.selected])
print("plugbus_audit" in sys.modules)
bus.publish_sync(Event(type="debug.noted"))
bus.publish_sync(Event(type="user.registered"))

from plugbus_weather_station import EventCounts

counts = bus.service(EventCounts)
print(counts.of("debug.noted"), counts.of("user.registered"))
"""


@attrs.frozen
class Installed:
    """A new distribution, its wheel, and an environment in which that is installed."""

    project: object
    wheel: object
    python: object

    def run(self, *arguments, folder=None, **variables):
        outside = {name: value for name, value in os.environ.items() if not name.startswith(("PLUGBUS_", "PYT"))}
        command = [str(self.python), *map(str, arguments)]
        return subprocess.run(
            command,
            cwd=folder or self.project,
            env=outside | variables,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """
    Write, build and install a distribution. Nothing is downloaded: the tools that build and test it are those of this
    environment, and the new one sees everything that is installed here.
    """
    home = tmp_path_factory.mktemp("scaffold")
    project = home / "plugbus-weather-station"
    create(NAME, project)
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(home), str(project)]
    subprocess.run(build, check=True, capture_output=True, timeout=120)
    (wheel,) = home.glob("*.whl")
    venv.create(home / "venv", symlinks=os.name != "nt")
    python = home / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    found = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    site = Path(found.stdout.strip())
    # A line of code, since a path alone would leave out the .pth files there: those of editable installs.
    here = sysconfig.get_path("purelib")
    (site / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n", encoding="utf-8")
    with ZipFile(wheel) as archive:  # what pip does with a wheel that has neither scripts nor extensions
        archive.extractall(site)
    return Installed(project, wheel, python)


def test_the_wheel_holds_the_package_its_types_and_its_license(installed):
    names = ZipFile(installed.wheel).namelist()
    assert installed.wheel.name == "plugbus_weather_station-0.1.0-py3-none-any.whl"
    assert "plugbus_weather_station/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith("tests") for name in names)


def test_its_own_tests_pass(installed):
    # As in its own environment: there is no other plugin of pytest than that of plugbus.
    options = ("-q", "-p", "plugbus.testing.pytest_plugin", "-p", "no:cacheprovider")
    finished = installed.run("-m", "pytest", *options, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "skipped" not in finished.stdout


def test_it_is_clean_for_ruff(installed):
    checked = installed.run("-m", "ruff", "check", "--no-cache")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    formatted = installed.run("-m", "ruff", "format", "--check", "--no-cache")
    assert formatted.returncode == 0, formatted.stdout + formatted.stderr


@pytest.mark.parametrize("name", ["a", "weather_station_of_the_north_sea"])
def test_it_is_clean_for_ruff_whatever_it_is_called(name, installed, tmp_path):
    create(name, tmp_path)
    checked = installed.run("-m", "ruff", "check", "--no-cache", folder=tmp_path)
    formatted = installed.run("-m", "ruff", "format", "--check", "--no-cache", folder=tmp_path)
    assert checked.returncode == formatted.returncode == 0, checked.stdout + formatted.stdout


def test_it_is_clean_for_mypy_strict(installed, tmp_path):
    finished = installed.run("-m", "mypy", "--cache-dir", tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_two_lines_of_configuration_switch_it_on(installed, tmp_path):
    (tmp_path / "plugbus.toml").write_text(f'[plugins.{NAME}]\nblock = ["debug.noted"]\n')
    (tmp_path / "program.py").write_text(PROGRAM)
    finished = installed.run("program.py", folder=tmp_path)
    assert finished.stdout == "[('weather_station', 'ready')]\nFalse\n0 1\n", finished.stderr
