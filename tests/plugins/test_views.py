from __future__ import annotations

import json
import sys

import pytest
from jsonschema import Draft202012Validator

from plugbus.errors import ConfigurationError
from plugbus.plugins.host import PluginHost
from plugbus.plugins.views import check_plugins, config_schema, view_plugin


LOUD = "raise SystemExit('imported')"
GOOD = '''
@attrs.frozen
class Settings:
    size: int = option(1, help="how much")
    token: str = option("", help="opens it", secret=True)

class P(Plugin[Settings]):
    """
    Tells the weather.

    At length.
    """

    api = 1

    @hookimpl
    def handlers(self): return ()

    def health(self): return Health("ok")
'''


@pytest.fixture
def look(site, configure):
    """Look into the plugin one, of a given source."""

    def look(source, text="[plugins.one]\n", environ=None, **options):
        site.add("demo-one", source)
        return view_plugin(configure(text, environ), "one", **options)

    return look


def values(view):
    return {one.name: one.value for one in view.settings}


def test_a_plugin_that_is_on_is_shown_with_all_that_it_is(look):
    view = look(GOOD, "[plugins.one]\nsize = 3\ntoken = 'hunter2'\n")
    assert (view.record.name, str(view.record.state), view.record.distribution) == ("one", "ready", "demo-one")
    assert view.reason == "it has a table (plugbus.toml:1:10)"
    assert view.summary == "Tells the weather."
    assert view.hooks == ("handlers", "health")
    assert values(view) == {"size": 3, "token": "***"}
    assert [one.name for one in view.host] == ["enabled", "required", "before", "after", "distribution"]
    assert "hunter2" not in json.dumps(view.as_json())


@pytest.mark.parametrize(
    ("text", "environ", "options", "state", "reason"),
    [
        ("", {}, {}, "installed", "the configuration has no table for it"),
        ("[bus]\nplugins = []\n[plugins.one]\n", {}, {}, "installed", "the list `plugins` of [bus] does not name it"),
        ("[plugins.one]\nenabled = false\n", {}, {}, "off", "`enabled = false` (plugbus.toml:2)"),
        ("[plugins.one]\n", {"PLUGBUS_DISABLE": "one"}, {}, "off", "PLUGBUS_DISABLE names it"),
        ("[plugins.one]\n", {}, {"disabled": ["one"]}, "off", "it is switched off in this call"),
        (
            "[plugins.one]\n",
            {"PLUGBUS_PLUGINS__ONE__ENABLED": "0"},
            {},
            "off",
            "`enabled = false` (PLUGBUS_PLUGINS__ONE__ENABLED)",
        ),
    ],
)
def test_a_plugin_that_is_not_on_is_not_imported_and_it_is_said_why(look, text, environ, options, state, reason):
    view = look(LOUD, text, environ, **options)
    assert (str(view.record.state), view.record.selected, view.record.version) == (state, False, "1.0")
    assert view.reason == reason
    assert (view.summary, view.hooks, view.record.problems) == (None, None, ())
    assert "demo_one" not in sys.modules


def test_of_a_plugin_that_is_off_what_is_given_is_named_but_not_shown(look):
    view = look(LOUD, "[plugins.one]\nenabled = false\ntoken = 'hunter2'\n")
    assert values(view) == {"token": "***"}


def test_who_asks_for_it_may_look_into_a_plugin_that_is_off(look):
    view = look(GOOD, "[plugins.one]\nenabled = false\nsize = 3\n", load=True)
    assert (str(view.record.state), view.record.selected) == ("off", False)
    assert values(view) == {"size": 3, "token": "***"}
    assert view.hooks == ("handlers", "health")


def test_a_list_and_installed_are_reasons_too(site, configure):
    site.add("demo-one", GOOD)
    listed = view_plugin(configure("[bus]\nplugins = ['one']\n"), "one")
    assert listed.reason == "the list `plugins` of [bus] names it (plugbus.toml:2:12)"
    everything = view_plugin(configure("[bus]\nplugins = 'installed'\n"), "one")
    assert everything.reason == "all plugins that are installed are on"


@pytest.mark.parametrize(
    ("source", "state", "said"),
    [
        ("1 / 0", "broken", "ZeroDivisionError"),
        ("class P(Plugin['Later']):\n    api = 1", "broken", "not in quotes"),
        ("class P(Plugin[dict]):\n    api = 1", "broken", "is no attrs class"),
        ("class P(Plugin[None]):\n    pass", "incompatible", "does not say for which generation"),
    ],
)
def test_a_broken_plugin_is_shown_as_far_as_it_goes(look, source, state, said):
    view = look(source, "[plugins.one]\nsize = 'hunter2'\n")
    assert (str(view.record.state), view.record.selected) == (state, True)
    assert said in view.record.problem.message
    assert view.host
    assert "hunter2" not in json.dumps(view.as_json())


