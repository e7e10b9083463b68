"""What is checked: a plugin class with its settings, and buses built of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs

from plugbus.errors import ConfigurationError, Problem
from plugbus.plugins import Plugin
from plugbus.plugins._plugin import settings_class
from plugbus.testing._building import Built, build, plugin_name, read_settings
from plugbus.testing.contract._verdict import fail, listed


__all__ = ("Subject",)


@attrs.frozen
class Subject:
    """
    A plugin that is checked.

    Args:
        plugin: Its class.
        settings: What its table in the configuration would hold.
        folder: An empty folder, to which paths in the settings are relative.
        events: Events that it is about, from its author.
        import_budget: The most modules that importing it may load.
        allowed_imports: Packages that it may import though they are heavy.
        no_secrets: Settings that sound like secrets and are none.
        seconds: How long anything may take.
    """

    plugin: type[Plugin[Any]]
    settings: Mapping[str, object]
    folder: Path
    events: Sequence[object] = ()
    import_budget: int = 50
    allowed_imports: Collection[str] = ()
    no_secrets: Collection[str] = ()
    seconds: float = 10.0

    @cached_property
    def name(self) -> str:
        """The plugin's name: that of its entry point, if it has one."""
        return plugin_name(self.plugin)

    @property
    def package(self) -> str:
        """The name of the package that holds the plugin."""
        return self.plugin.__module__.partition(".")[0]

    @property
    def settings_class(self) -> type[Any] | None:
        """The class of its settings; None if it has none."""
        return settings_class(self.plugin)

    def implements(self, hook: str) -> bool:
        """Tell whether the plugin has a hook."""
        return callable(getattr(self.plugin, hook, None))

    def build(self, folder: str = "") -> Built:
        """
        Build a bus with the plugin.

        Args:
            folder: A folder of its own below that of the check.
        """
        __tracebackhide__ = True
        home = self.folder / folder
        home.mkdir(exist_ok=True)
        try:
            return build(self.plugin, self.settings, self.name, home)
        except ConfigurationError as error:
            report = error
        if all(isinstance(part, Problem) and part.__cause__ is None for part in report.exceptions):
            fail(f"No bus can be built with this plugin and these settings:\n{report}\n{_ADVICE}")
        report.add_note(_ADVICE)
        raise report  # the plugin has raised something: its author wants to see where

    def read(self, settings: Mapping[str, object]) -> tuple[Any, list[str]]:
        """Make the plugin's settings of a table; return them, or None with what is wrong."""
        assert self.settings_class is not None  # noqa: S101  (who asks has looked)
        return read_settings(self.settings_class, settings, self.name, self.folder)

    def read_own(self) -> Any:
        """Make the plugin's settings of what the test class gives; None if it has none."""
        __tracebackhide__ = True
        if self.settings_class is None:
            return None
        settings, problems = self.read(self.settings)
        if settings is None:
            fail(f"The settings of the test class are not accepted:{listed(problems)}\n{_ADVICE}")
        return settings


_ADVICE = (
    "What the plugin needs in its table of plugbus.toml belongs into `settings` of the test class; where it is known "
    "only when the test runs, into the fixture `plugin_settings`."
)
