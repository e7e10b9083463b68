"""The form of a report, and that each kind of finding has its place in the documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from plugbus.doctor import KINDS, Finding, Report, Severity


ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/reference/findings.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (PB\d+): (.+)$", PAGE, re.MULTILINE))


def test_every_kind_of_finding_is_documented_under_its_number_and_title():
    assert {number: kind.title for number, kind in KINDS.items()} == SECTIONS


@pytest.mark.parametrize("number", KINDS)
def test_the_documentation_of_a_finding_gives_severity_and_remedy(number):
    section = PAGE.split(f"### {number}: ")[1].split("\n### ")[0].split("\n## ")[0]
    assert re.search(rf"^Severity: .*\b{KINDS[number].severity}\b", section, re.MULTILINE)
    assert re.search(r"^Remedy: \S", section, re.MULTILINE)


def test_the_worst_comes_first_and_nothing_twice():
    note, error, warning = Finding.of("PB207", "c"), Finding.of("PB101", "a"), Finding.of("PB202", "b")
    report = Report.of([note, error, warning, note])
    assert report.findings == (error, warning, note)


def test_notes_alone_are_fine():
    assert Report.of([Finding.of("PB207", "a")]).fine
    assert not Report.of([Finding.of("PB202", "a")]).fine
    assert Report().fine


def test_a_report_can_be_written_as_json():
    report = Report.of([Finding.of("PB101", "a", place="x:1", plugin="audit", severity=Severity.NOTE, remedy="b")])
    assert json.loads(json.dumps(report.as_json())) == {
        "fine": True,
        "findings": [
            {
                "number": "PB101",
                "message": "a",
                "severity": "note",
                "remedy": "b",
                "place": "x:1",
                "plugin": "audit",
            }
        ],
        "plugins": [],
        "health": {},
    }
