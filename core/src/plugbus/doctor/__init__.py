"""
`plugbus doctor`: looks at a bus, its plugins and its configuration, and says what an operator should know.

    report = examine(EventBus.from_config())
    for finding in report.findings:
        print(finding.number, finding.message, finding.remedy)
"""

from __future__ import annotations

from plugbus.doctor.catalog import EventView, FieldView, Listener, catalog
from plugbus.doctor.chains import Chain, Link, chains
from plugbus.doctor.examination import examine, examine_live
from plugbus.doctor.findings import KINDS, Finding, Kind, Report, Severity
from plugbus.doctor.plans import PlanView, plans


__all__ = (
    "KINDS",
    "Chain",
    "EventView",
    "FieldView",
    "Finding",
    "Kind",
    "Link",
    "Listener",
    "PlanView",
    "Report",
    "Severity",
    "catalog",
    "chains",
    "examine",
    "examine_live",
    "plans",
)
