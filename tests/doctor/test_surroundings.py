from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest

from plugbus.config import load_config
from plugbus.doctor import Severity, examine
from plugbus.doctor._surroundings import TESTED, python


ROOT = Path(__file__).resolve().parents[2]
GOOD = "class P(Plugin[None]):\n    api = 1\n"
SECRETIVE = """
@attrs.frozen
class Server:
    token: str | None = option(None, help="x", secret=True)

@attrs.frozen
class S:
    password: str = option("", help="x", secret=True)
    server: Server = option(Server(), help="x")
    servers: list[Server] = option(factory=list, help="x")

class P(Plugin[S]):
    api = 1
"""


def of(report, number):
    return [one for one in report.findings if one.number == number]


@pytest.mark.parametrize(("version", "count"), [((3, 10), 1), ((3, 11), 0), ((3, 13), 0), ((3, 14), 1), ((4, 0), 1)])
def test_a_version_of_python_that_is_not_tested_is_a_note(version, count):
    assert len(list(python(version))) == count


def test_the_tested_versions_are_those_that_the_distribution_names():
    classifiers = tomllib.loads((ROOT / "core/pyproject.toml").read_text())["project"]["classifiers"]
    named = [line.rpartition(" ")[2] for line in classifiers if line.startswith("Programming Language :: Python :: 3.")]
    assert [".".join(map(str, version)) for version in TESTED] == [named[0], named[-1]]


@pytest.mark.parametrize(
    ("name", "number", "remedy"),
    [
        ("PLUGBUS_PLUGINS__WETHER__PATH", "PB202", "Did you mean 'weather'?"),
        ("PLUGBUS_PLUGINS__OFF__PATH", "PB202", "Switch the plugin on, or remove the variable"),
        ("PLUGBUS_PLUGINS__WEATHER", "PB203", "Correct its name, or remove it"),
        ("PLUGBUS_PLUGINS__weather__PATH", "PB203", "Correct its name, or remove it"),
        ("PLUGBUS_SOURCE", "PB203", "Did you mean 'PLUGBUS_BUS__SOURCE'?"),
        ("PLUGBUS_DISABEL", "PB203", "Did you mean 'PLUGBUS_DISABLE'?"),
        ("PLUGBUS_ZZZ", "PB203", "Correct its name, or remove it"),
    ],
)
def test_a_variable_without_effect_is_found_with_what_was_meant(install, configure, name, number, remedy):
    install("weather", GOOD)
    install("off", GOOD)
    report = examine(config=configure("[plugins.weather]\n[plugins.off]\nenabled = false\n", {name: "x"}))
    found = [one for one in report.findings if one.place == name]
    assert [(one.number, one.severity, one.remedy) for one in found] == [(number, Severity.WARNING, remedy)]


def test_a_name_in_the_variable_that_switches_off_is_checked(install, configure):
    install("weather", GOOD)
    report = examine(config=configure("[plugins.weather]\n", {"PLUGBUS_DISABLE": "wether, audit,weather,"}))
    assert [(one.message, one.remedy) for one in of(report, "PB203")] == [
        ("PLUGBUS_DISABLE names 'wether', which is no plugin here", "Did you mean 'weather'?")
    ]


def test_variables_with_an_effect_are_fine(install, configure):
    install("weather", "@attrs.frozen\nclass S:\n    size: int = option(1, help='x')\n\n" + GOOD.replace("None", "S"))
    environ = {"PLUGBUS_BUS__SOURCE": "shop", "PLUGBUS_PLUGINS__WEATHER__SIZE": "3", "PLUGBUS_CONFIG": "plugbus.toml"}
    report = examine(config=configure("[plugins.weather]\n", environ))
    assert not of(report, "PB202") + of(report, "PB203")


needs_posix = pytest.mark.skipif(os.name != "posix", reason="the rights of POSIX")


