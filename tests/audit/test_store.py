from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from plugbus_audit import AuditSettings, TrailUnusable
from plugbus_audit.assembly import make_store
from plugbus_audit.schema import APPLICATION_ID, FORMAT


def connect(path):
    store = make_store(AuditSettings(path=path), logging.getLogger("plugbus.audit"))
    store.open()
    store.close()
    store.end()


def test_a_new_trail_says_whose_it_is_and_in_which_form(trail):
    connect(trail.path)
    assert trail.select("PRAGMA application_id") == [(APPLICATION_ID,)]
    assert trail.select("PRAGMA user_version") == [(FORMAT,)]
    assert trail.select("PRAGMA journal_mode") == [("wal",)]


def test_the_folders_above_a_new_trail_are_made(tmp_path):
    connect(tmp_path / "var" / "log" / "audit.db")
    assert (tmp_path / "var" / "log" / "audit.db").is_file()


def test_an_existing_trail_is_opened_as_it_is(trail, record):
    for number in range(2):
        trail.fill(record(number))
    assert trail.ids() == ["0", "1"]


def test_columns_to_search_are_generated_from_the_record(trail, record):
    trail.fill(record(7, correlationid="c", causationid="e"))
    with pytest.raises(sqlite3.OperationalError, match="generated"):
        trail.select("UPDATE records SET type = 'other.type'")
    columns = "id, type, source, time, correlation_id, causation_id, unencodable"
    assert trail.select(f"SELECT {columns} FROM records WHERE kind = 'event'") == [
        ("7", "number.counted", "test", "2026-11-20T19:00:00.000000Z", "c", "e", None)
    ]


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("type = 'a.b' AND time >= '2026'", "records_by_type_and_time (type=? AND time>?)"),
        ("time >= '2026'", "records_by_time (time>?)"),
        ("correlation_id = 'x'", "records_by_correlation (correlation_id=?)"),
        ("id = 'x'", "records_by_id (id=?)"),
    ],
)
def test_a_search_is_answered_from_an_index(trail, condition, index):
    connect(trail.path)
    ((*_, plan),) = trail.select(f"EXPLAIN QUERY PLAN SELECT seq FROM records WHERE {condition}")
    assert plan.startswith("SEARCH records USING ")
    assert plan.endswith(f"INDEX {index}")


def test_a_folder_is_no_trail(tmp_path):
    with pytest.raises(TrailUnusable, match=r"is a folder, and the audit trail is a file, as in .*audit\.db$"):
        connect(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "var").write_text("a file")
    with pytest.raises(
        TrailUnusable, match=r"cannot make the folder .*var for the audit trail: (File exists|Not a dir)"
    ):
        connect(tmp_path / "var" / "audit.db")


def test_a_file_of_another_kind_is_left_alone(trail):
    trail.path.write_text("Dear diary, " * 500)
    with pytest.raises(TrailUnusable, match="is no SQLite database, so it is no audit trail; give another path"):
        connect(trail.path)
    assert trail.path.read_text() == "Dear diary, " * 500


@pytest.mark.parametrize("mark", ["CREATE TABLE notes (text)", "PRAGMA application_id = 42"])
def test_the_database_of_another_program_is_left_alone(trail, mark):
    with closing(sqlite3.connect(trail.path)) as connection:
        connection.execute(mark)
    before = trail.path.read_bytes()
    with pytest.raises(TrailUnusable, match="is the database of another program, not an audit trail"):
        connect(trail.path)
    assert trail.path.read_bytes() == before


def test_a_trail_of_a_later_form_asks_for_an_upgrade(trail):
    connect(trail.path)
    trail.select(f"PRAGMA user_version = {FORMAT + 1}")
    expected = rf"has format {FORMAT + 1}, .* knows formats up to {FORMAT}; upgrade plugbus-audit"
    with pytest.raises(TrailUnusable, match=expected):
        connect(trail.path)


def test_an_empty_file_becomes_a_trail(trail):
    trail.path.touch()
    connect(trail.path)
    assert trail.records() == []


def test_a_trail_that_may_not_be_written_is_found_out_when_it_is_opened(run_program):
    # The superuser may write everything, so the program becomes somebody else, in a folder that others may enter.
    done = run_program(
        """
        import logging, os, tempfile
        from pathlib import Path
        from plugbus_audit import AuditSettings, TrailUnusable
        from plugbus_audit.assembly import make_store

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "audit.db"
            store = make_store(AuditSettings(path=path), logging.getLogger())
            store.open()
            store.close()
            path.chmod(0o444)
            Path(folder).chmod(0o755)
            if os.geteuid() == 0:
                os.seteuid(65534)
            try:
                store.open()
            except TrailUnusable as error:
                print(str(error).replace(folder, ""))
            os.seteuid(os.getuid())
        """
    )
    assert done.stdout == "cannot write the audit trail /audit.db: attempt to write a readonly database\n"


def test_of_many_processes_that_start_at_once_one_makes_the_trail(trail):
    program = (
        "import logging, sys; from pathlib import Path\n"
        "from plugbus_audit import AuditSettings\n"
        "from plugbus_audit.assembly import make_writer\n"
        "settings = AuditSettings(path=Path(sys.argv[1]), flush_every=10, buffer_size=100, buffer_timeout=30.0)\n"
        "writer = make_writer(settings, logging.getLogger(), None)\n"
        "sys.stdin.read()\n"
        "writer.open()\n"
        'for number in range(25): writer.put(b\'{"id":"%d","type":"a.b"}\' % number)\n'
        "writer.close(30)\n"
    )
    command = [sys.executable, "-c", program, os.fspath(trail.path)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    for process in processes:
        process.stdin.close()
    complaints = b"".join(process.stderr.read() for process in processes)
    assert [process.wait(60) for process in processes] == [0] * 8, complaints
    for process in processes:
        process.stderr.close()
    assert complaints == b""
    assert sorted(trail.ids(), key=int) == sorted([str(number) for number in range(25)] * 8, key=int)
    assert trail.select("PRAGMA integrity_check") == [("ok",)]
