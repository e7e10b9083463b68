"""The report of the doctor."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from plugbus.cli.render.page import Page
from plugbus.cli.text import amount


if TYPE_CHECKING:
    from plugbus.doctor import Finding, Report

__all__ = ("show_report",)

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_HEALTH = {"ok": "green", "degraded": "yellow", "failing": "bold red"}


def show_report(report: Report) -> None:
    """Write the plugins with their states, the findings, and how many there are of each severity."""
    page = Page()
    if report.plugins:
        rows = [
            (record.name, " ".join(filter(None, (record.distribution, record.version))) or "-", str(record.state))
            for record in report.plugins
        ]
        page.table(("plugin", "distribution", "state"), rows)
    for name, answer in report.health.items():
        page.line(f"health of {name}: ", (answer.status, _HEALTH[answer.status]), _detail(answer.detail))
    if report.health:
        page.blank()
    for finding in report.findings:
        _show(page, finding)
    page.line((_sum(report), "bold"))


def _detail(text: str | None) -> str:
    return f"  {text}" if text else ""


def _show(page: Page, finding: Finding) -> None:
    page.line((finding.severity, _STYLES[finding.severity]), f" {finding.number}  {finding.place or ''}".rstrip())
    page.line(_sentence(finding.message), indent=2)
    page.line(_sentence(finding.remedy), indent=2)
    page.blank()


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _sum(report: Report) -> str:
    counts = Counter(str(finding.severity) for finding in report.findings)
    if not counts:
        return "Nothing was found."
    return ", ".join(amount(counts[severity], severity) for severity in _STYLES if counts[severity]) + "."
