from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from plugbus.config import load_config
from plugbus.errors import ConfigurationError


def failure(*args, **kwargs):
    with pytest.raises(ConfigurationError) as caught:
        load_config(*args, **{"environ": {}, **kwargs})
    return str(caught.value)


def test_without_any_file_the_configuration_is_empty(write, tmp_path):
    config = load_config(environ={})
    assert (config.path, config.folder, dict(config.plugins)) == (None, tmp_path, {})
    assert config.bus.max_pending == 10_000
    assert not config.problems


def test_plugbus_toml_of_the_current_folder_is_found_and_tables_keep_their_order(write):
    path = write("[plugins.b]\n[plugins.a]\nx = 1\n[bus]\nsource = 'shop'\n")
    config = load_config(environ={})
    assert (config.path, config.folder) == (path, path.parent)
    assert list(config.plugins) == ["b", "a"]
    assert config.plugins["a"].settings == {"x": 1}
    assert config.bus.source == "shop"


def test_the_table_in_pyproject_is_found_where_there_is_no_plugbus_toml(write):
    write("[tool.plugbus.bus]\nsource = 'shop'\n[tool.other]\nx = 1\n", "pyproject.toml")
    assert load_config(environ={}).bus.source == "shop"
    write("[bus]\nsource = 'own'\n")
    assert load_config(environ={}).bus.source == "own"


def test_a_pyproject_without_our_table_is_as_none_unless_it_is_asked_for(write):
    write("[project]\nname = 'x'\n", "pyproject.toml")
    assert load_config(environ={}).plugins == {}
    assert "pyproject.toml\n  there is no table [tool.plugbus] in this file" in failure("pyproject.toml")
    write("[tool.plugbus]\n", "pyproject.toml")
    assert load_config("pyproject.toml", environ={}).plugins == {}


@pytest.mark.parametrize(
    ("text", "said"), [("tool = 3", "tool expects a table"), ("[tool]\nplugbus = 3", "plugbus exp")]
)
def test_a_pyproject_with_something_else_instead_of_our_table_is_an_error(write, text, said):
    write(text + "\n", "pyproject.toml")
    assert said in failure("pyproject.toml")


def test_folders_above_are_not_searched(write, tmp_path, monkeypatch):
    write("[bus]\nsource = 'above'\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert load_config(environ={}).bus.source is None


def test_the_variable_names_a_file_and_an_argument_comes_before_it(write, tmp_path):
    write("[bus]\nsource = 'default'\n")
    write("[bus]\nsource = 'named'\n", "etc/other.toml")
    environ = {"PLUGBUS_CONFIG": "etc/other.toml"}
    config = load_config(environ=environ)
    assert (config.bus.source, config.folder) == ("named", tmp_path / "etc")
    assert load_config("plugbus.toml", environ=environ).bus.source == "default"
    assert load_config(environ={"PLUGBUS_CONFIG": ""}).bus.source == "default"


def test_the_process_s_environment_is_the_default(write, monkeypatch):
    write("")
    monkeypatch.setenv("PLUGBUS_BUS__SOURCE", "from-environ")
    assert load_config().bus.source == "from-environ"


def test_a_mapping_is_a_configuration_whose_paths_are_relative_to_the_given_folder(tmp_path):
    config = load_config({"bus": {"source": "x"}, "plugins": {"a": {}}}, environ={}, folder=tmp_path)
    assert (config.path, config.folder, config.bus.source, list(config.plugins)) == (None, tmp_path, "x", ["a"])


def test_a_missing_file_that_the_variable_names_is_an_error_that_says_so(write):
    write("")
    lines = failure(environ={"PLUGBUS_CONFIG": "nowhere.toml"})
    assert lines == (
        "nowhere.toml  PLUGBUS_CONFIG\n  there is no such configuration file. PLUGBUS_CONFIG names it\n"
        "1 problem. Nothing was started."
    )


def test_a_missing_file_given_in_code_is_an_error(write):
    assert failure("nowhere.toml").startswith("nowhere.toml\n  there is no such")


def test_a_folder_in_place_of_a_file_is_an_error(write, tmp_path):
    write("", "sub/x")
    assert "sub\n  the configuration file cannot be read: Is a directory" in failure("sub")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_an_error(write):
    write("").chmod(0)
    assert "cannot be read: Permission denied" in failure()


def test_a_file_that_is_no_utf_8_is_an_error_with_the_byte_s_place(write):
    write(b"[bus]\nsource = 'M\xfcller'\n")
    lines = failure()
    assert lines.startswith("plugbus.toml:2:12\n    2 | source = 'M\ufffdller'\n                   ^\n")
    assert "the file is not valid UTF-8: invalid start byte (byte 0xfc). Save it as UTF-8" in lines


def test_a_file_with_windows_line_ends_and_a_byte_order_mark_is_read(write):
    write(b"\xef\xbb\xbf[bus]\r\nsource = 'x'\r\nsorce = 'y'\r\n")
    config = load_config(environ={})
    assert "plugbus.toml:3:1  bus.sorce\n    3 | sorce = 'y'\n        ^^^^^\n" in config.problems[0].report


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("[bus]\nsource = \n", "plugbus.toml:2:10", "this is no TOML: Invalid value"),
        ("[bus\n", "plugbus.toml:1:5", "this is no TOML: Expected ']'"),
        ("a = 1\na = 2\n", "plugbus.toml:2:6", "this is no TOML: Cannot overwrite a value"),
        ("a = 'x", "plugbus.toml:1:7", "this is no TOML: Expected"),
        ('a = """x\ny\n', "plugbus.toml:2:2", "this is no TOML: "),
        ("\x00", "plugbus.toml:1:1", "this is no TOML: Invalid statement"),
    ],
)
def test_a_syntax_error_is_shown_with_line_and_column(write, text, place, said):
    write(text)
    lines = failure()
    assert lines.startswith(place + "\n")
    assert said in lines


def test_a_file_nested_beyond_reason_is_an_error_not_a_crash(write):
    write("a = " + "[" * 100_000)
    assert "no usable TOML: it is nested too deeply" in failure()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bus = 3", "the settings of [bus] expects a table, got an integer"),
        ("plugins = 3", "plugins expects a table"),
        ("[plugins]\naudit = true", "plugins.audit expects a table"),
        ("[bus]\nplugins = 'audit'", "expects 'installed' or a list, each item a string, got the string 'audit'"),
        ("[bus]\nplugins = ['audit', 3]", "setting 'plugins[1]' of [bus] expects a string, got the integer 3"),
        ("[plugins.a]\nafter = 'b'", "setting 'after' of plugin a expects a list, each item a string"),
    ],
)
def test_problems_of_the_host_s_part_are_kept_for_one_report_with_those_of_plugins(write, text, said):
    write(text + "\n")
    config = load_config(environ={})
    assert said in str(config.problems[0])
    with pytest.raises(ConfigurationError):
        config.check()


def test_what_is_right_in_bus_holds_in_spite_of_what_is_wrong(write):
    write("[bus]\nplugins = ['audit']\nsource = 3\nmax_pending = 0\n")
    config = load_config(environ={})
    assert len(config.problems) == 2
    assert (config.bus.plugins, config.bus.source, config.bus.max_pending) == (("audit",), None, 10_000)


def test_disabled_plugins_are_read_from_their_variable():
    assert load_config({}, environ={"PLUGBUS_DISABLE": "audit, cache,"}).disabled == {"audit", "cache"}


def test_a_home_folder_in_the_file_s_name_is_expanded(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write("[bus]\nsource = 'home'\n", "x.toml")
    assert load_config(Path("~/x.toml"), environ={}).bus.source == "home"
