"""Each way in which a stranger's plugin is wrong, installed for real, with the exact report on it."""

from __future__ import annotations

import json

import attrs
import pytest

from plugbus._version import __version__


GOOD = """
class P(Plugin[None]):
    api = 1
"""
LOUD = "raise SystemExit('imported')"


@attrs.frozen
class Case:
    """
    A plugin that is wrong.

    Args:
        name: The plugin; its distribution is `demo-<name>`.
        source: Its module.
        state: What becomes of it.
        said: What is wrong, as the report puts it.
        location: What the report names, if it is not the plugin's table.
        requires: What its distribution requires.
        starts: Whether it is only found when the bus starts.
    """

    name: str
    source: str
    state: str
    said: str
    location: str = ""
    requires: tuple[str, ...] = ()
    starts: bool = False

    def configuration(self, *, required):
        text = f"[bus]\nstart_timeout = 0.2\n[plugins.good]\n[plugins.{self.name}]\n"
        return text + ("" if required else "required = false\n")


CASES = {
    "raises at import": Case(
        "raises",
        "\nraise RuntimeError('no such luck')",
        "broken",
        "plugin raises (demo-raises 1.0) cannot be imported from demo_raises:P: "
        "RuntimeError: no such luck (SITE/demo_raises.py:4)",
    ),
    "has a syntax error": Case(
        "syntax",
        "def (:",
        "broken",
        "plugin syntax (demo-syntax 1.0) cannot be imported from demo_syntax:P: "
        "SyntaxError: invalid syntax (demo_syntax.py, line 3)",
    ),
    "is written for another api": Case(
        "api",
        "class P(Plugin[None]):\n    api = 2",
        "incompatible",
        "plugin api (demo-api 1.0) was written for api 2 of the hooks, this plugbus serves api 1. Upgrade plugbus",
    ),
    "requires another plugbus": Case(
        "later",
        LOUD,
        "incompatible",
        f"plugin later (demo-later 1.0) requires plugbus>=9,<10, this is plugbus {__version__}. "
        'Upgrade plugbus: pip install "plugbus>=9,<10"',
        requires=("plugbus<10,>=9",),
    ),
    "has bad default settings": Case(
        "defaults",
        "@attrs.frozen\nclass S:\n    n: int = option(0, help='x', validator=attrs.validators.ge(1))\n\n"
        "class P(Plugin[S]):\n    api = 1",
        "bad_settings",
        "the default of setting 'n' of plugin defaults (demo-defaults 1.0) is refused: 'n' must be >= 1: 0",
        location=".n",
    ),
    "misspells a hook": Case(
        "misspelt",
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    def handlrs(self): ...",
        "broken",
        "plugin misspelt (demo-misspelt 1.0): there is no hook 'handlrs'. Did you mean 'handlers'?",
    ),
    "has a hook with a wrong signature": Case(
        "signature",
        "class P(Plugin[None]):\n    api = 1\n    @hookimpl\n    def handlers(self, bus, context): ...",
        "broken",
        "plugin signature (demo-signature 1.0): hook 'handlers' takes 'bus', but may take 'context' only, by name",
    ),
    "needs what is not installed": Case(
        "needy",
        "import demo_absent",
        "broken",
        "plugin needy (demo-needy 1.0) cannot be imported from demo_needy:P: ModuleNotFoundError: "
        "No module named 'demo_absent' (SITE/demo_needy.py:3). "
        'It requires what is not installed: pip install "demo-absent>=1"',
        requires=("plugbus", "demo-absent>=1", "attrs"),
    ),
}
LATER = {
    "raises in handlers": Case(
        "handlers",
        GOOD + "    def handlers(self):\n        yield from ()\n        raise ValueError('no handlers today')",
        "broken",
        "hook 'handlers' of plugin handlers (demo-handlers 1.0) raised ValueError: no handlers today",
    ),
    "hangs in lifespan": Case(
        "hangs",
        "import asyncio\nfrom contextlib import asynccontextmanager\n"
        + GOOD
        + "    @hookimpl\n    @asynccontextmanager\n    async def lifespan(self):\n"
        "        await asyncio.Event().wait()\n        yield",
        "degraded",
        "hook 'lifespan' of plugin hangs (demo-hangs 1.0) was not up after 0.2 s. "
        "If it needs longer, raise `start_timeout` of [bus]",
        starts=True,
    ),
    "needs a service that nobody offers": Case(
        "service",
        "from contextlib import asynccontextmanager\nclass Weather: ...\n"
        + GOOD
        + "    @hookimpl\n    @asynccontextmanager\n    async def lifespan(self, context):\n"
        "        context.bus.service(Weather)\n        yield",
        "degraded",
        "hook 'lifespan' of plugin service (demo-service 1.0) raised ServiceNotFound: "
        "no plugin of this bus offers a Weather; offered: none",
        starts=True,
    ),
}
# All of them lie side by side, as they may in somebody's environment: what is not looked at must not be imported.
PROJECTS = (
    ("demo-good", "good", GOOD),
    ("demo-loud", "loud", LOUD),
    *((f"demo-{case.name}", case.name, case.source, case.requires) for case in (CASES | LATER).values()),
    ("demo-twin", "twin", LOUD),
    ("other-twin", "twin", LOUD),
    ("demo-one", "one", GOOD + "    after = ('two',)"),
    ("demo-two", "two", GOOD + "    after = ('one',)"),
)


