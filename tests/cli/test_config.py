"""`plugbus config`: check, show and schema."""

from __future__ import annotations

import json
import tomllib

import pytest
from jsonschema import Draft202012Validator


WEATHER = """
from typing import Literal

import attrs
from plugbus.plugins import Plugin, option


@attrs.frozen
class Settings:
    unit: Literal["celsius", "kelvin"] = option("celsius", help="of temperatures")
    token: str = option("", help="opens the door", secret=True)


class ThePlugin(Plugin[Settings]):
    api = 1
"""
GOOD = "[bus]\nsource = 'shop'\n\n[plugins.weather]\nunit = 'kelvin'\ntoken = 'hunter2'\n"
BAD = GOOD.replace("kelvin", "kelvn").replace("source", "sourse")


@pytest.fixture
def weather(folder):
    folder.install_plugin("weather", WEATHER)
    folder.write("plugbus.toml", GOOD)
    return folder


# --- check


def test_a_configuration_that_is_right_is_said_to_be_fine(weather):
    assert weather.run("config", "check").out == "plugbus.toml: fine, 1 plugin on (weather).\n"
    assert json.loads(weather.run("config", "check", "--format", "json").out) == {
        "fine": True,
        "problems": [],
        "left_out": {},
    }


def test_without_a_configuration_nothing_is_wrong(folder):
    assert folder.run("config", "check").out == "no configuration file: fine, no plugin is on.\n"


def test_every_problem_is_told_with_its_place(weather):
    weather.write("plugbus.toml", BAD)
    out = weather.run("config", "check", code=2).out
    assert "plugbus.toml:2:1  bus.sourse\n    2 | sourse = 'shop'\n        ^^^^^^\n" in out
    assert "got the string 'kelvn'. Did you mean 'kelvin'?" in out
    assert out.endswith("2 problems. Nothing was started.\n")


def test_problems_come_as_json(weather):
    weather.write("plugbus.toml", BAD)
    answer = json.loads(weather.run("config", "check", "--format", "json", code=2).out)
    assert not answer["fine"]
    places = [(problem["file"], problem["line"], problem["column"]) for problem in answer["problems"]]
    assert places == [("plugbus.toml", 2, 1), ("plugbus.toml", 5, 8)]
    assert answer["problems"][1]["hint"] == "Did you mean 'kelvin'?"
    assert answer["problems"][1]["distribution"] == "acme-weather 1.0"


@pytest.mark.parametrize("text", ["[bus\n", "\xff"])
def test_a_file_that_cannot_be_read_is_a_problem_like_others(weather, text):
    (weather.path / "plugbus.toml").write_text(text, encoding="latin-1")
    assert "plugbus.toml:1:" in weather.run("config", "check", code=2).out
    answer = json.loads(weather.run("config", "check", "--format", "json", code=2).out)
    assert answer["problems"][0]["line"] == 1


def test_a_wrong_variable_is_named(weather):
    out = weather.run("config", "check", code=2, env={"PLUGBUS_PLUGINS__WEATHER__UNIT": "rankine"}).out
    assert out.startswith("PLUGBUS_PLUGINS__WEATHER__UNIT\n")


def test_a_module_that_there_is_not_is_a_problem_and_none_is_imported(weather):
    weather.write("app.py", "raise RuntimeError('imported')")
    weather.write("plugbus.toml", "[bus]\nimports = ['app']\n")
    weather.run("config", "check")
    weather.write("plugbus.toml", "[bus]\nimports = ['ap']\n")
    assert "cannot import module 'ap'" in weather.run("config", "check", code=2).out


def test_a_broken_plugin_that_is_not_required_is_told_and_no_problem(weather):
    weather.write("plugbus.toml", BAD.replace("sourse", "source") + "required = false\n")
    out = weather.run("config", "check").out
    assert out.startswith("plugbus.toml: fine, no plugin is on.\n\nPlugin weather is left out, and is not required:\n")
    assert list(json.loads(weather.run("config", "check", "--format", "json").out)["left_out"]) == ["weather"]


