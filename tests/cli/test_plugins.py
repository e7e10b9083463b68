"""`plugbus plugins`, and the command groups of plugins."""

from __future__ import annotations

import json

import pytest


GREETER = """
import click
from plugbus.plugins import Plugin, hookimpl


class ThePlugin(Plugin[None]):
    api = 1

    @hookimpl
    def commands(self):
        @click.command()
        @click.option("--name", default="world")
        def greet(name):
            "Say hello."
            print(f"hello {name} from {self.context.folder.name}")

        @click.command()
        @click.pass_context
        def fail(ctx):
            ctx.exit(1)

        return [greet, fail]
"""
BROKEN = "raise RuntimeError('imported')\n"


@pytest.fixture
def greeter(folder):
    """A plugin that is installed and switched on."""
    folder.install_plugin("greeter", GREETER)
    folder.write("plugbus.toml", "[plugins.greeter]\n")
    return folder


@pytest.fixture
def broken(folder):
    """A plugin that cannot be imported, switched on."""
    folder.install_plugin("broken", BROKEN)
    folder.write("plugbus.toml", "[plugins.broken]\n")
    return folder


def listed(done):
    return {plugin["name"]: plugin for plugin in json.loads(done.out)}


# --- plugbus plugins


@pytest.mark.parametrize("arguments", [[], ["list"]])
def test_plugins_are_listed_with_distribution_version_and_state(greeter, arguments):
    greeter.install_plugin("spare", BROKEN, version="2.5", project="spare-parts")
    rows = [line.split() for line in greeter.run("plugins", *arguments).out.splitlines()]
    assert ["greeter", "acme-greeter", "1.0", "yes", "ready"] in rows
    assert ["spare", "spare-parts", "2.5", "no", "installed"] in rows


@pytest.mark.parametrize("arguments", [["--format", "json"], ["list", "--format", "json"]])
def test_plugins_are_listed_as_json(greeter, arguments):
    assert listed(greeter.run("plugins", *arguments))["greeter"] == {
        "name": "greeter",
        "distribution": "acme-greeter",
        "version": "1.0",
        "on": True,
        "state": "ready",
        "required": True,
        "problems": [],
    }


@pytest.mark.parametrize("arguments", [["plugins"], ["plugins", "list"]])
def test_a_plugin_that_is_on_and_broken_is_a_finding(broken, arguments):
    plugin = listed(broken.run(*arguments, "--format", "json", code=1))["broken"]
    assert plugin["state"] == "broken"
    assert plugin["problems"][0].startswith(
        "plugbus.toml:1:10: plugin broken (acme-broken 1.0) cannot be imported from broken_plugin:ThePlugin: "
        "RuntimeError: imported"
    )


@pytest.mark.parametrize("arguments", [["plugins"], ["plugins", "list"]])
def test_listing_imports_no_plugin_if_told_not_to(broken, arguments):
    done = broken.run(*arguments, "--no-import", "--format", "json")
    assert listed(done)["broken"]["state"] == "installed"


def test_listing_imports_no_plugin_that_is_not_on(broken):
    broken.write("plugbus.toml", "[bus]\n")
    assert listed(broken.run("plugins", "--format", "json"))["broken"]["state"] == "installed"


def test_what_plugins_print_when_they_are_imported_does_not_spoil_the_json(greeter):
    greeter.install_plugin("greeter", f"print('here I am')\n{GREETER}")
    done = greeter.run("plugins", "--format", "json")
    assert listed(done)["greeter"]["state"] == "ready"
    assert done.err == "here I am\n"


def test_a_plugin_that_is_switched_off_is_listed_so(broken):
    done = broken.run("-p", "no:broken", "plugins", "--format", "json")
    assert listed(done)["broken"]["state"] == "off"
    done = broken.run("plugins", "--format", "json", env={"PLUGBUS_DISABLE": "broken"})
    assert listed(done)["broken"]["state"] == "off"


def test_a_plugin_that_is_named_and_not_installed_is_a_finding(folder):
    folder.write("plugbus.toml", "[plugins.weather]\n")
    done = folder.run("plugins", code=1)
    assert "missing" in done.out
    assert "plugbus.toml:1:10" in done.out
    assert "plugin 'weather' is not installed" in done.out
    (problem,) = listed(folder.run("plugins", "--format", "json", code=1))["weather"]["problems"]
    assert problem.startswith("plugbus.toml:1:10: plugin 'weather' is not installed")


def test_two_distributions_that_claim_one_name_are_a_finding_that_names_both(greeter):
    greeter.install_plugin("greeter", BROKEN, module="other_greeter", project="other-greeter")
    done = greeter.run("plugins", code=1)
    assert "acme-greeter 1.0 and other-greeter 1.0" in done.out


@pytest.mark.parametrize("text", ["[plugins.greeter\n", "[bus]\nnonsense = 1\n\n[plugins.greeter]\n"])
def test_a_wrong_configuration_is_reported_below_the_list(greeter, text):
    greeter.write("plugbus.toml", text)
    done = greeter.run("plugins", code=2)
    assert "acme-greeter" in done.out
    assert "plugbus.toml:" in done.err
    assert "Traceback" not in done.err


