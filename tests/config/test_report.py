from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Literal

import attrs
import pytest

from plugbus.config import option
from plugbus.errors import ConfigurationError, Problem


@attrs.frozen
class Sink:
    kind: Literal["file", "database"] = option("file", help="where to")


@attrs.frozen
class AuditSettings:
    path: Path = option(Path("audit.db"), help="where the trail is kept")
    flush_every: int = option(100, help="events before a write", validator=attrs.validators.ge(1))
    sinks: list[Sink] = option(factory=list, help="more of them")


@attrs.frozen
class Strict:
    needed: str = option(help="has to be given")
    limit: int = option(1, help="a positive number", validator=attrs.validators.ge(1))


def test_the_report_has_the_form_of_the_design(report):
    text = "[bus]\nsource = 'shop'\n\n[plugins.audit]\npath = 'var/audit.db'\n\nflush_evry = 100\n"
    assert report(AuditSettings, text) == textwrap.dedent("""\
        plugbus.toml:7:1  plugins.audit.flush_evry
            7 | flush_evry = 100
                ^^^^^^^^^^
          unknown setting 'flush_evry' of plugin audit (plugbus-audit 0.1.0). Did you mean 'flush_every'?
        1 problem. Nothing was started.""")


def test_a_wrong_value_is_marked_itself_however_deep_it_stands(report):
    text = '[plugins.audit]\nsinks = [{kind = "file"}, {kind = "databse"}]\n'
    lines = report(AuditSettings, text).split("\n")
    assert lines[0] == "plugbus.toml:2:35  plugins.audit.sinks[1].kind"
    assert lines[1].index('"databse"') == lines[2].index("^") == 42
    assert lines[2].count("^") == len('"databse"')
    assert lines[3] == (
        "  setting 'sinks[1].kind' of plugin audit (plugbus-audit 0.1.0) expects one of 'file', 'database', "
        "got the string 'databse'. Did you mean 'database'?"
    )


def test_every_problem_of_the_file_and_the_environment_is_in_one_report(report):
    text = "[bus]\nsource = 1\n[plugins.audit]\nflush_every = '7'\nwhat = 1\nrequired = 3\n[plugin.x]\n"
    lines = report(AuditSettings, text, {"PLUGBUS_PLUGINS__AUDIT__PATH": "", "PLUGBUS_BUS__MAX_PENDING": "many"})
    assert lines.endswith("7 problems. Nothing was started.")
    for part in (
        "unknown table 'plugin'. Did you mean 'plugins'?",
        "setting 'source' of [bus] expects a string, got the integer 1",
        "PLUGBUS_BUS__MAX_PENDING\n  setting 'max_pending' of [bus] expects an integer, got the string 'many'",
        "setting 'required' of plugin audit expects true or false, got the integer 3",
        "expects an integer, got the string '7'",
        "unknown setting 'what' of plugin audit (plugbus-audit 0.1.0). Known settings: flush_every, path, sinks",
        "PLUGBUS_PLUGINS__AUDIT__PATH\n  setting 'path' of plugin audit (plugbus-audit 0.1.0) expects a path",
    ):
        assert part in lines


def test_a_missing_setting_points_to_the_table_and_names_the_variable(report):
    lines = report(Strict, "[plugins.audit]\n")
    assert lines.startswith("plugbus.toml:1:10  plugins.audit.needed\n    1 | [plugins.audit]\n")
    assert "is missing; it expects a string" in lines
    assert "environment variable PLUGBUS_PLUGINS__AUDIT__NEEDED" in lines


def test_a_validator_s_refusal_is_reported_beside_what_is_missing(report):
    lines = report(Strict, "[plugins.audit]\nlimit = 0\n")
    assert "setting 'limit' of plugin audit (plugbus-audit 0.1.0) is refused: 'limit' must be >= 1: 0" in lines
    assert "is missing" in lines


def test_every_refused_value_is_reported_not_only_the_first(report):
    @attrs.frozen
    class Two:
        a: int = option(1, help="a", validator=attrs.validators.ge(1))
        b: int = option(1, help="b", validator=attrs.validators.instance_of(int))
        c: int = option(1, help="c", validator=attrs.validators.le(5))

    lines = report(Two, "[plugins.audit]\na = 0\nb = 2\nc = 7\n")
    assert "plugbus.toml:2:5" in lines
    assert "plugbus.toml:4:5" in lines
    assert lines.endswith("2 problems. Nothing was started.")


