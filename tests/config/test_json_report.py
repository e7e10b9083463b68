from __future__ import annotations

import json

import attrs
import pytest

from plugbus.config import option
from plugbus.config.report import as_json, problem_as_json
from plugbus.errors import ConfigurationError, PluginHookError, Problem


@attrs.frozen
class Settings:
    path: str = option("a.db", help="a path")
    token: str = option("", help="opens it", secret=True)


def test_the_report_is_there_as_data(settings):
    with pytest.raises(ConfigurationError) as caught:
        settings(Settings, "[plugins.audit]\n\npth = 'x'\n", {"PLUGBUS_PLUGINS__AUDIT__PAHT": "y"})
    assert as_json(caught.value) == {
        "message": "Nothing was started.",
        "problems": [
            {
                "file": None,
                "line": None,
                "column": None,
                "location": "PLUGBUS_PLUGINS__AUDIT__PAHT",
                "message": "the environment variable names no setting of plugin audit (plugbus-audit 0.1.0)",
                "hint": "Did you mean 'PLUGBUS_PLUGINS__AUDIT__PATH'?",
                "plugin": "audit",
                "distribution": "plugbus-audit 0.1.0",
                "hook": None,
            },
            {
                "file": "plugbus.toml",
                "line": 3,
                "column": 1,
                "location": "plugins.audit.pth",
                "message": "unknown setting 'pth' of plugin audit (plugbus-audit 0.1.0)",
                "hint": "Did you mean 'path'?",
                "plugin": "audit",
                "distribution": "plugbus-audit 0.1.0",
                "hook": None,
            },
        ],
    }


@pytest.mark.parametrize("text", ["tokn = 'hunter2'", "token = ['hunter2']", "token = 'hunter2"])
def test_no_secret_is_in_it(settings, text):
    with pytest.raises(ConfigurationError) as caught:
        settings(Settings, f"[plugins.audit]\n{text}\nwhat = 1\n")
    assert "hunter2" not in json.dumps(as_json(caught.value))


def test_the_error_of_a_hook_names_plugin_and_hook():
    error = PluginHookError("hook 'handlers' raised", plugin="audit", hook="handlers", distribution="plugbus-audit 1")
    found = problem_as_json(error)
    assert (found["message"], found["plugin"], found["hook"], found["distribution"]) == (
        "hook 'handlers' raised",
        "audit",
        "handlers",
        "plugbus-audit 1",
    )


def test_groups_within_the_group_and_strange_errors_are_in_it_too():
    inner = ExceptionGroup("inner", [ValueError("boom")])
    group = ConfigurationError("Nothing was started.", [Problem("wrong"), inner])
    assert [problem["message"] for problem in as_json(group)["problems"]] == ["wrong", "ValueError: boom"]