@pytest.fixture
def outcome(environments, tmp_path):
    """What comes of a configuration in the environment that holds all these plugins."""
    return lambda text: environments.of(*PROJECTS).run(tmp_path, text)


def selected(found, *names):
    return {name: found["states"][name] for name in names}


def of(cases):
    return pytest.mark.parametrize("case", cases.values(), ids=cases)


@of(CASES)
def test_a_plugin_that_is_wrong_and_required_is_reported_and_nothing_is_started(outcome, case):
    found = outcome(case.configuration(required=True))
    assert found["report"] == (
        f"plugbus.toml:4:10  plugins.{case.name}{case.location}\n"
        f"    4 | [plugins.{case.name}]\n"
        f"                 {'^' * len(case.name)}\n"
        f"  {case.said}\n"
        "1 problem. Nothing was started."
    )
    (problem,) = found["data"]["problems"]
    assert (problem["file"], problem["line"], problem["column"]) == ("plugbus.toml", 4, 10)
    assert (problem["plugin"], problem["distribution"]) == (case.name, f"demo-{case.name} 1.0")
    assert found["told"] == []
    assert set(found["modules"]) <= {"demo_good", f"demo_{case.name}"}


@of(CASES | LATER)
def test_a_plugin_that_is_wrong_and_optional_is_left_out_with_one_warning(outcome, case):
    found = outcome(case.configuration(required=False))
    assert found["report"] is None
    assert selected(found, "good", case.name, "loud") == {"good": "started", case.name: case.state, "loud": "installed"}
    (warning,) = (line for line in found["told"] if line.startswith("WARNING"))
    assert warning.endswith(case.said)
    assert f"plugin {case.name}" in warning
    assert set(found["modules"]) <= {"demo_good", f"demo_{case.name}"}


@of(LATER)
def test_a_plugin_that_fails_later_names_itself_and_its_hook(outcome, case):
    found = outcome(case.configuration(required=True))
    if case.starts:
        assert found["report"] == f"PluginHookError: plugin {case.name} could not be started: {case.said}"
    else:
        assert found["report"] == f"{case.said}\n1 problem. Nothing was started."
        assert found["data"]["problems"][0]["hook"] == "handlers"
    assert set(found["modules"]) == {"demo_good", f"demo_{case.name}"}


def test_two_distributions_that_claim_one_name_are_both_named_and_neither_is_imported(outcome):
    found = outcome("[plugins.good]\n[plugins.twin]\n")
    assert found["report"] == (
        "plugbus.toml:2:10  plugins.twin\n"
        "    2 | [plugins.twin]\n"
        "                 ^^^^\n"
        "  plugin 'twin' is offered by demo-twin 1.0 and other-twin 1.0. "
        'Write distribution = "..." into [plugins.twin] to say which, or uninstall one\n'
        "1 problem. Nothing was started."
    )
    assert found["modules"] == ["demo_good"]
    found = outcome("[plugins.good]\n[plugins.twin]\nrequired = false\n")
    assert (found["report"], found["states"]["twin"]) == (None, "broken")
    assert found["modules"] == ["demo_good"]


