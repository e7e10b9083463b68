"""What `--format json` answers where there is nothing to answer but what is wrong."""

from __future__ import annotations

import json

import pytest


COMMANDS = (
    ("events",),
    ("events", "user.login"),
    ("events", "--plan", "user.login"),
    ("plugins", "order"),
    ("config", "show"),
    ("plugins", "show", "raises"),
    ("publish", "-"),
)
BROKEN = (
    "from plugbus.plugins import Plugin\nprint('hello')\nclass ThePlugin(Plugin[None]):\n"
    "    api = 1\n    def __init__(self, settings, context): 1 / 0\n"
)


def answer(folder, command, code=2):
    done = folder.run(*command, "--format", "json", code=code)
    return json.loads(done.out), done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_no_toml_is_told_as_config_check_tells_it(folder, command):
    folder.write("plugbus.toml", "[bus\n")
    found, shown = answer(folder, command)
    assert found == answer(folder, ("config", "check"))[0]
    assert found["problems"][0]["message"].startswith("this is no TOML")
    assert (found["problems"][0]["file"], found["problems"][0]["line"]) == ("plugbus.toml", 1)
    assert "plugbus.toml:1" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_there_is_told(folder, command):
    (problem,) = answer(folder, ("--config", "absent.toml", *command))[0]["problems"]
    assert problem["message"] == "there is no such configuration file"


@pytest.mark.parametrize("command", [command for command in COMMANDS if command[:2] != ("plugins", "show")])
def test_a_broken_plugin_is_told_as_config_check_tells_it(folder, command):
    folder.install_plugin("raises", BROKEN)
    folder.write("plugbus.toml", "[plugins.raises]\n")
    found, _ = answer(folder, command)
    expected, _ = answer(folder, ("config", "check"))
    assert {key: found[key] for key in expected} == expected
    assert "cannot be constructed: ZeroDivisionError" in found["problems"][0]["message"]


def test_show_tells_of_a_broken_plugin_what_is_wrong_with_it(folder):
    folder.install_plugin("raises", BROKEN)
    folder.write("plugbus.toml", "[plugins.raises]\n")
    (problem,) = answer(folder, ("plugins", "show", "raises"), code=1)[0]["problems"]
    assert "cannot be constructed: ZeroDivisionError" in problem["message"]


@pytest.mark.parametrize("command", [("events",), ("plugins", "order"), ("publish", "-")])
def test_an_application_that_cannot_be_imported_is_told(folder, command):
    found, _ = answer(folder, (*command, "--app", "shop:bus"))
    assert not found["fine"]
    assert "there is no module shop" in found["problems"][0]["message"]


def test_a_configuration_that_is_fine_says_so_beside_its_settings(folder):
    folder.write("plugbus.toml", "")
    found, _ = answer(folder, ("config", "show"), code=0)
    assert (found["fine"], found["problems"], found["left_out"], found["plugins"]) == (True, [], {}, {})