def test_a_validator_that_looks_at_a_missing_setting_is_not_blamed_on_the_given_one(report):
    @attrs.frozen
    class Pair:
        low: int = option(help="low")
        high: int = option(1, help="high")

        @high.validator
        def _(self, attribute, value):
            if value < self.low:
                raise ValueError("high is below low")

    assert report(Pair, "[plugins.audit]\nhigh = 3\n").endswith("1 problem. Nothing was started.")
    lines = report(Pair, "[plugins.audit]\nhigh = 3\nlow = 4\n")
    assert lines.startswith("plugbus.toml:2:8  plugins.audit.high\n")


def test_a_value_that_is_refused_and_a_default_that_is_too_are_one_problem(report):
    @attrs.frozen
    class Stubborn:
        a: int | None = option(None, help="a", validator=attrs.validators.instance_of(int))

    assert report(Stubborn).endswith("1 problem. Nothing was started.")
    assert report(Stubborn, "[plugins.audit]\n", {"PLUGBUS_PLUGINS__AUDIT__A": ""}).count("is refused") == 1


def test_a_default_that_the_class_itself_refuses_is_called_so(report):
    @attrs.frozen
    class Bad:
        a: int = option(0, help="a", validator=attrs.validators.ge(1))

    assert "the default of setting 'a' of plugin audit (plugbus-audit 0.1.0) is refused" in report(Bad)


def test_a_refusal_that_concerns_several_settings_points_to_the_table(report):
    @attrs.frozen
    class Both:
        low: int = option(0, help="low")
        high: int = option(1, help="high")

        def __attrs_post_init__(self):
            if self.low > self.high:
                raise ValueError("low is above high")

    lines = report(Both, "[plugins.audit]\nlow = 3\n")
    assert lines.startswith("plugbus.toml:1:10  plugins.audit\n")
    assert "the settings of plugin audit (plugbus-audit 0.1.0) are refused: low is above high" in lines


def test_a_pyproject_is_located_with_its_own_lines_and_key_paths(write, settings):
    write("[project]\nname = 'x'\n[tool.plugbus.plugins.audit]\nflush_every = true\n", "pyproject.toml")
    with pytest.raises(ConfigurationError) as caught:
        settings(AuditSettings, "", source=Path("pyproject.toml"))
    assert str(caught.value).startswith("pyproject.toml:4:15  tool.plugbus.plugins.audit.flush_every\n")


def test_a_tab_before_the_key_keeps_the_caret_under_it(report):
    assert "\n    2 | \tpth = 1\n        \t^^^\n" in report(AuditSettings, "[plugins.audit]\n\tpth = 1\n")


def test_a_problem_says_the_same_in_one_line_for_a_log():
    problem = Problem("it is wrong", hint="Mend it", location="bus.x", file="a.toml", line=3, column=1)
    assert problem.summary == "a.toml:3:1: it is wrong. Mend it"
    assert Problem("it is wrong").summary == str(Problem("it is wrong")) == "it is wrong"


def test_a_mapping_given_in_code_is_reported_by_key_path_alone(report, settings):
    with pytest.raises(ConfigurationError) as caught:
        settings(AuditSettings, "", source={"plugins": {"audit": {"pth": 1}}})
    assert str(caught.value).startswith("plugins.audit.pth\n  unknown setting 'pth'")


def test_problems_can_be_caught_one_by_one(report, settings):
    caught = []
    try:
        settings(AuditSettings, "[plugins.audit]\na = 1\nb = 2\n")
    except* Problem as group:
        caught += group.exceptions
    assert [(problem.line, problem.plugin, problem.distribution) for problem in caught] == [
        (2, "audit", "plugbus-audit 0.1.0"),
        (3, "audit", "plugbus-audit 0.1.0"),
    ]


def test_an_uncaught_report_is_read_once(tmp_path):
    (tmp_path / "plugbus.toml").write_text("[bus]\nsourse = 'shop'\nsequential = 'yes'\n", encoding="utf-8")
    program = "from plugbus import EventBus\nEventBus.from_config()\n"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr.count("2 | sourse = 'shop'") == 1
    assert "  | plugbus.errors.ConfigurationError: plugbus.toml:2:1  bus.sourse\n" in done.stderr
    assert (
        "    | plugbus.errors.Problem: plugbus.toml:2:1: unknown setting 'sourse' of [bus]. Did you mean 'source'?\n"
    ) in done.stderr