def test_two_plugins_that_form_a_cycle_are_told_with_who_says_what(outcome):
    found = outcome("[plugins.good]\n[plugins.one]\n[plugins.two]\n")
    assert found["report"] == (
        "plugbus.toml:2:10  plugins.one\n"
        "    2 | [plugins.one]\n"
        "                 ^^^\n"
        "  the order of plugins closes a cycle: one before two (`after` of plugin two (demo-two 1.0)), "
        "two before one (`after` of plugin one (demo-one 1.0)). "
        "`before` and `after` in the tables of plugins overrule what plugins wish\n"
        "1 problem. Nothing was started."
    )
    found = outcome("[plugins.good]\n[plugins.one]\nrequired = false\n[plugins.two]\n")
    assert found["report"] is None
    assert selected(found, "good", "one", "two") == {"good": "started", "one": "bad_order", "two": "started"}
    found = outcome("[plugins.good]\n[plugins.one]\nafter = ['two']\n[plugins.two]\n")
    assert (found["report"], found["states"]["one"]) == (None, "started")


# --- the command line, with all of them on

NUMBERS = {"missing": "PB102", "incompatible": "PB103", "broken": "PB104", "bad_settings": "PB105"}
NAMES = ("good", "absent", "twin", "one", "two", *(case.name for case in (CASES | LATER).values()))
CONFIGURATION = "[bus]\nstart_timeout = 0.2\n" + "".join(f"[plugins.{name}]\n" for name in NAMES)


@pytest.fixture
def plugbus(environments, tmp_path):
    """Call `plugbus` in the environment that holds all these plugins, with all of them on."""

    def plugbus(*arguments, configuration=CONFIGURATION, code=0):
        (tmp_path / "plugbus.toml").write_text(configuration, encoding="utf-8")
        (tmp_path / "plugbus.toml").chmod(0o600)
        done = environments.of(*PROJECTS).call(tmp_path, "-m", "plugbus", *arguments, COLUMNS="80")
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    return plugbus


def test_help_and_version_import_nothing(plugbus):
    assert "twin" in plugbus("--help").stdout
    assert plugbus("--version").stderr == ""


def test_the_list_has_the_state_of_each(plugbus):
    found = {one["name"]: one["state"] for one in json.loads(plugbus("plugins", "--format", "json", code=1).stdout)}
    assert {name: found[name] for name in ("good", "absent", "twin", "one", "two", "loud")} == {
        "good": "ready",
        "absent": "missing",
        "twin": "broken",
        "one": "bad_order",
        "two": "bad_order",
        "loud": "installed",
    }
    assert {case.name: found[case.name] for case in CASES.values()} == {
        case.name: case.state for case in CASES.values()
    }
    assert {found[case.name] for case in LATER.values()} == {"ready"}


def test_the_doctor_names_each_with_its_number(plugbus):
    report = json.loads(plugbus("doctor", "--format", "json", code=1).stdout)
    found = {(one["plugin"], one["number"]) for one in report["findings"] if one["severity"] == "error"}
    broken = {(case.name, NUMBERS[case.state]) for case in CASES.values()}
    assert found == broken | {("absent", "PB102"), ("twin", "PB104"), ("one", "PB106")}


@pytest.mark.parametrize("case", LATER.values(), ids=LATER)
def test_the_doctor_finds_what_fails_later(plugbus, case):
    text = case.configuration(required=True)
    report = json.loads(plugbus("doctor", "--live", "--format", "json", configuration=text, code=1).stdout)
    (error,) = (one for one in report["findings"] if one["severity"] == "error")
    assert (error["number"], error["plugin"]) == ("PB104", case.name)
    assert error["message"].endswith(case.said.rstrip("."))


def test_a_check_of_the_configuration_reports_all(plugbus):
    answer = json.loads(plugbus("config", "check", "--format", "json", code=2).stdout)
    assert {problem["plugin"] for problem in answer["problems"]} == {
        "absent",
        "twin",
        "one",
        *(case.name for case in CASES.values()),
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_can_be_shown(plugbus, case):
    view = json.loads(plugbus("plugins", "show", case.name, "--format", "json", code=1).stdout)
    assert view["state"] == case.state
    assert case.said.startswith(view["problems"][0]["message"].partition(" (/")[0])
