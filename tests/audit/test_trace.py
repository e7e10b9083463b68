from __future__ import annotations

import json

from plugbus import Event, EventBus, envelope
from plugbus_audit import Trail


def event(id, cause=None, correlation="c", name="a.b"):
    made = {"kind": "event", "id": id, "type": name, "correlationid": correlation, "data": {}}
    return json.dumps(made if cause is None else {**made, "causationid": cause}, separators=(",", ":")).encode()


def tree(trace):
    return [(depth, record.id) for depth, record in trace.walk()]


def test_a_trace_is_the_tree_of_causes_that_a_bus_has_published(tmp_path):
    bus = EventBus.from_config({"plugins": {"audit": {"path": str(tmp_path / "audit.db")}}})
    bus.subscribe("order.placed", lambda _: [bus.publish_sync(Event(type=f"order.{x}")) for x in ("paid", "packed")])
    bus.subscribe("order.packed", lambda _: bus.publish_sync(Event(type="order.sent")))
    order = Event(type="order.placed")
    bus.publish_sync(order)
    bus.publish_sync(Event(type="order.placed"))
    bus.stop_sync()
    trace = Trail(tmp_path / "audit.db").trace(envelope(order).id)
    assert [(depth, record.type) for depth, record in trace.walk()] == [
        (0, "order.placed"),
        (1, "order.paid"),
        (1, "order.packed"),
        (2, "order.sent"),
    ]


def test_an_effect_may_stand_before_its_cause_and_a_cause_may_be_missing(written):
    path = written(event("3", "2"), event("2", "1"), event("1"), event("9", "gone"), event("x", correlation="d"))
    assert tree(Trail(path).trace("c")) == [(0, "1"), (1, "2"), (2, "3"), (0, "9")]


def test_events_that_cause_each_other_are_all_there_once(written):
    path = written(event("1", "2"), event("2", "1"), event("3", "3"), event("4", "1"), event("1", "2"))
    found = tree(Trail(path).trace("c"))
    assert sorted(id for _, id in found) == ["1", "1", "2", "3", "4"]
    assert found[0] == (0, "1")
    assert (0, "3") in found


def test_a_chain_of_causes_may_be_of_any_length(written, called):
    path = written(*(event(str(number), str(number - 1)) for number in range(1_000)))
    assert tree(Trail(path).trace("c"))[-1] == (999, "999")
    assert len(called("trace", "c", path=path).out.splitlines()) == 1_001


def test_no_more_events_are_held_than_are_asked_for(written, called):
    path = written(*(event(str(number)) for number in range(30)))
    trace = Trail(path).trace("c", limit=10)
    assert (len(trace.roots), trace.left_out) == (10, 20)
    assert "20 events more" in called("trace", "c", "-n", "10", path=path).err


def test_the_command_draws_the_tree(written, called):
    path = written(event("1"), event("2", "1"), event("3", "2"), event("4", "1"), event("5"))
    out = called("trace", "c", path=path, PYTHONIOENCODING="ascii").out
    lines = [line.replace("  a.b  -  {}", "") for line in out.splitlines()]
    assert lines[0] == "c"
    assert [line[: line.index("20")] for line in lines[1:]] in (
        ["├── ", "│   ├── ", "│   │   └── ", "│   └── ", "└── "],
        ["|-- ", "|   |-- ", "|   |   `-- ", "|   `-- ", "`-- "],
    )
    depths = [json.loads(line) for line in called("trace", "c", "--format", "json", path=path).out.splitlines()]
    assert [(one["depth"], one["event"]["id"]) for one in depths] == [(0, "1"), (1, "2"), (2, "3"), (1, "4"), (0, "5")]


def test_the_id_of_any_event_of_the_tree_will_do(written, called):
    path = written(event("1"), event("2", "1"))
    assert called("trace", "2", path=path).out == called("trace", "c", path=path).out
    assert "no event has that id" in called("trace", "3", path=path, code=1).err
