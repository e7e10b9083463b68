"""The reference names everything that there is, nothing that is not, and the right defaults."""

from __future__ import annotations

import inspect
import os
import re

import attrs
import click
import pytest

import plugbus
import plugbus.catalog
import plugbus.codec
import plugbus.errors
import plugbus.middleware
import plugbus.plugins
import plugbus.redaction
import plugbus.sqlite
import plugbus.testing
import plugbus.writing
import plugbus_audit
import plugbus_guards
import plugbus_guards.errors
from plugbus.cli import exits
from plugbus.cli.app import root
from plugbus.cli.plugin_groups import PluginGroup
from plugbus.config import key_of
from plugbus.config.settings import BusSettings, HostSettings
from plugbus.hookspecs import HookSpecs
from plugbus.testing import pytest_plugin
from plugbus_guards.guards import BUILT_IN
from plugbus_guards.settings import RuleSettings
from plugbus_guards.tokens.settings import TokenSettings


def shown(value):
    """Return a default as the reference writes it."""
    if value is attrs.NOTHING:
        return "none"
    if isinstance(value, os.PathLike):
        return f"`{value}`"
    return f"`{value!r}`".replace("<class 'Exception'>", "Exception")


def fields_of(cls):
    """Return the names of the fields of an attrs class with their defaults, as the reference writes them."""
    defaults = {key_of(field): field.default for field in attrs.fields(cls) if field.init}
    return {
        name: shown(default.factory() if isinstance(default, attrs.Factory) else default)
        for name, default in defaults.items()
    }


def settings_of(guard):
    return [field for field in attrs.fields(guard) if field.init]


def defaults_in(table):
    return {name: cells[0] for name, cells in table.items()}


@pytest.mark.parametrize("name", plugbus.__all__)
def test_every_public_name_is_in_the_reference(reference, name):
    assert name in reference.named()


