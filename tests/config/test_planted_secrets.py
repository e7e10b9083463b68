"""Values that may be secrets, planted wherever a report could quote them."""

from __future__ import annotations

import json
import textwrap
import traceback

import attrs
import pytest

from plugbus.config import HOST_KEYS, Owner, load_config, option
from plugbus.config.report import as_json
from plugbus.config.settings import HostSettings
from plugbus.errors import ConfigurationError
from plugbus.plugins.host import PluginHost


OWNER = Owner.of_plugin("audit", "plugbus-audit 0.1.0")
SECRET = "planted-hunter2"


@attrs.frozen
class Settings:
    password: str = option("", help="opens it", secret=True)
    user: str = option("me", help="who")


def test_the_keys_of_the_host_are_those_of_its_settings():
    assert tuple(field.name for field in attrs.fields(HostSettings)) == HOST_KEYS


def forms(error):
    """Every form in which a report may reach somebody."""
    problems = [error, *error.exceptions]
    return {
        "text": str(error),
        "json": json.dumps(as_json(error)),
        "repr": repr(problems),
        "traceback": "".join(traceback.format_exception(error)),
        "reports": "".join(problem.report for problem in error.exceptions),
    }


@pytest.mark.parametrize(
    "text",
    [
        "[plugins.audit]\nhots = 'S'\n",
        "[plugins.audit]\nhots = ['S', 'S']\n",
        "[plugins.audit]\nhots = [\n  'S',\n]\n",
        "[plugins.audit]\nhots = { inner = 'S' }\n",
        "[plugins.audit]\nhots.inner = 'S'\n",
        "[plugins]\naudit.hots.inner = 'S'\n",
        "[plugins]\naudit = { user = 3, hots = 'S' }\n",
        "[plugins]\naudit = { hots = 'S', user = 3 }\n",
        "[plugins]\naudit = { enabled = 3, hots = 'S' }\n",
        "[plugins]\naudit = { hots = 'S', enabled = 3 }\n",
        "[plugins]\naudit = { user = 'S', enabled = 3 }\n",
        "plugins = { audit = { user = 3, password = 'S' }, other = { user = 'S' } }\n",
        "plugins = { other = { user = 'S' }, audit = { user = 3 } }\n",
        "[plugins.audit.hots]\npassword = 'S'\n",
        "[[plugins.audit.hots]]\npassword = 'S'\n",
        "[plugin]\naudit = { password = 'S' }\n",
        "[bus]\nhots = 'S'\n",
    ],
)
def test_what_a_key_that_nobody_knows_holds_is_in_no_form_of_the_report(write, text):
    write(text.replace("S", SECRET))
    config = load_config(environ={})
    read = config.settings_for(config.table("audit"), Settings, OWNER)
    error = ConfigurationError("Nothing was started.", [*config.problems, *read.problems])
    for form, told in (*forms(error).items(), ("config", repr(config))):
        assert SECRET not in told, form
    assert "plugbus.toml:" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "[plugins]\nabsent = { user = 'S' }\n",
        "[plugins]\nabsent = { user = 'S', distribution = 'x' }\n",
        "[plugins]\nabsent.user = 'S'\n",
        "bus = { plugins = ['absent'], source = 3 }\nplugins = { absent = { user = 'S' } }\n",
        "plugins = { absent = { user = 'S' }, absent2 = { user = 'S' } }\n",
    ],
)
def test_the_settings_of_a_plugin_that_cannot_be_asked_are_in_no_form_of_the_report(write, text):
    write(text.replace("'S'", f"'{SECRET}'"))
    with pytest.raises(ConfigurationError) as caught:
        PluginHost.load(load_config(environ={}))
    for form, told in forms(caught.value).items():
        assert SECRET not in told, form


def test_of_a_pyproject_nothing_of_others_is_quoted(write):
    write(f"tool = {{ other = {{ key = '{SECRET}' }}, plugbus = {{ bus = {{ sorce = 1 }} }} }}\n", "pyproject.toml")
    with pytest.raises(ConfigurationError) as caught:
        load_config(environ={}).check()
    assert SECRET not in str(forms(caught.value))


@pytest.mark.parametrize(
    "text",
    [
        "[plugins.audit]\nhots = 'S\n",
        "[plugins.audit]\nhots = S\n",
        "[plugins.audit]\nhots = 'S' x\n",
        "[plugins.audit]\nhots = [\n  'S' 'S'\n]\n",
        "[plugins.audit]\nhots = '''\nS''' x\n",
        "[plugins.audit]\nS\n",
        "hots = S\n[bus]\n",
        "[other]\nhots = S\n[bus]\n",
        "[bus]\ntoken = S\n",
    ],
)
def test_what_stands_in_a_line_that_is_no_toml_is_in_no_form_of_the_report(write, text):
    write(text.replace("S", SECRET))
    with pytest.raises(ConfigurationError) as caught:
        load_config(environ={})
    for form, told in forms(caught.value).items():
        assert SECRET not in told, form
    assert "this is no TOML" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[bus]\nsource = shop\n", "2 | source = shop\n                 ^"),
        ("[tool.plugbus.bus]\nsource = shop\n", "2 | source = shop\n                 ^"),
        ("[plugins.audit]\npath = audit.db\n", "2 | path = ***\n               ^"),
        ("[plugins.audit\npath = 'x'\n", "1 | [plugins.audit\n                      ^"),
    ],
)
def test_where_it_stands_is_shown_all_the_same(write, text, shown):
    write(text)
    with pytest.raises(ConfigurationError) as caught:
        load_config(environ={})
    assert shown in str(caught.value)


def test_what_is_known_to_be_no_secret_is_shown(report):
    text = report(Settings, "[plugins.audit]\nuser = 3\npassword = 4\n")
    assert (
        textwrap.dedent("""\
        plugbus.toml:2:8  plugins.audit.user
            2 | user = 3
                       ^
        """)
        in text
    )
    assert "3 | password = ***" in text


def test_a_variable_for_a_setting_that_nobody_knows_is_named_without_its_value(write):
    write("[plugins.audit]\n")
    config = load_config(environ={"PLUGBUS_PLUGINS__AUDIT__HOTS": SECRET})
    error = ConfigurationError("", config.settings_for(config.table("audit"), Settings, OWNER).problems)
    assert "PLUGBUS_PLUGINS__AUDIT__HOTS" in str(error)
    assert SECRET not in str(forms(error))
