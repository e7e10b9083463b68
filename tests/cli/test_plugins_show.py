"""`plugbus plugins show`: all that is known of one plugin."""

from __future__ import annotations

import json

import pytest


WEATHER = '''
import attrs
from plugbus.plugins import Plugin, hookimpl, option


@attrs.frozen
class Settings:
    url: str = option(help="where the forecast comes from")
    days: int = option(3, help="how far to look ahead")
    token: str = option("", help="opens the door", secret=True)


class ThePlugin(Plugin[Settings]):
    """Tells the weather."""

    api = 1
    before = ("audit",)

    @hookimpl
    def handlers(self):
        return ()
'''


@pytest.fixture
def weather(folder):
    folder.install_plugin("weather", WEATHER)
    folder.write("plugbus.toml", "[plugins.weather]\nurl = 'here'\ntoken = 'hunter2'\n")
    return folder


def shown(folder, *arguments, **options):
    return json.loads(folder.run("plugins", "show", *arguments, "--format", "json", **options).out)


def test_a_plugin_is_shown_with_what_it_is_and_where_each_value_comes_from(weather):
    out = weather.run("plugins", "show", "weather", env={"PLUGBUS_PLUGINS__WEATHER__DAYS": "5"}).out
    assert out.splitlines()[:19] == [
        "weather  Tells the weather.",
        "",
        "  distribution acme-weather 1.0",
        "  class        weather_plugin:ThePlugin",
        "  on           yes: it has a table (plugbus.toml:1:10)",
        "  state        ready",
        "  hooks        handlers",
        "  wishes       to come before audit",
        "",
        "Settings in [plugins.weather]",
        '  url = "here"  (from plugbus.toml:2)',
        "      where the forecast comes from",
        "      a string; has to be given",
        "  days = 5  (from PLUGBUS_PLUGINS__WEATHER__DAYS)",
        "      how far to look ahead",
        "      an integer; default 3",
        '  token = "***"  (from plugbus.toml:3)',
        "      opens the door",
        '      a string; default "***"; secret',
    ]
    assert "hunter2" not in out


def test_the_keys_of_the_host_are_shown_too(weather):
    out = weather.run("plugins", "show", "weather").out
    assert "  enabled = true  (default)\n      false switches the plugin off before it is imported\n" in out
    assert "  required  (not set)\n" in out


def test_the_same_comes_as_json(weather):
    view = shown(weather, "weather")
    assert view["state"] == "ready"
    assert view["hooks"] == ["handlers"]
    assert view["before"] == ["audit"]
    assert {one["name"]: one["value"] for one in view["settings"]} == {"url": "here", "days": 3, "token": "***"}


def test_a_setting_that_is_missing_is_shown_as_missing_and_is_a_finding(weather):
    weather.write("plugbus.toml", "[plugins.weather]\ndays = 'two'\nenabled = 7\n")
    done = weather.run("plugins", "show", "weather", code=1)
    assert "  url  (missing)\n" in done.out
    assert "expects an integer, got the string 'two'" in done.out
    assert "setting 'enabled' of plugin weather expects true or false, got the integer 7" in done.out


def test_a_plugin_that_is_not_on_is_imported_only_if_one_asks_for_it(weather):
    weather.install_plugin("loud", "raise RuntimeError('imported')")
    out = weather.run("plugins", "show", "loud").out
    assert "on           no: the configuration has no table for it" in out
    assert "plugbus plugins show loud --import" in out
    assert "RuntimeError: imported" in weather.run("plugins", "show", "loud", "--import", code=1).out
    weather.write("plugbus.toml", "[plugins.weather]\nenabled = false\n")
    assert shown(weather, "weather")["hooks"] is None
    view = shown(weather, "weather", "--import", code=1)  # `url` has to be given
    assert view["hooks"] == ["handlers"]
    assert view["state"] == "off"


def test_a_plugin_that_is_named_and_not_installed_is_shown_as_missing(folder):
    folder.write("plugbus.toml", "[plugins.weather]\ntoken = 'hunter2'\n")
    done = folder.run("plugins", "show", "weather", code=1)
    assert "state        missing" in done.out
    assert "plugin 'weather' is not installed" in done.out
    assert "hunter2" not in done.out


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("wether", "there is no plugin 'wether': it is not installed, and the configuration does not name it. Did you"),
        ("nothing", "there is no plugin 'nothing'"),
    ],
)
def test_a_plugin_that_nobody_knows_is_an_error(weather, name, says):
    assert says in weather.run("plugins", "show", name, code=2).err


def test_a_plugin_of_ours_that_is_not_installed_comes_with_the_line_that_installs_it(bare):
    assert "pip install plugbus-audit" in bare.run("plugins", "show", "audit", code=2).err