def test_wrong_settings_are_shown_beside_what_is_wrong_with_them(look):
    view = look(GOOD, "[plugins.one]\nsize = 'x'\nwhat = 1\n")
    assert str(view.record.state) == "bad_settings"
    assert len(view.record.problems) == 2
    assert values(view) == {"size": "x", "token": "***"}
    assert [problem["line"] for problem in view.as_json()["problems"]] == [3, 2]


def test_a_plugin_without_settings_has_none(look):
    assert look("class P(Plugin[None]):\n    api = 1").settings == ()


def test_a_plugin_that_nobody_knows_is_missing_with_a_suggestion(site, configure):
    site.add("demo-weather", LOUD)
    view = view_plugin(configure(""), "wether")
    assert (str(view.record.state), view.record.selected) == ("missing", False)
    assert view.record.problem.hint == "Did you mean 'weather'?"


def test_the_first_of_two_distributions_with_one_name_is_not_taken_for_the_plugin(site, configure):
    site.add("demo-one", LOUD)
    site.add("other-one", LOUD, name="one")
    view = view_plugin(configure("[plugins.one]\n"), "one")
    assert str(view.record.state) == "broken"
    assert "is offered by demo-one 1.0 and other-one 1.0" in view.record.problem.message


def test_a_check_tells_what_from_config_would_raise_and_raises_nothing(site, configure):
    site.add("demo-one", "1 / 0")
    site.add("demo-two", "1 / 0")
    site.add("demo-three", GOOD)
    text = "[bus]\nsource = 1\n[plugins.one]\n[plugins.two]\nrequired = false\n[plugins.three]\nsize = 3\n"
    config = configure(text)
    check = check_plugins(config)
    with pytest.raises(ConfigurationError) as caught:
        PluginHost.load(config)
    assert str(check.error) == str(caught.value)
    assert {record.name: str(record.state) for record in check.records if record.selected} == {
        "one": "broken",
        "two": "broken",
        "three": "ready",
    }
    assert check.arrangement.names == ("three",)
    assert [problem.message for problem in check.problems] == [
        "setting 'source' of [bus] expects a string, got the integer 1"
    ]
    assert [one.value for one in check.settings["three"]] == [3, "***"]


def test_a_check_of_what_is_right_finds_nothing(site, configure):
    site.add("demo-one", GOOD)
    check = check_plugins(configure("[plugins.one]\n"))
    assert check.error is None
    assert check.problems == ()


def test_a_host_shows_the_settings_of_its_plugins(site, load):
    site.add("demo-one", GOOD)
    host = load("[plugins.one]\ntoken = 'x'\n")
    assert {name: [one.value for one in views] for name, views in host.settings.items()} == {"one": [1, "***"]}
    assert host.problems == ()


def test_the_schema_holds_the_settings_of_the_plugins_that_are_on(site, configure):
    site.add("demo-one", GOOD)
    site.add("demo-two", LOUD)
    site.add("demo-three", "class P(Plugin[None]):\n    api = 1")
    schema = config_schema(configure("[plugins.one]\n[plugins.three]\n"))
    assert {"plugin.one", "plugin.three"} <= set(schema["$defs"])
    assert "plugin.two" not in schema["$defs"]
    valid = Draft202012Validator(schema).is_valid
    assert valid({"plugins": {"one": {"size": 3}, "two": {"whatever": 1}}})
    assert not valid({"plugins": {"one": {"size": "3"}}})
    assert not valid({"plugins": {"three": {"size": 3}}})
    assert "demo_two" not in sys.modules


def test_the_schema_may_hold_those_of_all_that_are_installed(site, configure):
    site.add("demo-one", GOOD)
    site.add("demo-two", "1 / 0")
    schema = config_schema(configure(""), load_all=True)
    assert "plugin.one" in schema["$defs"]
    assert "plugin.two" not in schema["$defs"]
    assert schema["properties"]["plugins"]["properties"]["two"]["$comment"]


def test_the_schema_is_there_however_wrong_the_configuration_is(site, configure):
    site.add("demo-one", GOOD)
    schema = config_schema(configure("bus = 1\n[plugins.one]\nsize = 'x'\n[plugins.gone]\n"))
    assert "plugin.one" in schema["$defs"]
