"""What only a plugin can check: problems that it raises itself, with the place in the file."""

from __future__ import annotations

import textwrap

import pytest

from plugbus.bus import EventBus
from plugbus.config import load_config
from plugbus.doctor.examination import examine
from plugbus.errors import ConfigurationError, Problem
from plugbus.plugins.host import PluginHost


TOML = """\
[plugins.one]
password = "hunter2"
rules = [
    {region = "xx", class = "a"},
    {region = "de"},
]
"""
SETTINGS = """
@attrs.frozen
class Rule:
    region: str = option(help="region")
    class_: str = option("none", help="class")

@attrs.frozen
class S:
    rules: tuple[dict[str, object], ...] = option((), help="rules")
    password: str = option("", help="password", secret=True)
"""


def raising(where, body):
    method = f"def {where}(self, {'settings, ' if where == '__init__' else ''}context):\n"
    return (
        SETTINGS
        + "class P(Plugin[S]):\n    api = 1\n"
        + textwrap.indent(method + textwrap.indent(body, "    "), "    ")
    )


def report(load, text, environ=None):
    with pytest.raises(ConfigurationError) as caught:
        EventBus_of(load(text, environ))
    return caught.value


def EventBus_of(host):
    bus = EventBus()
    host.contributions(bus)
    return bus


PLACED = 'raise context.problem("there is no region", "rules", 0, "region", hint="Did you mean \'de\'?")'


@pytest.mark.parametrize("where", ["__init__", "handlers", "middleware", "services"])
def test_a_problem_that_a_plugin_raises_at_set_up_names_the_line(site, load, where):
    site.add("demo-one", raising(where, PLACED))
    error = report(load, TOML)
    problem = error.exceptions[0]
    assert isinstance(problem, Problem)
    assert str(error).splitlines() == [
        "plugbus.toml:4:15  plugins.one.rules[0].region",
        '    4 |     {region = "xx", class = "a"},',
        "                      ^^^^",
        "  there is no region. Did you mean 'de'?",
        "1 problem. Nothing was started.",
    ]
    assert (problem.plugin, problem.distribution) == ("one", "demo-one 1.0")


@pytest.mark.parametrize("where", ["__init__", "middleware"])
def test_several_problems_are_shown_in_one_report(site, load, where):
    body = (
        "from plugbus.errors import ConfigurationError\n"
        'raise ConfigurationError("", [context.problem("one", "rules", 0), context.problem("two", "rules", 1)])'
    )
    site.add("demo-one", raising(where, body))
    assert [one.line for one in report(load, TOML).exceptions] == [4, 5]


def test_a_plugin_that_may_be_left_out_is_left_out_with_bad_settings(site, load, caplog):
    site.add("demo-one", raising("__init__", PLACED))
    site.add("demo-two", "class P(Plugin[None]):\n    api = 1\n")
    host = load(TOML.replace("[plugins.one]", "[plugins.one]\nrequired = false") + "[plugins.two]\n")
    assert [(record.name, record.state) for record in host.records][:2] == [("two", "ready"), ("one", "bad_settings")]
    assert "there is no region" in caplog.text


def test_a_secret_beside_the_place_is_not_shown(site, load):
    site.add("demo-one", raising("__init__", 'raise context.problem("bad", "password")'))
    error = report(load, TOML)
    assert "hunter2" not in str(error)
    assert error.exceptions[0].line == 2


def test_a_table_inside_is_read_as_strictly_as_the_settings(site, load):
    body = "context.table.read(Rule, {**settings.rules[0], 'regoin': 1}, 'rules', 0)"
    site.add("demo-one", raising("__init__", body))
    problem = report(load, TOML).exceptions[0]
    assert problem.line == 4
    assert (
        "unknown setting 'regoin' of rules[0] of plugin one (demo-one 1.0). Did you mean 'region'?" in problem.summary
    )


def test_a_field_named_like_a_keyword_has_the_key_without_the_underscore(site, load):
    body = "self.rule = context.table.read(Rule, settings.rules[0], 'rules', 0)\nassert self.rule.class_ == 'a'"
    site.add("demo-one", raising("__init__", body))
    load(TOML)


def test_what_the_environment_gave_is_named_by_its_variable(site, load):
    body = 'assert context.position("password") == "PLUGBUS_PLUGINS__ONE__PASSWORD"\n'
    site.add("demo-one", raising("__init__", body + 'raise context.problem("too short", "password")'))
    error = report(load, TOML, {"PLUGBUS_PLUGINS__ONE__PASSWORD": "x"})
    assert str(error.exceptions[0]) == "PLUGBUS_PLUGINS__ONE__PASSWORD: too short"


def test_a_position_is_file_and_line(site, load):
    body = 'assert context.position("rules", 1, "region") == "plugbus.toml:5", context.position("rules", 1, "region")'
    site.add("demo-one", raising("__init__", body))
    load(TOML)


def test_the_context_of_a_hook_tells_the_order_of_the_plugins(site, load):
    site.add("demo-one", raising("handlers", "assert context.order == ('two', 'one'), context.order\nreturn []"))
    site.add("demo-two", "class P(Plugin[None]):\n    api = 1\n")
    EventBus_of(load("[plugins.two]\n" + TOML))


def test_a_plugin_says_which_events_it_publishes(site, load):
    site.add("demo-one", "class P(Plugin[None]):\n    api = 1\n    publishes = ('thing.*',)\n")
    assert load("[plugins.one]\n").records[0].publishes == ("thing.*",)


@pytest.mark.parametrize(("publishes", "told"), [("'thing.*'", "expected a tuple"), ("('thing',)", "is no pattern")])
def test_a_wrong_publishes_is_a_problem_of_the_plugin(site, load, publishes, told):
    site.add("demo-one", f"class P(Plugin[None]):\n    api = 1\n    publishes = {publishes}\n")
    assert told in str(report(load, "[plugins.one]\n"))


OBSERVING = """
from plugbus.plugins import Observation
class P(Plugin[None]):
    api = 1
    @hookimpl
    def examine(self, context):
        {body}
"""


def examined(site, configure, body):
    site.add("demo-one", OBSERVING.format(body=body))
    host = PluginHost.load(configure("[plugins.one]\n"))
    return [finding for finding in examine(None, host).findings if finding.number in {"PB403", "PB104"}]


def test_what_a_plugin_observes_is_a_finding_of_the_doctor(site, configure):
    body = 'yield Observation("it is late", "Go to bed", context.position(), "note")'
    (finding,) = examined(site, configure, body)
    assert (finding.number, finding.message, finding.severity) == ("PB403", "it is late", "note")
    assert (finding.place, finding.plugin, finding.remedy) == ("plugbus.toml:1", "one", "Go to bed")


@pytest.mark.parametrize("body", ["raise ValueError('no')", "yield 'text'"])
def test_a_hook_examine_that_fails_is_a_finding_too(site, configure, body):
    (finding,) = examined(site, configure, body)
    assert finding.number == "PB104"
    assert "hook 'examine' of plugin one (demo-one 1.0)" in finding.message


def test_configuration_given_in_code_has_no_lines(site, tmp_path):
    site.add("demo-one", raising("__init__", PLACED))
    with pytest.raises(ConfigurationError) as caught:
        PluginHost.load(load_config({"plugins": {"one": {"rules": [{"region": "xx"}]}}}))
    assert str(caught.value.exceptions[0]) == "plugins.one.rules[0].region: there is no region. Did you mean 'de'?"