@needs_posix
def test_a_file_that_others_may_write_to_is_found(configure):
    config = configure("")
    assert not of(examine(config=config), "PB204")
    config.path.chmod(0o666)
    (finding,) = of(examine(config=config), "PB204")
    assert (finding.message, finding.place) == ("everybody may write to it: -rw-rw-rw-", str(config.path))
    assert finding.remedy == f"chmod o-w {config.path}"


@needs_posix
def test_a_file_in_a_folder_in_which_others_may_replace_it_is_found(configure):
    config = configure("")
    config.folder.chmod(0o777)
    (finding,) = of(examine(config=config), "PB204")
    assert finding.message == "everybody may replace it: its folder is drwxrwxrwx"
    config.folder.chmod(0o1777)
    assert not of(examine(config=config), "PB204")


@needs_posix
@pytest.mark.parametrize(("mode", "severity"), [(0o600, Severity.NOTE), (0o644, Severity.WARNING)])
@pytest.mark.parametrize(
    "text", ["password = 'hunter2'", "server.token = 'hunter2'", "servers = [{}, {token = 'hunter2'}]"]
)
def test_a_secret_in_the_file_is_found_and_is_worse_if_all_may_read_it(install, configure, text, mode, severity):
    install("one", SECRETIVE)
    config = configure(f"[plugins.one]\n{text}\n")
    config.path.chmod(mode)
    report = examine(config=config)
    (finding,) = of(report, "PB205")
    assert (finding.severity, finding.place, finding.plugin) == (severity, "plugbus.toml:2", "one")
    assert "hunter2" not in json.dumps(report.as_json())


def test_a_secret_from_elsewhere_is_fine(install, configure):
    install("one", SECRETIVE)
    Path("secret").write_text("x")
    config = configure("[plugins.one]\npassword_file = 'secret'\n", {"PLUGBUS_PLUGINS__ONE__SERVER__TOKEN": "x"})
    assert not of(examine(config=config), "PB205")


def test_what_is_given_to_a_plugin_that_cannot_be_imported_is_not_called_a_secret(install, configure):
    install("one", "1 / 0")
    assert not of(examine(config=configure("[plugins.one]\nsize = 1\n")), "PB205")


def test_a_plugin_of_ours_that_is_installed_and_not_used_is_a_note(install, configure):
    install("guards", GOOD, project="plugbus-guards")
    install("weather", GOOD)
    found = of(examine(config=configure("")), "PB206")
    assert "plugbus-guards 1.0 is installed, but plugin guards is not on" in [one.message for one in found]
    assert not [one for one in found if one.plugin == "weather"]
    for text in ("[plugins.guards]\n", "[plugins.guards]\nenabled = false\n"):
        found = of(examine(config=configure(text)), "PB206")
        assert not [one for one in found if one.plugin == "guards"]


def test_an_installation_from_a_working_folder_is_a_note(install, configure):
    info = install("one", GOOD)
    origin = {"url": "file:///src/one", "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(origin))
    install("two", GOOD)
    found = of(examine(config=configure("[plugins.one]\n[plugins.two]\n")), "PB207")
    assert [one.message for one in found if one.plugin] == ["demo-one is installed in place from file:///src/one"]


def test_a_plugin_in_a_group_that_is_nearly_the_right_one_is_found(install, configure):
    info = install("one", GOOD)
    groups = ("plugbus.plugins", "plugbus.plugin", "plugbus_plugins", "plugbus.sinks", "plugins")
    (info / "entry_points.txt").write_text("".join(f"[{group}]\none = demo_one:P\n" for group in groups))
    found = of(examine(config=configure("[plugins.one]\n")), "PB208")
    assert [(one.message, one.remedy) for one in found] == [
        (
            f"demo-one 1.0 offers 'one' in the group {group!r} of entry points, which plugbus does not read",
            "Did you mean 'plugbus.plugins'?",
        )
        for group in ("plugbus.plugin", "plugbus_plugins")
    ]


def test_a_configuration_given_in_code_has_no_file_to_look_at(tmp_path):
    assert examine(config=load_config({}, environ={}, folder=tmp_path)).fine
