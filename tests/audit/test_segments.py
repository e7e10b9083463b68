"""A trail of JSON lines."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import textwrap

import pytest

from plugbus import Event, EventBus
from plugbus_audit import AuditSettings, TrailUnusable, verify
from plugbus_audit.assembly import make_store


@pytest.fixture
def options(tmp_path):
    return AuditSettings(
        path=tmp_path / "trail", format="jsonl", checkpoint_path=tmp_path / "checkpoints", segment_size=5_000
    )


@pytest.fixture
def make(options):
    made = []

    def make(**changes):
        import attrs

        made.append(make_store(attrs.evolve(options, **changes), logging.getLogger("plugbus.audit")))
        return made[-1]

    yield make
    for store in made:
        store.close()
        store.end()


def lines(options):
    return [
        json.loads(line) for path in sorted(options.path.glob("*.jsonl")) for line in path.read_bytes().splitlines()
    ]


def check(options):
    found = verify(options.path, checkpoint_path=options.checkpoint_path)
    assert found.ok, found.problems
    return found


def test_a_bus_writes_one_line_for_each_record(options):
    bus = EventBus.from_config(
        {
            "plugins": {
                "audit": {"path": str(options.path), "format": "jsonl", "checkpoint_path": str(options.checkpoint_path)}
            }
        }
    )
    for number in range(5):
        bus.publish_sync(Event(type="item.sold", payload={"text": f"a\nb {number}"}))
    bus.stop_sync()
    found = lines(options)
    assert [line["kind"] for line in found] == ["opened"] + ["event"] * 6
    assert [line["data"]["text"] for line in found[1:-1]] == [f"a\nb {number}" for number in range(5)]
    assert check(options).records == 7


def test_a_segment_that_is_large_enough_is_followed_by_the_next(options, make, record):
    store = make()
    for number in range(60):
        store.write([record(number)])
    names = sorted(path.name for path in options.path.glob("*.jsonl"))
    assert len(names) > 2
    firsts = [int(name.removesuffix(".jsonl").rpartition("-")[2]) for name in names]
    assert firsts[0] == 1
    assert [json.loads((options.path / name).read_bytes().splitlines()[0])["seq"] for name in names] == firsts
    store.rest()
    assert check(options).records == 61


def test_a_segment_that_is_old_enough_is_followed_by_the_next(options, make, record):
    store = make(segment_age=0.0)
    for number in range(3):
        store.write([record(number)])
    assert len(list(options.path.glob("*.jsonl"))) == 3
    check(options)


def test_several_stores_write_in_turns_each_with_a_chain_of_its_own(options, make, record):
    stores = [make() for _ in range(3)]
    for number in range(30):
        stores[number % 3].write([record(number)])
    for store in stores:
        store.rest()
    found = check(options)
    assert (found.records, found.chains) == (33, 3)


def test_a_line_that_was_cut_short_by_a_crash_is_removed(options, make, record, caplog):
    make().write([record(1)])
    (segment,) = options.path.glob("*.jsonl")
    whole = segment.read_bytes()
    segment.write_bytes(whole + b'{"seq":3,"chain":"00')
    assert verify(options.path).ok, "somebody could just be writing it"
    make().write([record(2)])
    assert "ended with a line that was cut short" in caplog.text
    assert [line["kind"] for line in lines(options)] == ["opened", "event", "opened", "event"]
    assert check(options).ok


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        (lambda rows: [*rows[:4], rows[4].replace(b'"n": 3', b'"n": 4'), *rows[5:]], 5),
        (lambda rows: rows[:4] + rows[5:], 5),
        (lambda rows: [*rows[:4], rows[5], rows[4], *rows[6:]], 5),
        (lambda rows: [*rows[:5], rows[4], *rows[5:]], 5),
        (lambda rows: rows[:-1], 11),
        (lambda rows: [*rows[:4], b"{}\n", *rows[5:]], 5),
        (lambda rows: [], 1),
    ],
    ids=["changed", "removed", "swapped", "doubled", "cut off", "something else", "all removed"],
)
def test_what_was_changed_is_found(options, make, record, change, bad):
    store = make(segment_size=10**9)
    store.write([record(number) for number in range(10)])
    store.rest()
    (segment,) = options.path.glob("*.jsonl")
    segment.write_bytes(b"".join(change(segment.read_bytes().splitlines(keepends=True))))
    assert verify(options.path, checkpoint_path=options.checkpoint_path).first_bad == bad


def test_a_segment_that_was_removed_is_found(options, make, record):
    store = make()
    for number in range(60):
        store.write([record(number)])
    store.rest()
    segments = sorted(options.path.glob("*.jsonl"))
    missing = int(segments[1].stem.rpartition("-")[2])
    segments[1].unlink()
    assert verify(options.path, checkpoint_path=options.checkpoint_path).first_bad == missing


def test_a_folder_that_is_removed_is_made_anew_and_the_checkpoints_tell(options, make, record, caplog):
    import shutil

    store = make()
    store.write([record(1)])
    store.rest()
    shutil.rmtree(options.path)
    store.write([record(2)])
    assert "was removed or replaced" in caplog.text
    opened, event = lines(options)
    assert opened["replaced"]["n"] == 2
    assert event["id"] == "2"
    assert verify(options.path).ok
    assert not verify(options.path, checkpoint_path=options.checkpoint_path).ok


def test_a_file_in_its_place_is_refused(options, make):
    options.path.write_text("Dear diary")
    with pytest.raises(TrailUnusable, match="is a file; a trail of JSON lines is a folder"):
        make().open()


def test_when_the_disk_is_full_nothing_of_a_batch_is_left(run_program):
    run_program(
        """
        import json, logging, resource
        from pathlib import Path
        from plugbus_audit import AuditSettings, verify
        from plugbus_audit.assembly import make_store

        store = make_store(AuditSettings(path=Path("trail"), format="jsonl"), logging.getLogger())
        rows = [b'{"kind":"event","id":"%d","data":"%s"}' % (n, b"x" * 500) for n in range(100)]
        store.write(rows[:10])
        (segment,) = Path("trail").glob("*.jsonl")
        before = segment.read_bytes()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 2000, hard))
        try:
            store.write(rows[10:])
        except OSError as error:
            print(error)
        assert segment.read_bytes() == before
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        store.write(rows[10:])
        assert verify("trail").records == 101
        store.close()
        store.end()
        """
    )


PROCESS = """
    import logging, sys, threading
    from pathlib import Path
    from plugbus import Event, EventBus

    bus = EventBus.from_config({"plugins": {"audit": {
        "path": "trail", "format": sys.argv[1], "checkpoint_path": "checkpoints", "segment_size": "20kB",
        "flush_every": 7,
    }}})

    def publish(thread):
        for number in range(50):
            assert bus.publish_sync(Event(type="number.counted", payload={"n": f"{sys.argv[2]}-{thread}-{number}"})).ok

    sys.stdin.read()
    threads = [threading.Thread(target=publish, args=(thread,)) for thread in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    bus.stop_sync()
"""


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_two_processes_with_ten_threads_each_write_one_trail(tmp_path, form):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROCESS), encoding="utf-8")
    processes = [
        subprocess.Popen(
            [sys.executable, os.fspath(program), form, str(name)],
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            env={key: value for key, value in os.environ.items() if not key.startswith("PLUGBUS_")},
        )
        for name in range(2)
    ]
    for process in processes:
        process.stdin.close()
    assert [process.wait(60) for process in processes] == [0, 0]
    found = verify(tmp_path / "trail", checkpoint_path=tmp_path / "checkpoints")
    assert found.ok, found.problems
    assert (found.records, found.chains) == (2 * (1 + 500 + 1), 2)
    assert found.vouched == found.records
    if form == "jsonl":
        made = lines(AuditSettings(path=tmp_path / "trail"))
        counted = [line["data"]["n"] for line in made if line.get("type") == "number.counted"]
        assert len(set(counted)) == len(counted) == 1_000
