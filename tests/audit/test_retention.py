from __future__ import annotations

import json
import logging
import re
import sqlite3

import pytest

from plugbus.sqlite import SqliteStore
from plugbus_audit import AuditSettings, NoTrail, purge, verify
from plugbus_audit.assembly import make_ledger, make_store
from plugbus_audit.retention import BATCH, Retention
from plugbus_audit.store import RecordTable


DAY = 86_400.0


@pytest.fixture(params=["sqlite", "jsonl"])
def options(request, tmp_path):
    """Settings of a trail with checkpoints, in each of its forms."""
    return AuditSettings(
        path=tmp_path / "trail", format=request.param, checkpoint_path=tmp_path / "checkpoints", segment_size=20_000
    )


@pytest.fixture
def write(record, monkeypatch):
    """A function that has a process of its own write records, as if some days ago."""

    def write(options, count, *, days_ago=0.0, batch=100):
        import time

        with monkeypatch.context() as patch:
            then = time.time_ns() - int(days_ago * DAY * 1e9)
            patch.setattr("plugbus_audit.chain.time.time_ns", lambda: then)
            store = make_store(options, logging.getLogger("plugbus.audit"))
            for start in range(0, count, batch):
                store.write([record(number) for number in range(start, min(start + batch, count))])
            store.rest()
            store.close()
            store.end()

    return write


def check(options):
    found = verify(options.path, checkpoint_path=options.checkpoint_path)
    assert found.ok, found.problems
    return found


def test_old_records_are_removed_and_the_rest_verifies(options, write):
    write(options, 2_500, days_ago=100)
    write(options, 300, days_ago=1)
    grave = purge(options.path, keep_for=30 * DAY, checkpoint_path=options.checkpoint_path)
    assert grave.why == "age"
    assert 2_300 <= grave.through <= 2_501
    found = check(options)
    assert found.purged == grave.through
    assert found.records == 2_502 + 300 - grave.through + 1 + 1 - (0 if grave.through else 1)
    assert verify(options.path).ok


def test_a_dry_run_tells_and_changes_nothing(options, write):
    write(options, 500, days_ago=100)
    write(options, 300)
    told = purge(options.path, keep_for=30 * DAY, dry_run=True)
    assert told.through > 0
    assert check(options).records == 802
    assert purge(options.path, keep_for=30 * DAY, checkpoint_path=options.checkpoint_path) == told


def test_where_nothing_is_old_nothing_is_removed(options, write):
    write(options, 100)
    assert purge(options.path, keep_for=DAY) is None
    assert check(options).records == 101


def test_a_trail_that_is_too_large_loses_its_oldest_records(options, write):
    write(options, 3_000)
    grave = purge(options.path, keep_size=400_000, checkpoint_path=options.checkpoint_path)
    assert grave.why == "size"
    found = check(options)
    assert found.records < 2_500
    files = [options.path] if options.path.is_file() else list(options.path.iterdir())
    assert sum(path.stat().st_size for path in files) < 700_000


def test_retention_may_come_again_and_again(options, write):
    for days in (100, 80, 60):
        write(options, 400, days_ago=days)
    write(options, 10)
    through = [
        purge(options.path, keep_for=days * DAY, checkpoint_path=options.checkpoint_path).through
        for days in (90, 70, 50)
    ]
    assert sorted(through) == through
    assert check(options).purged == through[-1]


def test_without_a_tombstone_a_missing_beginning_is_found(options, write):
    write(options, 1_000)
    if options.format == "sqlite":
        with sqlite3.connect(options.path) as connection:
            connection.execute("DELETE FROM records WHERE seq <= 500")
        connection.close()
    else:
        min(options.path.glob("*.jsonl")).unlink()
    found = verify(options.path, checkpoint_path=options.checkpoint_path)
    assert found.first_bad == 1


def test_a_tombstone_that_no_checkpoint_vouches_for_excuses_nothing(options, write):
    write(options, 400, days_ago=100)
    write(options, 400)
    kept = options.checkpoint_path.read_bytes()
    purge(options.path, keep_for=30 * DAY, checkpoint_path=options.checkpoint_path)
    options.checkpoint_path.write_bytes(kept)
    assert verify(options.path, checkpoint_path=options.checkpoint_path).first_bad == 1


def test_who_is_killed_in_the_midst_of_it_leaves_a_trail_that_verifies_and_the_next_goes_on(tmp_path, write):
    options = AuditSettings(path=tmp_path / "trail", checkpoint_path=tmp_path / "checkpoints")
    write(options, 3_500, days_ago=100)
    write(options, 10)
    logger = logging.getLogger("plugbus.audit")
    table = RecordTable(make_ledger(options, logger))
    connection = table.connect()
    retention = Retention(30 * DAY, None, logger, "the trail")
    table.bury(connection, retention.plan(connection))
    check(options)
    assert retention.remove(connection) == BATCH
    assert check(options).records == 3_512 + 1 - BATCH + 1
    connection.close()
    table.end()
    assert purge(options.path, keep_for=30 * DAY, checkpoint_path=options.checkpoint_path) is None
    assert check(options).records == 13


def test_it_happens_by_itself_while_records_are_written(tmp_path, write, record):
    options = AuditSettings(path=tmp_path / "trail", checkpoint_path=tmp_path / "checkpoints")
    write(options, 2_500, days_ago=100)
    logger = logging.getLogger("plugbus.audit")
    store = SqliteStore(
        RecordTable(make_ledger(options, logger), Retention(30 * DAY, None, logger, "the trail")), logger
    )
    for number in range(4):
        store.write([record(number)])
    store.rest()
    store.close()
    store.end()
    found = check(options)
    assert (found.records, found.purged) == (1 + 4 + 1, 2_501)


def test_what_was_removed_is_gone_from_the_file(tmp_path, write, record):
    options = AuditSettings(path=tmp_path / "trail", checkpoint_path=tmp_path / "checkpoints")
    write(options, 1_500, days_ago=100)
    write(options, 1)
    purge(options.path, keep_for=DAY, checkpoint_path=options.checkpoint_path)
    content = b"".join(path.read_bytes() for path in tmp_path.glob("trail*"))
    assert b'"n": 1234' not in content


def test_where_there_is_no_trail_there_is_nothing_to_remove(tmp_path):
    with pytest.raises(NoTrail, match="there is nothing to remove"):
        purge(tmp_path / "trail", keep_for=1.0)


def test_the_tombstone_says_what_is_gone(tmp_path, write, trail):
    options = AuditSettings(path=trail.path)
    write(options, 50, days_ago=100)
    write(options, 5)
    grave = purge(options.path, keep_for=DAY)
    (stone,) = (body for body in trail.bodies() if body["kind"] == "tombstone")
    assert stone["type"] == "trail.purged"
    assert stone["purged"] == {
        "through": 51,
        "hash": grave.hash,
        "records": 51,
        "since": grave.since,
        "until": grave.until,
        "why": "age",
    }
    assert json.dumps(stone)
    assert re.fullmatch("[0-9a-f]{64}", grave.hash)
