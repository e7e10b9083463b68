from __future__ import annotations

import datetime as dt
import enum
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest

from plugbus.config import Duration, Size, load_config, option
from plugbus.errors import ConfigurationError


class Color(enum.Enum):
    RED = "red"


@attrs.frozen
class Sink:
    kind: str = option("file", help="where to")
    token: str | None = option(None, help="opens it", secret=True)


@attrs.frozen
class Settings:
    count: int = option(1, help="a number")
    ratio: float = option(1.0, help="a number")
    on: bool = option(False, help="a switch")
    path: Path | None = option(None, help="a path")
    names: tuple[str, ...] = option((), help="names")
    numbers: list[int] = option(factory=list, help="numbers")
    pair: tuple[str, int] = option(("a", 1), help="a pair")
    color: Color = option(Color.RED, help="a color")
    level: Literal["low", 7] = option("low", help="a level")
    ttl: Duration = option(1.0, help="a duration")
    size: Size = option(1, help="a size")
    day: dt.date | None = option(None, help="a day")
    either: int | str = option(1, help="one or the other")
    anything: Any = option(None, help="whatever")
    sink: Sink = option(factory=Sink, help="a table")
    maybe: Sink | None = option(None, help="maybe a table")
    rules: dict[str, int] = option(factory=dict, help="a table of the user's")


