"""`PluginContract`: the checks as tests."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from plugbus.plugins import Plugin
from plugbus.testing.contract import (
    _buses,
    _cancellation,
    _definition,
    _events,
    _hooks,
    _imports,
    _life,
    _secrets,
    _settings,
)
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail


__all__ = ("PluginContract",)


class PluginContract:
    """
    What every plugin has to keep, as tests; derive a test class from it.

        class TestWeatherPlugin(PluginContract):
            plugin = WeatherPlugin
            settings = {"station": "Berlin", "path": "weather.db"}

    Attributes:
        plugin: The class of the plugin.
        settings: What its table in plugbus.toml would hold. Relative paths are relative to a folder that is empty and
            new for each test. For values that are known only when the test runs, override `plugin_settings`.
        events: Events that the plugin is about, for handlers of typed events and for middleware that blocks.
        import_budget: The most modules that importing the plugin may load, besides those of plugbus.
        allowed_imports: Packages that it may import though they are heavy.
        no_secrets: Settings that sound like secrets and are none.
        seconds: How long starting, stopping and handling may take.
    """

    plugin: ClassVar[type[Plugin[Any]]]
    settings: ClassVar[Mapping[str, object]] = MappingProxyType({})
    events: ClassVar[Sequence[object]] = ()
    import_budget: ClassVar[int] = 50
    allowed_imports: ClassVar[Collection[str]] = ()
    no_secrets: ClassVar[Collection[str]] = ()
    seconds: ClassVar[float] = 10.0

    @pytest.fixture
    def plugin_settings(self) -> Mapping[str, object]:
        """Give the settings; to be overridden where they are only known when the test runs."""
        return self.settings

    @pytest.fixture
    def subject(self, plugin_settings: Mapping[str, object], tmp_path: Path) -> Subject:
        """Give what is checked."""
        if not hasattr(self, "plugin"):
            fail(f"Write `plugin = ...` into {type(self).__name__}: the class of the plugin.")
        return Subject(
            self.plugin,
            plugin_settings,
            tmp_path,
            events=self.events,
            import_budget=self.import_budget,
            allowed_imports=self.allowed_imports,
            no_secrets=self.no_secrets,
            seconds=self.seconds,
        )

    # --- what the class and its distribution say

    def test_an_entry_point_names_the_plugin(self, subject: Subject) -> None:
        """Installed as a distribution, the class is found under one name."""
        _definition.entry_point(subject)

    def test_it_states_the_api_it_was_written_for(self, subject: Subject) -> None:
        """`api` is a generation of the hooks that this plugbus serves."""
        _definition.states_api(subject)

    def test_it_is_documented(self, subject: Subject) -> None:
        """The class and its settings have docstrings."""
        _definition.documented(subject)

    def test_its_hooks_match_their_specification(self, subject: Subject) -> None:
        """No hook is misspelt, has a wrong signature, or is async where it may not be; and there is one."""
        _definition.hooks_match(subject)

    # --- what happens before the start

    def test_importing_it_stays_within_the_budget(self, subject: Subject) -> None:
        """Importing the plugin loads few modules and no heavy ones."""
        _imports.within_budget(subject)

    def test_importing_it_does_nothing_else(self, subject: Subject) -> None:
        """Importing the plugin opens no file or connection and starts no thread or process."""
        _imports.importing_does_nothing(subject)

    def test_constructing_it_does_nothing(self, subject: Subject) -> None:
        """Neither does its constructor, which starts no task either."""
        _imports.constructing_does_nothing(subject)

    def test_building_a_bus_starts_nothing(self, subject: Subject) -> None:
        """A bus that is built and never started has nothing to close."""
        _life.building_starts_nothing(subject)

    # --- settings

    def test_its_default_settings_are_valid(self, subject: Subject) -> None:
        """The plugin needs no settings but those without a default, and defaults are of their types."""
        _settings.defaults_valid(subject)

    def test_every_setting_has_help(self, subject: Subject) -> None:
        """Each setting says what it is for."""
        _settings.every_setting_has_help(subject)

    def test_its_settings_cannot_be_changed(self, subject: Subject) -> None:
        """Settings are frozen."""
        _settings.immutable(subject)

    def test_an_unknown_setting_is_refused(self, subject: Subject) -> None:
        """A misspelt setting is reported."""
        _settings.unknown_refused(subject)

    def test_what_sounds_like_a_secret_is_one(self, subject: Subject) -> None:
        """Passwords, tokens and keys are declared as secrets."""
        _settings.secrets_declared(subject)

    def test_its_repr_hides_secrets(self, subject: Subject) -> None:
        """Neither the settings nor the plugin show a secret."""
        _secrets.hidden_in_repr(subject)

    def test_its_log_hides_secrets(self, subject: Subject) -> None:
        """Nothing that is logged while a bus runs shows one."""
        _secrets.hidden_in_log(subject)

    # --- the life of a bus

    def test_start_and_stop_twice_leave_nothing(self, subject: Subject) -> None:
        """No tasks, threads, open files, handlers or logging handlers are left."""
        _life.leaves_nothing(subject)

    def test_it_works_in_a_program_without_a_loop(self, subject: Subject) -> None:
        """Its handlers take events of `publish_sync`, and `stop_sync` leaves nothing."""
        _life.works_without_loop(subject)

    def test_it_works_in_asyncio_debug_mode(self, subject: Subject) -> None:
        """There are no warnings, and the loop is told of nothing that nobody caught."""
        _life.works_in_debug_mode(subject)

    def test_a_cancelled_start_leaves_nothing(self, subject: Subject) -> None:
        """A start that is cancelled in its middle ends, and closes what it had opened."""
        _cancellation.start_cancelled(subject)

    def test_a_cancelled_stop_leaves_nothing(self, subject: Subject) -> None:
        """So does a stop."""
        _cancellation.stop_cancelled(subject)

    def test_two_buses_share_nothing(self, subject: Subject) -> None:
        """Each bus has its own objects, either can stop alone, and the default bus is not touched."""
        _buses.share_nothing(subject)

    # --- events

    def test_its_handlers_take_their_events(self, subject: Subject) -> None:
        """Every handler can be tried with an event, and takes it."""
        _events.handlers_take_their_events(subject)

    def test_its_middleware_takes_events_of_every_kind(self, subject: Subject) -> None:
        """Generic, typed and foreign events pass, are blocked, or are refused; some pass."""
        _events.middleware_takes_every_kind(subject)

    def test_a_failing_handler_of_others_disturbs_nothing(self, subject: Subject) -> None:
        """The plugin's handlers still run, and the failure is in the result."""
        _events.failures_are_isolated(subject)

    # --- hooks

    def test_its_event_types_are_events(self, subject: Subject) -> None:
        """`event_types` names classes that have an event type."""
        _hooks.event_types_are_events(subject)

    def test_its_services_are_what_they_are_offered_as(self, subject: Subject) -> None:
        """Each service is of the type that it is asked for by."""
        _hooks.services_fit(subject)

    def test_its_health_answers_at_any_time(self, subject: Subject) -> None:
        """`health` gives a `Health` before the start, while the bus runs, and after the stop."""
        _hooks.health_answers(subject)

    def test_its_flush_may_be_called_at_any_time(self, subject: Subject) -> None:
        """`flush` may be called again and again, and starts no thread."""
        _hooks.flush_any_time(subject)

    def test_its_commands_say_what_they_are_for(self, subject: Subject) -> None:
        """Commands and options have help, and names of their own."""
        _hooks.commands_have_help(subject)
