"""What is written, and what is refused."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from plugbus._version import __version__
from plugbus.errors import PlugbusError
from plugbus.plugins.discovery import BUILT_IN, FIRST_PARTY
from plugbus.scaffold import CannotCreate, create


def test_a_distribution_has_everything_that_a_plugin_needs(tmp_path):
    written = create("weather", tmp_path / "new")
    assert [path.relative_to(tmp_path / "new").as_posix() for path in written] == [
        ".github/workflows/ci.yml",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "src/plugbus_weather/__init__.py",
        "src/plugbus_weather/handler.py",
        "src/plugbus_weather/middleware.py",
        "src/plugbus_weather/plugin.py",
        "src/plugbus_weather/py.typed",
        "tests/test_contract.py",
        "tests/test_plugin.py",
    ]
    assert all(path.is_file() for path in written)


def test_everything_is_named_after_the_plugin(tmp_path):
    create("weather_station", tmp_path / "new")
    project = tomllib.loads((tmp_path / "new/pyproject.toml").read_text())["project"]
    assert project["name"] == "plugbus-weather-station"
    assert project["entry-points"] == {
        "plugbus.plugins": {"weather_station": "plugbus_weather_station:WeatherStationPlugin"}
    }
    package = tmp_path / "new/src/plugbus_weather_station"
    exported = next(
        node for node in ast.parse((package / "__init__.py").read_text()).body if isinstance(node, ast.Assign)
    )
    assert "WeatherStationPlugin" in ast.literal_eval(exported.value)
    assert "$" not in "".join(path.read_text() for path in package.glob("*.py"))


def test_a_distribution_requires_this_minor_version_of_plugbus(tmp_path):
    create("weather", tmp_path / "new")
    major, minor, _ = __version__.split(".")
    project = tomllib.loads((tmp_path / "new/pyproject.toml").read_text())["project"]
    assert f"plugbus>={major}.{minor}.0,<{major}.{int(minor) + 1}" in project["dependencies"]


def test_without_a_folder_it_goes_into_one_of_its_own_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = create("weather_station")
    assert written[0] == Path("plugbus-weather-station/.github/workflows/ci.yml")
    assert (tmp_path / "plugbus-weather-station/pyproject.toml").is_file()


def test_the_current_folder_will_do_if_it_is_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    create("weather", ".")
    assert (tmp_path / "pyproject.toml").is_file()


@pytest.mark.parametrize(
    "name", ["", "Weather", "2weather", "weather-station", "weather__station", "_weather", "wetter.ö", "a b"]
)
def test_names_that_are_none_of_a_plugin_are_refused_with_the_rule(name, tmp_path):
    with pytest.raises(CannotCreate, match="is no plugin's name: lower case letters and digits"):
        create(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", FIRST_PARTY)
def test_names_of_our_own_plugins_are_refused(name, tmp_path):
    with pytest.raises(CannotCreate, match=f"pip install plugbus-{name}"):
        create(name, tmp_path / "new")


@pytest.mark.parametrize("name", BUILT_IN)
def test_names_of_commands_of_plugbus_are_refused(name, tmp_path):
    with pytest.raises(CannotCreate, match="is a command of plugbus itself"):
        create(name, tmp_path / "new")


def test_every_command_of_plugbus_is_such_a_name():
    from plugbus.cli.app import _COMMANDS

    assert _COMMANDS.keys() <= set(BUILT_IN)


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CannotCreate, match=r"is not empty, it holds 'notes\.txt'; name a folder that is new or empty"):
        create("weather", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_the_folder_s_place_is_left_alone(tmp_path):
    (tmp_path / "new").write_text("mine")
    with pytest.raises(CannotCreate, match="is there and no folder"):
        create("weather", tmp_path / "new")
    assert (tmp_path / "new").read_text() == "mine"


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CannotCreate, match="cannot write to"):
        create("weather", tmp_path / "file/new")


def test_what_was_begun_is_taken_back_when_the_disk_refuses(tmp_path, monkeypatch):
    write = Path.write_text

    def full(self, *args, **kwargs):
        if self.name == "plugin.py":
            write(self, "half")
            raise OSError(28, "No space left on device")
        return write(self, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CannotCreate, match=r"No space left on device\. Nothing was left there"):
        create("weather", tmp_path / "deep/new")
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_stays_when_the_disk_refuses(tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(KeyboardInterrupt):
        create("weather", tmp_path)
    assert tmp_path.is_dir()
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_created_is_an_error_of_plugbus():
    assert issubclass(CannotCreate, PlugbusError)