def test_where_no_plugin_is_installed_the_list_says_how_to_get_one(bare):
    assert bare.run("plugins").out == "No plugin is installed. The first one to try: pip install plugbus-audit\n"
    assert listed(bare.run("plugins", "--format", "json")) == {}


# --- plugbus <plugin>


def test_the_commands_of_a_plugin_are_called_by_its_name(greeter):
    assert greeter.run("greeter", "greet", "--name", "Ada").out == f"hello Ada from {greeter.path.name}\n"


def test_the_exit_code_of_a_plugins_command_is_kept(greeter):
    greeter.run("greeter", "fail", code=1)


def test_a_plugins_group_has_help(greeter):
    out = greeter.run("greeter", "--help").out
    assert "Usage: plugbus greeter" in out
    assert "Say hello." in out


def test_help_lists_plugins_and_imports_none(broken):
    broken.install_plugin("spare", BROKEN)
    lines = [line.strip() for line in broken.run("--help").out.splitlines()]
    assert "broken  Commands of acme-broken 1.0" in lines
    assert "spare   (acme-spare 1.0: not switched on)" in lines


@pytest.mark.parametrize("text", ["[plugins.greeter\n", "[plugins]\ngreeter = 1\n", "[bus]\nplugins = 7\n", "\xff"])
def test_help_and_version_work_with_any_configuration(greeter, text):
    (greeter.path / "plugbus.toml").write_text(text, encoding="latin-1")
    assert "greeter" in greeter.run("--help").out
    greeter.run("--version")
    greeter.run("publish", "--help")


def test_help_takes_the_configuration_that_is_named_before_it(greeter):
    greeter.write("other.toml", "[bus]\n")
    assert "not switched on" in greeter.run("--config", "other.toml", "--help").out


def test_a_plugin_that_is_not_switched_on_says_how_to(greeter):
    greeter.write("plugbus.toml", "[bus]\n")
    err = greeter.run("greeter", "greet", code=2).err
    assert "plugin greeter is installed, but not switched on" in err
    assert "    [plugins.greeter]\n" in err


def test_a_plugin_that_is_not_in_the_list_says_how_to_get_in(greeter):
    greeter.write("plugbus.toml", "[bus]\nplugins = []\n")
    err = greeter.run("greeter", "--help", code=2).err
    assert "Add 'greeter' to the list `plugins` of [bus]" in err


@pytest.mark.parametrize(
    ("toml", "arguments"),
    [("[plugins.greeter]\nenabled = false\n", []), ("[plugins.greeter]\n", ["-p", "no:greeter"])],
)
def test_a_plugin_that_is_switched_off_says_so(greeter, toml, arguments):
    greeter.write("plugbus.toml", toml)
    assert "plugin greeter is switched off" in greeter.run(*arguments, "greeter", "greet", code=2).err


def test_a_broken_plugin_is_reported_when_it_is_called(broken):
    err = broken.run("broken", "anything", code=2).err
    assert "RuntimeError: imported" in err
    assert "acme-broken 1.0" in err
    assert "Traceback" not in err


def test_a_plugin_works_while_others_are_broken(greeter):
    greeter.install_plugin("broken", BROKEN)
    greeter.write("plugbus.toml", "[plugins.broken]\n[plugins.greeter]\n[plugins.absent]\n")
    assert greeter.run("greeter", "greet").out.startswith("hello world")


def test_a_plugin_whose_commands_cannot_be_made_is_reported(folder):
    folder.install_plugin("odd", GREETER.replace("return [greet, fail]", "raise LookupError('no commands today')"))
    folder.write("plugbus.toml", "[plugins.odd]\n")
    err = folder.run("odd", "greet", code=2).err
    assert "no commands today" in err
    assert "commands" in err
    assert "Traceback" not in err


def test_a_plugin_that_is_named_and_not_installed_is_reported_when_it_is_called(folder):
    folder.write("plugbus.toml", "[plugins.weather]\n")
    assert "plugin 'weather' is not installed" in folder.run("weather", "show", code=2).err
    assert "weather  (missing)" in folder.run("--help").out


def test_a_plugin_cannot_take_the_name_of_a_command(folder):
    folder.install_plugin("publish", GREETER)
    folder.write("plugbus.toml", "[plugins.publish]\n")
    assert "Publish the events of FILE" in folder.run("publish", "--help").out


def test_an_unknown_command_of_a_plugin_is_an_error(greeter):
    assert "No such command 'dance'" in greeter.run("greeter", "dance", code=2).err


def test_a_variable_that_switches_nothing_off_is_told_beside_the_answer(folder):
    source = "from plugbus.plugins import Plugin\nclass ThePlugin(Plugin[None]):\n    api = 1\n"
    folder.install_plugin("weather", source)
    folder.write("plugbus.toml", "[plugins.weather]\n")
    for command in (["plugins", "--format", "json"], ["config", "check", "--format", "json"]):
        done = folder.run(*command, env={"PLUGBUS_DISABLE": "wether"})
        json.loads(done.out)
        assert done.err == "PLUGBUS_DISABLE names 'wether', which is no plugin here. Did you mean 'weather'?\n"
