"""Checks of hooks, one by one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import attrs

from plugbus._kinds import kind_of
from plugbus.errors import ConfigurationError
from plugbus.hookspecs import Health, HookContext
from plugbus.plugins._hooks import HOOKS
from plugbus.testing.contract._process import probe
from plugbus.testing.contract._scenario import run
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail, listed


__all__ = ("commands_have_help", "event_types_are_events", "flush_any_time", "health_answers", "services_fit")


def event_types_are_events(subject: Subject) -> None:
    """Check that what the hook `event_types` names are classes with an event type."""
    named = [cls for _, cls in subject.build().contributed.event_types]
    nameless = [repr(cls) for cls in named if not isinstance(cls, type) or not kind_of(cls).named]
    if nameless:
        fail(
            f"These are no event types:{listed(nameless)}\nThe hook `event_types` returns classes: of EventBase with "
            f"`@event(...)`, or others that `name_event` has given a type."
        )


def services_fit(subject: Subject) -> None:
    """Check that each service is of the type that it is asked for by."""
    for key, service in subject.build().contributed.services.items():
        if not _is_of(service, key):
            fail(
                f"The service offered as {key.__qualname__} is a {type(service).__qualname__}, which is none. Derive "
                f"it from that type, or offer it under its own."
            )


def health_answers(subject: Subject) -> None:
    """Check that the hook `health` gives a `Health` before the start, while the bus runs, and after the stop."""
    if not subject.implements("health"):
        return

    async def ask() -> list[tuple[str, object]]:
        built = subject.build()
        inspected = attrs.evolve(built.plugin.context, bus=None)
        answers = [("before the start", await _health(built.plugin, inspected))]
        await built.bus.start()
        answers.append(("while the bus runs", await _health(built.plugin, built.plugin.context)))
        await built.bus.stop(subject.seconds)
        return [*answers, ("after the stop", await _health(built.plugin, built.plugin.context))]

    for when, answer in run(ask, subject.seconds).value:
        if isinstance(answer, Exception):
            fail(f"Hook `health` raises {when}. It says how the plugin is, whatever that is: catch it.", answer)
        if not isinstance(answer, Health):
            fail(f"Hook `health` returns {answer!r} {when}. It returns a Health: `Health('degraded', 'why')`.")


def flush_any_time(subject: Subject) -> None:
    """Check that `flush` may be called at any time, again and again, and starts no thread."""
    if not subject.implements("flush"):
        return
    subject.build()  # what is wrong with the settings is told here and not by the other process
    report = probe(subject, "flush")
    if report["threads"]:
        fail(
            f"Hook `flush` starts a thread:{listed(report['threads'])}\nIt is called while the interpreter ends, when "
            f"none can be started any more: write in the calling thread."
        )
    if report["errors"]:
        when, text = report["errors"][0]
        fail(f"Hook `flush`, called {when}, raises. It may be called again, and whether or not the bus runs.\n{text}")


def commands_have_help(subject: Subject) -> None:
    """Check the commands: each has a name of its own, says what it is for, and so do its options."""
    if not subject.implements("commands"):
        return
    try:
        import click.testing
    except ImportError:
        fail('The plugin has commands, which need click: install "plugbus[cli]" for the tests.')
    built = subject.build()
    try:
        commands = built.host.commands(built.name)
    except ConfigurationError as error:
        fail(f"Its commands cannot be called:{listed(map(str, error.exceptions))}")
    silent = [name for command in commands for name in _without_help(command)]
    if silent:
        fail(f"These say not what they are for:{listed(silent)}\nGive a command a docstring, an option `help=`.")
    for command in commands:
        shown = click.testing.CliRunner().invoke(command, ["--help"])
        if shown.exit_code:
            fail(f"`{command.name} --help` ends with {shown.exit_code}:\n{shown.output}", shown.exception)


async def _health(plugin: Any, context: HookContext) -> object:
    takes = HOOKS["health"] in inspect.signature(plugin.health).parameters
    try:
        answer = plugin.health(context) if takes else plugin.health()
        return await answer if inspect.isawaitable(answer) else answer
    except Exception as error:  # noqa: BLE001  (a hook may raise anything)
        return error


def _is_of(service: object, key: type[Any]) -> bool:
    try:
        return isinstance(service, key)
    except TypeError:
        return True  # a protocol that cannot be asked at run time; the author's type checker can


def _without_help(command: Any, prefix: str = "") -> Iterator[str]:
    import click

    name = f"{prefix}{command.name}"
    if not (command.help or command.short_help):
        yield name
    for option in command.params:
        if isinstance(option, click.Option) and not option.help and not option.hidden:
            yield f"{name} {option.opts[-1]}"
    for inner in getattr(command, "commands", {}).values():
        yield from _without_help(inner, f"{name} ")
