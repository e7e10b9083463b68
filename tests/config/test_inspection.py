"""Each setting with what it is now and where that comes from; no secret is ever in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import attrs
import pytest

from plugbus.config import load_config, option
from plugbus.config.inspection import view_bus, view_host, view_settings, view_unread


@attrs.frozen
class Server:
    host: str = option("localhost", help="where it is")
    token: str | None = option(None, help="opens it", secret=True)


@attrs.frozen
class Settings:
    path: Path = option(Path("a.db"), help="a path")
    size: int = option(1, help="a number", validator=attrs.validators.ge(1))
    kind: Literal["file", "net"] = option("file", help="where to")
    password: str = option("", help="opens it", secret=True)
    server: Server = option(Server(), help="a server")
    mirrors: tuple[Server, ...] = option((), help="more servers")
    weights: dict[str, int] = option(factory=dict, help="numbers by name")


@attrs.frozen
class Strict:
    needed: str = option(help="has to be given")
    size: int = option(1, help="a number")


@pytest.fixture
def view(write):
    """Look at the settings of the plugin audit, by their names."""

    def view(cls, text="", environ=None):
        write(text)
        config = load_config(environ=environ or {})
        return {one.name: one for one in view_settings(config, "audit", cls)}

    return view


def test_a_setting_is_shown_with_all_that_is_known_of_it(view, tmp_path):
    found = view(Settings, "[plugins.audit]\n\npath = 'b.db'\n")["path"]
    assert attrs.asdict(found) == {
        "name": "path",
        "help": "a path",
        "type": "a path",
        "default": "a.db",
        "required": False,
        "secret": False,
        "value": str(tmp_path / "b.db"),
        "source": "file",
        "origin": "plugbus.toml:3",
    }


def test_every_source_is_named(view, write):
    write("hunter2", "secret.txt")
    found = view(
        Settings,
        "[plugins.audit]\npassword_file = 'secret.txt'\nserver.host = 'a'\nweights = {a = 1}\n",
        {
            "PLUGBUS_PLUGINS__AUDIT__SIZE": "3",
            "PLUGBUS_PLUGINS__AUDIT__SERVER__TOKEN": "t",
            "PLUGBUS_PLUGINS__AUDIT__WEIGHTS__B": "2",
        },
    )
    assert {name: (one.source, one.origin) for name, one in found.items()} == {
        "path": ("default", "default"),
        "size": ("environment", "PLUGBUS_PLUGINS__AUDIT__SIZE"),
        "kind": ("default", "default"),
        "password": ("secret_file", "plugbus.toml:2: secret.txt"),
        "server.host": ("file", "plugbus.toml:3"),
        "server.token": ("environment", "PLUGBUS_PLUGINS__AUDIT__SERVER__TOKEN"),
        "mirrors": ("default", "default"),
        "weights": ("file", "plugbus.toml:4, PLUGBUS_PLUGINS__AUDIT__WEIGHTS__B"),
    }
    assert found["weights"].value == {"a": 1, "b": 2}


def test_a_table_that_the_environment_alone_gives_has_its_variables_as_origin(view):
    found = view(Settings, "", {"PLUGBUS_PLUGINS__AUDIT__WEIGHTS__B": "2"})["weights"]
    assert (found.source, found.origin) == ("environment", "PLUGBUS_PLUGINS__AUDIT__WEIGHTS__B")


def test_a_secret_s_file_may_be_named_by_the_environment(view, write):
    write("hunter2", "secret.txt")
    found = view(Settings, "", {"PLUGBUS_PLUGINS__AUDIT__PASSWORD_FILE": "secret.txt"})["password"]
    assert (found.source, found.value) == ("secret_file", "***")
    assert found.origin == "PLUGBUS_PLUGINS__AUDIT__PASSWORD_FILE: secret.txt"


SECRETS = """
[plugins.audit]
password = "hunter2"
server = {host = "a", token = "hunter2"}
mirrors = [{host = "b", token = "hunter2"}, {host = "c"}]
"""


@pytest.mark.parametrize("more", ["", "size = 'hunter2x'\n", "kind = 'nowhere'\n", "unknown = 1\n", "path = 3\n"])
def test_no_secret_is_in_what_is_shown(view, more):
    found = view(Settings, SECRETS + more)
    found.pop("size")
    text = json.dumps([one.as_json() for one in found.values()])
    assert "hunter2" not in text
    assert found["password"].value == found["server.token"].value == "***"
    assert found["mirrors"].value == [{"host": "b", "token": "***"}, {"host": "c"}]


@pytest.mark.parametrize(
    "text",
    [
        "mirrors = [{host = 1, token = 'hunter2'}]",
        "mirrors = 'hunter2'",
        "password = ['hunter2']",
        "server = 'hunter2'",
    ],
)
def test_a_secret_in_what_cannot_be_used_is_not_shown_either(view, text):
    found = view(Settings, f"[plugins.audit]\n{text}\n")
    assert "hunter2" not in json.dumps([one.as_json() for one in found.values()])


def test_of_settings_that_cannot_be_used_as_a_whole_each_is_shown_alone(view, tmp_path):
    found = view(Settings, "[plugins.audit]\nsize = 'many'\npath = 'b.db'\nkind = 'net'\nserver.host = 'a'\n")
    assert {name: one.value for name, one in found.items()} == {
        "path": str(tmp_path / "b.db"),
        "size": "many",
        "kind": "net",
        "password": "***",
        "server.host": "a",
        "server.token": None,
        "mirrors": [],
        "weights": {},
    }


def test_what_is_missing_is_called_so(view):
    found = view(Strict, "[plugins.audit]\nsize = 3\n")
    assert (found["needed"].source, found["needed"].value, found["needed"].required) == ("missing", None, True)
    assert (found["size"].source, found["size"].value) == ("file", 3)


def test_a_secret_s_file_that_cannot_be_read_is_still_named(view):
    found = view(Settings, "[plugins.audit]\npassword_file = 'gone.txt'\n")["password"]
    assert (found.source, found.value, found.origin) == ("secret_file", "***", "plugbus.toml:2: gone.txt")


def test_a_default_that_cannot_be_made_hides_nothing_else(view):
    @attrs.frozen
    class Broken:
        a: int = option(factory=lambda: 1 // 0, help="a")
        b: int = option(2, help="b")

    found = view(Broken)
    assert (found["a"].value, found["b"].value) == (None, 2)


def test_the_bus_s_settings_are_shown_in_the_same_way(write):
    write("[bus]\nmax_pending = 0\nsource = 'shop'\n")
    found = {one.name: one for one in view_bus(load_config(environ={"PLUGBUS_BUS__SOURCE": "store"}))}
    assert (found["source"].value, found["source"].origin) == ("store", "PLUGBUS_BUS__SOURCE")
    assert (found["max_pending"].value, found["max_pending"].origin) == (0, "plugbus.toml:2")
    assert (found["correlation"].value, found["correlation"].origin) == (True, "default")


def test_the_host_s_keys_of_a_table_are_shown_apart_from_the_plugin_s(write):
    write("[plugins.audit]\nrequired = false\nwhatever = 1\n")
    config = load_config(environ={"PLUGBUS_PLUGINS__AUDIT__ENABLED": "0", "PLUGBUS_PLUGINS__AUDIT__SIZE": "1"})
    found = {one.name: (one.value, one.origin) for one in view_host(config, "audit")}
    assert found == {
        "enabled": (False, "PLUGBUS_PLUGINS__AUDIT__ENABLED"),
        "required": (False, "plugbus.toml:2"),
        "before": ([], "default"),
        "after": ([], "default"),
        "distribution": (None, "default"),
    }


@pytest.mark.parametrize("text", ["bus = 1\n", "plugins = 1\n", "[plugins]\naudit = 1\n", "[bus]\nsource = 1\n"])
def test_a_file_of_the_wrong_shape_is_looked_at_all_the_same(write, text):
    write(text)
    config = load_config(environ={})
    assert view_bus(config)
    assert view_host(config, "audit")
    assert view_settings(config, "audit", Settings)


def test_of_an_unknown_plugin_only_the_names_of_what_is_given_are_shown(write):
    write("[plugins.audit]\nenabled = false\ntoken = 'hunter2'\n")
    config = load_config(environ={"PLUGBUS_PLUGINS__AUDIT__DSN": "hunter3", "PLUGBUS_PLUGINS__AUDIT__REQUIRED": "1"})
    assert [(one.name, one.value, one.origin, one.type) for one in view_unread(config, "audit")] == [
        ("token", "***", "plugbus.toml:3", None),
        ("dsn", "***", "PLUGBUS_PLUGINS__AUDIT__DSN", None),
    ]


def test_a_mapping_given_in_code_is_an_origin_too(tmp_path):
    config = load_config({"plugins": {"audit": {"size": 3}}}, environ={}, folder=tmp_path)
    found = {one.name: one.origin for one in view_settings(config, "audit", Settings)}
    assert found["size"] == "given in code"


def test_a_pyproject_has_its_own_lines(write):
    write("[project]\nname = 'x'\n[tool.plugbus.plugins.audit]\nsize = 3\n", "pyproject.toml")
    found = {one.name: one.origin for one in view_settings(load_config(environ={}), "audit", Settings)}
    assert found["size"] == "pyproject.toml:4"
