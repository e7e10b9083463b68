"""What is recorded, how often, and that it never triggers guards."""

from __future__ import annotations

import pytest

from plugbus import Event
from plugbus.plugins import publisher_of
from plugbus_guards import Principal, as_principal, as_system
from plugbus_guards.errors import AccessDenied


RULES = """
    [[plugins.guards.rules]]
    events = ["order.*"]
    all = ["admin"]
    [[plugins.guards.rules]]
    events = ["user.*"]
    all = ["admin"]
"""


def happened(type="order.placed"):
    return Event(type=type, payload={})


def deny(made, id="7", type="order.placed"):
    with as_principal(Principal(id=id)), pytest.raises(AccessDenied):
        made.bus.publish_sync(happened(type))


def test_a_denial_is_recorded_with_who_what_and_why(site):
    made = site(RULES)
    event = happened()
    with as_principal(Principal(id="7")), pytest.raises(AccessDenied):
        made.bus.publish_sync(event)
    assert made.records == [
        {
            "actor": "7",
            "action": "order.placed",
            "object": event.id,
            "result": "denied",
            "rule": "plugbus.toml:3",
            "code": "permission_denied",
            "reason": "7 is no admin",
            "count": 1,
        }
    ]


def test_a_record_belongs_to_the_correlation_of_the_event_and_is_the_plugin_s_own(site):
    made = site(RULES)
    seen = []
    made.bus.subscribe("audit.log", seen.append)
    event = happened()
    with pytest.raises(AccessDenied):
        made.bus.publish_sync(event)
    assert seen[0].correlation_id == event.correlation_id
    assert publisher_of(seen[0]) == "guards"


def test_repeats_collapse_to_one_a_minute_for_each_principal_and_rule_with_a_count(site):
    made = site(RULES)
    for _ in range(5):
        deny(made)
    assert len(made.records) == 1
    deny(made, "8")
    deny(made, "7", "user.deleted")
    assert len(made.records) == 3
    made.clock.advance(59.9)
    deny(made)
    assert len(made.records) == 3
    made.clock.advance(0.1)
    deny(made)
    assert [(record["actor"], record["count"]) for record in made.records[3:]] == [("7", 5), ("7", 1)]
    assert made.records[3]["repeats"] is True


async def test_what_was_counted_is_recorded_at_the_stop(site):
    made = site(RULES)
    async with made.bus:
        for _ in range(3):
            with pytest.raises(AccessDenied):
                await made.bus.publish(happened())
    assert [record["count"] for record in made.records] == [1, 2]


def test_what_was_counted_is_recorded_when_its_minute_is_over_without_another_denial(site):
    made = site(RULES)
    for _ in range(3):
        deny(made)
    made.clock.advance(61)
    recorder = made.guards._recorder
    assert [event.payload["count"] for event in recorder.due()] == [2]
    assert recorder.due() == []


def test_principals_beyond_number_are_counted_together(site):
    made = site(RULES)
    for number in range(10_050):
        deny(made, str(number))
    assert len(made.guards._recorder._tallies) <= 10_001
    assert made.records[-1]["actor"] == "(others)"


def test_a_record_never_triggers_guards_and_an_application_s_audit_log_does(site):
    made = site('[[plugins.guards.rules]]\nevents = ["*"]\nall = ["admin"]\n')
    deny(made)
    assert made.results() == ["denied"]
    deny(made, "8", "audit.log")
    assert [(record["actor"], record["action"]) for record in made.records] == [
        ("7", "order.placed"),
        ("8", "audit.log"),
    ]


def test_under_deny_records_are_exempt(site):
    made = site('default = "deny"\n')
    deny(made)
    assert made.results() == ["denied"]
    assert made.records[0]["rule"] == "default"


async def test_a_record_is_made_even_if_the_deferred_block_around_the_denial_fails(site):
    made = site(RULES)
    with pytest.raises(AccessDenied):
        async with made.bus.deferred():
            await made.guards.authorize(happened())
    await made.bus.drain()
    assert made.results() == ["denied"]


def test_the_system_is_recorded_once_a_minute_too(site):
    made = site(RULES)
    with as_system("nightly"):
        for _ in range(3):
            made.bus.publish_sync(happened())
    assert [(record["result"], record["reason"], record["count"]) for record in made.records] == [
        ("system", "nightly", 1)
    ]


def test_a_clock_that_is_set_back_records_anew(site):
    made = site(RULES)
    deny(made)
    made.clock.advance(-3600)
    deny(made)
    assert len(made.records) == 2


def test_a_denial_ends_in_the_audit_trail_with_the_plugin_audit(site, folder):
    from plugbus_audit import Trail

    made = site(RULES, more="[plugins.audit]\npath = 'audit.db'\n")
    deny(made)
    made.bus.stop_sync()
    kinds = [record.type for record in Trail(folder / "audit.db").search()]
    assert "audit.log" in kinds
