from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import threading

import pytest

from plugbus import Event, EventBus
from plugbus.codec import decode
from plugbus.errors import ConfigurationError, PluginError
from plugbus.plugins import Deadline
from plugbus.writing import WriterOverloaded
from plugbus_audit import TrailNotWritten


def happened(number=0):
    return Event(type="number.counted", payload={"n": number})


def plugin_of(bus):
    (entry,) = bus._host._entries
    return entry.plugin


def numbers(trail):
    return [record["data"]["n"] for record in trail.records() if record["type"] == "number.counted"]


@pytest.fixture
def defaults():
    return {"flush_interval": 3600.0}


def test_two_lines_of_configuration_record_every_event(configuration, trail):
    async def main():
        bus = EventBus.from_config(configuration)
        async with bus:
            for number in range(250):
                assert (await bus.publish(happened(number))).ok

    asyncio.run(main())
    assert numbers(trail) == list(range(250))


def test_importing_the_plugin_imports_neither_sqlite3_nor_msgspec():
    program = (
        "import sys, plugbus_audit\n"
        "print([name for name in ('sqlite3', 'msgspec', 'click', 'rich') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_building_a_bus_opens_no_file_and_starts_no_thread(make_bus, trail):
    before = threading.active_count()
    make_bus()
    assert threading.active_count() == before
    assert list(trail.path.parent.iterdir()) == []


def test_starting_a_bus_opens_the_trail(make_bus, trail):
    async def main():
        async with make_bus():
            assert trail.path.exists()

    asyncio.run(main())


def test_events_are_written_when_there_are_enough(make_bus, trail, until):
    bus = make_bus(flush_every=10)
    for number in range(10):
        bus.publish_sync(happened(number))
    until(lambda: numbers(trail) == list(range(10)))


def test_events_are_written_after_a_while(make_bus, trail, until):
    bus = make_bus(flush_interval="50ms")
    bus.publish_sync(happened())
    until(lambda: numbers(trail) == [0])


def test_events_are_written_when_the_bus_is_flushed(make_bus, trail):
    bus = make_bus()
    bus.publish_sync(happened())
    assert numbers(trail) == []
    bus.flush()
    assert numbers(trail) == [0]


def test_flushing_a_bus_that_was_never_started_does_nothing(make_bus, trail):
    make_bus().flush()
    assert list(trail.path.parent.iterdir()) == []


def test_a_flush_that_runs_out_of_time_says_how_many_events_are_left(make_bus, trail):
    bus = make_bus()
    bus.publish_sync(happened())
    with trail.locked(), pytest.raises(TrailNotWritten, match=r"audit\.db: events not written in time: 1$"):
        plugin_of(bus).flush(Deadline.after(0.1))


def test_the_trail_outlives_the_loop_that_the_bus_was_started_on(make_bus, trail):
    bus = make_bus()

    async def publish(number):
        await bus.start()
        assert (await bus.publish(happened(number))).ok

    asyncio.run(publish(1))
    asyncio.run(publish(2))
    bus.publish_sync(happened(3))
    bus.flush()
    assert numbers(trail) == [1, 2, 3]


def test_a_trail_that_cannot_be_opened_keeps_the_bus_from_starting(make_bus, trail):
    trail.path.write_text("Dear diary, " * 500)
    bus = make_bus()
    with pytest.raises(PluginError, match=r"plugin audit could not be started: .* is no SQLite database"):
        bus.publish_sync(happened())


def test_where_audit_is_not_required_the_application_goes_on_without_a_trail(make_bus, trail, caplog):
    trail.path.write_text("Dear diary, " * 500)
    bus = make_bus(required=False)
    handled = []
    bus.subscribe("number.counted", handled.append)
    event = happened(7)
    assert bus.publish_sync(event).ok
    assert handled == [event]
    assert "is no SQLite database, so it is no audit trail" in caplog.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"flush_every": 0}, "flush_every"),
        ({"buffer_size": 0}, "buffer_size"),
        ({"flush_interval": "soon"}, "flush_interval"),
        ({"flush_evry": 10}, "Did you mean 'flush_every'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(make_bus, settings, message):
    with pytest.raises(ConfigurationError) as caught:
        make_bus(**settings)
    assert message in str(caught.value)


def test_the_publisher_is_told_when_the_disk_does_not_keep_up(make_bus, trail, caplog):
    bus = make_bus(flush_every=1, buffer_size=3, buffer_timeout=0.1)
    bus.publish_sync(happened(0))
    bus.flush()
    with trail.locked():
        results = [bus.publish_sync(happened(number)) for number in range(1, 6)]
    assert [result.ok for result in results] == [True, True, True, False, False]
    assert isinstance(results[-1].failures[0].exception, WriterOverloaded)
    bus.flush()
    assert numbers(trail) == [0, 1, 2, 3]
    assert caplog.text.count("handler AuditLogHandler of plugin audit failed on number.counted") == 2


def test_health_tells_of_events_that_wait(make_bus, trail, until):
    bus = make_bus(flush_every=1, buffer_size=2, buffer_timeout=0.0)
    plugin = plugin_of(bus)
    assert plugin.health().status == "ok"
    bus.publish_sync(happened(0))
    bus.flush()
    assert plugin.health().status == "ok"
    with trail.locked():
        bus.publish_sync(happened(1))
        until(lambda: plugin.health().status == "degraded")
        assert plugin.health().detail == f"events that wait to be written to {trail.path}: 1 (database is locked)"
        bus.publish_sync(happened(2))
        assert plugin.health().status == "failing"
    bus.flush()
    assert plugin.health().status == "ok"


def test_what_cannot_be_written_at_stop_is_reported(make_bus, trail, caplog, monkeypatch):
    monkeypatch.setattr("plugbus_audit.plugin._STOP_TIMEOUT", 0.2)
    bus = make_bus()
    bus.publish_sync(happened(0))
    with trail.locked(), pytest.raises(ExceptionGroup, match="plugins failed to stop"):
        bus.stop_sync(timeout=1)
    errors = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.ERROR]
    assert any("records not written: 2 (database is locked)" in message for message in errors), errors


def test_several_buses_may_write_one_trail(make_bus, trail):
    buses = [make_bus(flush_every=7) for _ in range(3)]
    for number in range(60):
        assert buses[number % 3].publish_sync(happened(number)).ok
    for bus in buses:
        bus.flush()
    assert sorted(numbers(trail)) == list(range(60))


def test_a_record_can_be_published_again_as_it_is(make_bus, trail):
    bus = make_bus()
    bus.publish_sync(happened(7))
    bus.flush()
    (record,) = trail.records()
    assert decode(json.dumps(record)).payload == {"n": 7}