@pytest.mark.parametrize(
    ("name", "text", "key", "expected"),
    [
        ("COUNT", "7", "count", 7),
        ("COUNT", " -7 ", "count", -7),
        ("RATIO", "7", "ratio", 7.0),
        ("RATIO", "1e3", "ratio", 1000.0),
        ("ON", "true", "on", True),
        ("ON", "1", "on", True),
        ("ON", "False", "on", False),
        ("ON", "0", "on", False),
        ("PATH", "", "path", None),
        ("NAMES", "a, b,", "names", ("a", "b")),
        ("NAMES", "", "names", ()),
        ("NUMBERS", "1,2", "numbers", [1, 2]),
        ("PAIR", "x, 5", "pair", ("x", 5)),
        ("COLOR", "red", "color", Color.RED),
        ("LEVEL", "7", "level", 7),
        ("TTL", "10m", "ttl", 600.0),
        ("TTL", "2.5", "ttl", 2.5),
        ("SIZE", "64kB", "size", 64_000),
        ("SIZE", "64", "size", 64),
        ("DAY", "1979-05-27", "day", dt.date(1979, 5, 27)),
        ("EITHER", "7", "either", 7),
        ("EITHER", "x", "either", "x"),
        ("ANYTHING", "x", "anything", "x"),
        ("SINK__KIND", "database", "sink", Sink(kind="database")),
        ("MAYBE__KIND", "database", "maybe", Sink(kind="database")),
        ("RULES__FIRST", "3", "rules", {"first": 3}),
    ],
)
def test_a_variable_is_parsed_by_the_type_of_its_setting(settings, name, text, key, expected):
    assert getattr(settings(Settings, "", {f"PLUGBUS_PLUGINS__AUDIT__{name}": text}), key) == expected


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("COUNT", "7.5", "setting 'count' of plugin audit (plugbus-audit 0.1.0) expects an integer, got the string"),
        ("COUNT", "", "expects an integer, got the string ''"),
        ("ON", "yes", "expects true or false, got the string 'yes'"),
        ("NUMBERS", "1,x", "expects a list, each item an integer, got the string '1,x'"),
        ("PAIR", "x", "expects a list of 2 items"),
        ("COLOR", "rad", "expects 'red', got the string 'rad'. Did you mean 'red'?"),
        ("SINK", "x", "expects a table, got a string"),
        ("RULES", "x", "expects a table, each value an integer, got the string 'x'"),
        ("TTL", "soon", "expects a duration"),
        ("COUNTS", "1", "the environment variable names no setting of plugin audit (plugbus-audit 0.1.0). Did you"),
        ("COUNTS", "1", "Did you mean 'PLUGBUS_PLUGINS__AUDIT__COUNT'?"),
        ("SINK__KIN", "1", "Did you mean 'PLUGBUS_PLUGINS__AUDIT__SINK__KIND'?"),
        ("MAYBE__KIN", "1", "Did you mean 'PLUGBUS_PLUGINS__AUDIT__MAYBE__KIND'?"),
        ("ZZZ", "1", "Known settings: anything, color"),
        ("COUNT__X", "1", "names no setting of plugin audit (plugbus-audit 0.1.0). There are no settings here"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_reported_by_its_name(report, name, text, said):
    lines = report(Settings, "", {f"PLUGBUS_PLUGINS__AUDIT__{name}": text})
    assert lines.startswith(f"PLUGBUS_PLUGINS__AUDIT__{name}\n  ")
    assert said in lines


def test_the_environment_wins_over_the_file(settings):
    text = "[plugins.audit]\ncount = 1\nratio = 2\nsink = { kind = 'file', token = 'a' }\n"
    found = settings(Settings, text, {"PLUGBUS_PLUGINS__AUDIT__COUNT": "5", "PLUGBUS_PLUGINS__AUDIT__SINK__KIND": "db"})
    assert (found.count, found.ratio, found.sink) == (5, 2.0, Sink(kind="db", token="a"))


def test_a_wrong_value_in_the_file_does_not_matter_where_the_environment_gives_another(settings):
    assert settings(Settings, "[plugins.audit]\ncount = 'x'\n", {"PLUGBUS_PLUGINS__AUDIT__COUNT": "5"}).count == 5


def test_what_the_file_has_instead_of_a_table_is_reported_though_the_environment_looks_into_it(report):
    lines = report(Settings, "[plugins.audit]\nsink = 3\n", {"PLUGBUS_PLUGINS__AUDIT__SINK__KIND": "db"})
    assert "plugbus.toml:2:8  plugins.audit.sink\n" in lines


def test_relative_paths_of_variables_are_relative_to_the_file_s_folder_as_well(settings, tmp_path):
    assert settings(Settings, "", {"PLUGBUS_PLUGINS__AUDIT__PATH": "x"}).path == tmp_path / "x"


def test_variables_of_the_bus_win_over_the_file(write):
    write("[bus]\nsource = 'shop'\nplugins = ['audit']\n")
    environ = {"PLUGBUS_BUS__SOURCE": "test", "PLUGBUS_BUS__PLUGINS": "cache, guards", "PLUGBUS_BUS__CORRELATION": "0"}
    bus = load_config(environ=environ).bus
    assert (bus.source, bus.plugins, bus.correlation) == ("test", ("cache", "guards"), False)
    assert load_config(environ={"PLUGBUS_BUS__PLUGINS": "installed"}).bus.plugins == "installed"


def test_an_unknown_variable_of_the_bus_is_a_problem(write):
    write("")
    with pytest.raises(ConfigurationError) as caught:
        load_config(environ={"PLUGBUS_BUS__SORCE": "x"}).check()
    assert "PLUGBUS_BUS__SORCE\n  the environment variable names no setting of [bus]. Did you mean" in str(caught.value)


def test_the_host_s_keys_can_be_given_by_variables(write):
    write("[plugins.audit]\nenabled = true\n")
    environ = {"PLUGBUS_PLUGINS__AUDIT__ENABLED": "false", "PLUGBUS_PLUGINS__AUDIT__AFTER": "guards,cache"}
    host = load_config(environ=environ).plugins["audit"].host
    assert (host.enabled, host.after) == (False, ("guards", "cache"))


@pytest.mark.parametrize("text", ["[plugins.audit]\n", "[bus]\nplugins = ['audit']\n"])
def test_a_wrong_variable_for_a_key_of_the_host_is_a_problem(write, text):
    write(text)
    environ = {"PLUGBUS_PLUGINS__AUDIT__REQUIRED": "maybe", "PLUGBUS_PLUGINS__AUDIT__AFTER__X": "guards"}
    unknown, wrong = (problem.report for problem in load_config(environ=environ).problems)
    assert unknown.startswith("PLUGBUS_PLUGINS__AUDIT__AFTER__X\n  the environment variable names no setting of plugin")
    assert wrong.startswith("PLUGBUS_PLUGINS__AUDIT__REQUIRED\n  setting 'required' of plugin audit expects true or")


def test_a_plugin_without_a_table_has_its_settings_from_the_environment(settings):
    assert settings(Settings, "", {"PLUGBUS_PLUGINS__AUDIT__COUNT": "3"}).count == 3


def test_other_variables_with_our_prefix_do_not_matter(write):
    write("")
    config = load_config(environ={"PLUGBUS_REQUIRE_SERVICES": "1", "PLUGBUS_PLUGINS__OTHER__X": "1", "PATH": "x"})
    assert not config.problems