@pytest.mark.parametrize(
    ("module", "page"),
    [
        (plugbus.catalog, "events"),
        (plugbus.codec, "codec"),
        (plugbus.middleware, "middleware"),
        (plugbus.plugins, "plugins"),
        (plugbus.testing, "testing"),
        (pytest_plugin, "testing"),
        (plugbus.redaction, "writing"),
        (plugbus.sqlite, "writing"),
        (plugbus.writing, "writing"),
        (plugbus_audit, "audit"),
        (plugbus_guards, "guards"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_name_of_the_other_public_modules_is_on_its_page(reference, module, page):
    assert set(module.__all__) <= reference.mentioned(page)


def test_every_error_is_described_with_its_bases(reference):
    described = {name: cells[0] for name, cells in reference.table("errors", "Errors").items()}
    errors = [getattr(plugbus.errors, name) for name in plugbus.errors.__all__]
    assert described == {error.__name__: bases_of(error) for error in errors}


def bases_of(cls):
    return ", ".join(f"`{base.__name__}`" for base in cls.__bases__)


def test_every_hook_is_described_with_its_argument(reference):
    hooks = {
        f"{name}({', '.join(list(inspect.signature(hook).parameters)[1:])})"
        for name, hook in vars(HookSpecs).items()
        if not name.startswith("_")
    }
    listed = set(re.findall(r"^\| `(\w+\(\w+\))`", reference.section("hooks", "Hooks"), re.MULTILINE))
    headed = {heading.strip("`") for heading in reference.headings("hooks") if "(" in heading}
    assert listed == headed == hooks


@pytest.mark.parametrize(
    ("cls", "page", "heading"),
    [
        (plugbus.Options, "subscribing", "`Options`"),
        (plugbus.Retry, "subscribing", "`Retry`"),
        (BusSettings, "configuration", "`[bus]`"),
        (HostSettings, "configuration", "`[plugins.NAME]`"),
        (plugbus_audit.AuditSettings, "audit", "Settings"),
        (plugbus_guards.GuardsSettings, "guards", "Settings"),
        (RuleSettings, "guards", "Rules"),
        (TokenSettings, "guards", "Tokens"),
        *((guard, "guards", f"`{name}`") for name, guard in BUILT_IN.items() if settings_of(guard)),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_option_and_setting_is_described_with_its_default(reference, cls, page, heading):
    assert defaults_in(reference.table(page, heading)) == fields_of(cls)


def test_every_guard_is_described_by_its_name_with_its_class(reference):
    for name, guard in BUILT_IN.items():
        assert f"`{guard.__name__}`" in reference.section("guards", f"`{name}`")


def test_every_denial_is_described_with_its_code_and_status(reference):
    described = {name: cells[:2] for name, cells in reference.table("guards", "Errors").items()}
    assert described.keys() == {cls.__name__ for cls in plugbus_guards.errors.CODES.values()}
    for code, cls in plugbus_guards.errors.CODES.items():
        assert described[cls.__name__][0] == f"`{code}`"
        assert described[cls.__name__][1].startswith(str(cls.status))


def test_every_argument_of_a_bus_is_described_with_its_default(reference):
    arguments = list(inspect.signature(plugbus.EventBus).parameters.values())
    described = defaults_in(reference.table("bus", "Building"))
    assert described == {argument.name: shown(argument.default) for argument in arguments}


@pytest.mark.parametrize(
    ("cls", "page", "heading"),
    [
        (plugbus.Envelope, "events", "`Envelope`"),
        (plugbus.HandlerFailure, "results", "`HandlerFailure`"),
        (plugbus.plugins.HookContext, "hooks", "`HookContext`"),
        (plugbus.plugins.PluginRecord, "plugins", "`PluginRecord`"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_field_of_a_value_is_described(reference, cls, page, heading):
    assert list(reference.table(page, heading)) == [field.name for field in attrs.fields(cls)]


def test_every_field_of_a_result_is_described(reference):
    fields = {field.name for field in attrs.fields(plugbus.PublishResult)}
    assert reference.table("results", "`PublishResult`").keys() == fields | {"ok"}


def test_every_member_of_a_bus_is_named_on_its_page(reference):
    members = {name for name in dir(plugbus.EventBus) if not name.startswith("_")}
    assert members <= reference.mentioned("bus")


def test_every_method_of_a_monitor_is_described(reference):
    methods = {name for name in vars(plugbus.middleware.Monitor) if not name.startswith("_")}
    assert reference.table("middleware", "Monitors").keys() == methods


def test_every_standard_event_type_is_described(reference):
    described = {name: cells[0].strip("`") for name, cells in reference.table("events", "`EventType`").items()}
    assert described == {f"EventType.{member.name}": member.value for member in plugbus.EventType}


def test_every_event_of_the_catalog_is_described_with_its_fields(reference):
    classes = [getattr(plugbus.catalog, name) for name in plugbus.catalog.__all__]
    described = reference.table("events", "The catalog")
    assert described == {
        cls.__name__: [f"`{cls.__event_kind__.type}`", ", ".join(f"`{field.name}`" for field in attrs.fields(cls))]
        for cls in classes
    }


def test_every_state_of_a_plugin_is_described(reference):
    assert list(reference.table("plugins", "States")) == [state.value for state in plugbus.plugins.PluginState]


def test_every_exit_code_is_described(reference):
    codes = {exits.FINE, exits.FINDINGS, exits.MISUSED, exits.INTERRUPTED}
    assert reference.table("command-line", "Exit codes").keys() == {str(code) for code in codes}


def below(group, ctx, path):
    """Yield the commands below a group of click with what a user types for them."""
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from below(command, ctx, f"{path} {name}")


def options_of(command):
    return {name for option in command.params if isinstance(option, click.Option) for name in option.opts}


@pytest.fixture
def ours(tmp_path, monkeypatch):
    """All commands of plugbus and of the audit plugin, by what a user types; groups only if they have options."""
    for variable in [name for name in os.environ if name.startswith("PLUGBUS_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugbus.toml").write_text("[plugins.audit]\n", encoding="utf-8")
    ctx = click.Context(root)
    found = {}
    for name in [name for name in root.list_commands(ctx) if not is_strange(root.get_command(ctx, name))]:
        command = root.get_command(ctx, name)
        found[name] = command
        if isinstance(command, click.Group):
            found.update(below(command, ctx, name))
    return {name: command for name, command in found.items() if not isinstance(command, click.Group) or command.params}


def is_strange(command):
    return isinstance(command, PluginGroup) and command.name != "audit"


def test_every_command_is_described_with_its_options(reference, ours):
    headings = {heading.strip("`"): heading for heading in reference.headings("command-line")}
    for name, command in ours.items():
        heading = next((one for one in headings if f"{one} ".startswith(f"plugbus {name} ")), None)
        assert heading is not None, f"`plugbus {name}` has no heading"
        described = reference.table("command-line", headings[heading])
        assert described.keys() == options_of(command), f"options of `plugbus {name}`"


def test_every_option_before_the_command_is_described(reference):
    assert reference.table("command-line", "`plugbus`").keys() == options_of(root) | {"-h", "--help"}