# --- show


def test_the_configuration_is_shown_as_toml_with_the_source_of_each_value(weather):
    out = weather.run("config", "show", env={"PLUGBUS_BUS__SEQUENTIAL": "true"}).out
    lines = out.splitlines()
    assert 'source = "shop"                         # plugbus.toml:2' in lines
    assert "sequential = true                       # PLUGBUS_BUS__SEQUENTIAL" in lines
    assert "correlation = true                      # default" in lines
    assert "# plugins                               # not set" in lines
    assert 'token = "***"                           # plugbus.toml:6' in lines
    assert tomllib.loads(out)["plugins"]["weather"] == {"unit": "kelvin", "token": "***"}


SERVERS = """
import attrs
from plugbus.plugins import Plugin, option


@attrs.frozen
class Server:
    host: str = option("localhost", help="where it is")
    port: int = option(80, help="where it listens")


@attrs.frozen
class Settings:
    servers: tuple[Server, ...] = option((), help="all of them")
    limits: dict[str, int] = option(factory=dict, help="by name")


class ThePlugin(Plugin[Settings]):
    api = 1
"""


def test_what_is_shown_is_toml_however_long_its_lines_and_whatever_its_keys(folder):
    folder.install_plugin("farm", SERVERS)
    tables = {"servers": [{"host": "a.example.org", "port": 8}, {"host": "b.example.org", "port": 9}]}
    folder.write(
        "plugbus.toml",
        "[plugins.farm]\nlimits = { 'per hour' = 1, plain = 2 }\n"
        + "".join(
            f"[[plugins.farm.servers]]\nhost = '{one['host']}'\nport = {one['port']}\n" for one in tables["servers"]
        ),
    )
    out = folder.run("config", "show").out
    assert tomllib.loads(out)["plugins"]["farm"] == {**tables, "limits": {"per hour": 1, "plain": 2}}


def test_the_configuration_is_shown_as_json(weather):
    answer = json.loads(weather.run("config", "show", "--format", "json").out)
    assert answer["file"] == str(weather.path / "plugbus.toml")
    assert [one["value"] for one in answer["plugins"]["weather"]] == ["kelvin", "***"]
    assert {one["name"]: one["origin"] for one in answer["bus"]}["source"] == "plugbus.toml:2"


def test_what_is_wrong_is_shown_as_it_is_and_counted(weather):
    weather.write("plugbus.toml", BAD)
    done = weather.run("config", "show", code=2)
    assert 'unit = "kelvn"                          # plugbus.toml:5' in done.out.splitlines()
    assert done.err == "2 problems, so no bus can be built; `plugbus config check` tells more.\n"
    assert "hunter2" not in done.out + done.err


# --- schema


def accepts(schema, text):
    return Draft202012Validator(schema).is_valid(tomllib.loads(text))


def test_the_schema_accepts_good_files_and_no_bad_ones(weather):
    schema = json.loads(weather.run("config", "schema").out)
    Draft202012Validator.check_schema(schema)
    assert accepts(schema, GOOD)
    assert not accepts(schema, BAD)
    assert not accepts(schema, GOOD.replace("kelvin", "kelvn"))
    assert not accepts(schema, GOOD.replace("source = 'shop'", "source = 7"))
    assert not accepts(schema, GOOD + "[plugins.wether]\n")


def test_settings_of_plugins_that_are_not_on_are_in_the_schema_if_one_asks(weather):
    weather.write("plugbus.toml", "")
    bad = GOOD.replace("kelvin", "kelvn")
    assert accepts(json.loads(weather.run("config", "schema").out), bad)
    assert not accepts(json.loads(weather.run("config", "schema", "--all").out), bad)


def test_there_is_a_schema_whatever_the_file_holds(weather):
    weather.write("plugbus.toml", "[bus\n")
    assert json.loads(weather.run("config", "schema").out)["title"] == "Configuration of plugbus"
