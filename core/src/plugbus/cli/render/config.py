"""Configurations: what is wrong with one, that it is right, or what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plugbus.cli.render.page import Page
from plugbus.cli.render.settings import as_toml
from plugbus.cli.text import amount
from plugbus.config.report import as_json as report_as_json
from plugbus.config.report import problem_as_json


if TYPE_CHECKING:
    from plugbus.config import Config
    from plugbus.config.inspection import SettingView
    from plugbus.errors import ConfigurationError
    from plugbus.plugins import PluginRecord
    from plugbus.plugins.views import Check

__all__ = ("as_json", "show_effective", "show_fine", "show_problems")


def as_json(check: Check | None, error: ConfigurationError | None) -> dict[str, Any]:
    """Return the answer of `config check` as data for `json.dumps`."""
    problems = [] if error is None else report_as_json(error)["problems"]
    left_out = {one.name: [problem_as_json(problem) for problem in one.problems] for one in _left_out(check)}
    return {"fine": error is None, "problems": problems, "left_out": left_out}


def show_problems(check: Check | None, error: ConfigurationError | None) -> None:
    """Write the whole report."""
    page = Page()
    if error is not None:
        page.block(str(error))
    _show_left_out(page, _left_out(check))


def show_fine(config: Config, check: Check) -> None:
    """Write that nothing is wrong, with what is on."""
    page = Page()
    left_out = _left_out(check)
    on = [record.name for record in check.records if record.selected and record not in left_out]
    what = f"{amount(len(on), 'plugin')} on ({', '.join(on)})" if on else "no plugin is on"
    page.line(f"{_name(config)}: fine, {what}.")
    _show_left_out(page, left_out)


def show_effective(config: Config, bus: Iterable[SettingView], plugins: Mapping[str, Iterable[SettingView]]) -> None:
    """Write the tables that would give the same settings."""
    page = Page()
    page.code((f"# {_name(config)}, with the environment", "dim"))
    as_toml(page, "bus", bus)
    for name, views in plugins.items():
        page.blank()
        as_toml(page, f"plugins.{name}", views)


def _name(config: Config) -> str:
    return "no configuration file" if config.path is None else config.path.name


def _left_out(check: Check | None) -> Sequence[PluginRecord]:
    """Return the plugins that are on and broken, but not required."""
    records = () if check is None else check.records
    return [record for record in records if record.selected and record.problems and not record.required]


def _show_left_out(page: Page, records: Sequence[PluginRecord]) -> None:
    for record in records:
        page.blank()
        page.line(f"Plugin {record.name} is left out, and is not required:")
        for problem in record.problems:
            page.block(problem.report)
