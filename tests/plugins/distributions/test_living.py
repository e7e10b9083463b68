"""Plugins that come and go: installed, switched off, uninstalled; and commands where everything is broken."""

from __future__ import annotations

import pytest


GOOD = "class P(Plugin[None]):\n    api = 1\n"
LOUD = "raise SystemExit('imported')"
WEATHER = ("demo-weather", "weather", GOOD + "    def health(self): return Health('ok')")
BROKEN = (
    ("demo-raises", "raises", "1 / 0"),
    ("demo-syntax", "syntax", "def (:"),
    ("demo-exits", "exits", LOUD),
    ("demo-later", "later", LOUD, ("plugbus>=9",)),
    ("demo-api", "api", "class P(Plugin[None]):\n    api = 9"),
)


def test_a_plugin_is_installed_switched_on_and_uninstalled(environments, tmp_path):
    environment = environments.of(WEATHER)
    text = "[plugins.weather]\ndistribution = 'demo-weather'\n"
    assert environment.run(tmp_path, text)["states"] == {"weather": "started"}
    assert environment.run(tmp_path, "")["states"] == {}
    environment.pip("uninstall", "--yes", "demo-weather")
    found = environment.run(tmp_path, text)
    assert found["report"] == (
        "plugbus.toml:1:10  plugins.weather\n"
        "    1 | [plugins.weather]\n"
        "                 ^^^^^^^\n"
        "  plugin 'weather' is not installed. Install it: pip install demo-weather\n"
        "1 problem. Nothing was started."
    )
    found = environment.run(tmp_path, text + "required = false\n")
    assert (found["report"], found["states"]) == (None, {"weather": "missing"})


def test_one_of_ours_that_is_not_installed_gets_its_line_without_being_told(environments, tmp_path):
    found = environments.of().run(tmp_path, "[plugins.audit]\n")
    assert "plugin 'audit' is not installed. Install it: pip install plugbus-audit\n" in found["report"]


@pytest.mark.parametrize(
    ("text", "environ"),
    [
        ("[plugins.raises]\nenabled = false\nwhat = 1\n", {}),
        ("[plugins.raises]\n[plugins.syntax]\n", {"PLUGBUS_DISABLE": "raises,syntax"}),
        ("[bus]\nplugins = []\n[plugins.raises]\n", {}),
        ("", {}),
    ],
)
def test_a_plugin_that_is_off_is_never_imported(environments, tmp_path, text, environ):
    found = environments.of(*BROKEN).run(tmp_path, text, **environ)
    assert (found["report"], found["modules"]) == (None, [])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--version"], 0, "plugbus "),
        (["--help"], 0, "publish"),
        (["plugins"], 1, "incompatible"),
        (["plugins", "--format", "json"], 1, '"incompatible"'),
    ],
)
def test_the_command_line_works_with_every_plugin_broken(environments, tmp_path, arguments, code, said):
    tables = "".join(f"[plugins.{name}]\n" for _, name, *_ in BROKEN)
    (tmp_path / "plugbus.toml").write_text(tables)
    finished = environments.of(*BROKEN).call(tmp_path, "-m", "plugbus", *arguments)
    assert finished.returncode == code, finished.stderr
    assert said in finished.stdout
    assert "Traceback" not in finished.stdout + finished.stderr
