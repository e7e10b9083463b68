from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from plugbus import Event, EventBase, EventBus, codec, envelope, event, secret
from plugbus.errors import Refusal
from plugbus.redaction import Redactor
from plugbus_audit import Filter, InvalidFilter, Trail, export
from plugbus_audit.exporting import COLUMNS


FORMS = ["jsonl", "csv", "parquet"]
PLANTED = "h" + "unter2-planted"
CARD = "4111111111111111"


@event("vault.unlocked")
class VaultUnlocked(EventBase):
    who: str
    code: str = secret()


def exported(path, form="jsonl", where=None):
    file = io.BytesIO()
    export(path, file, form, where or Filter())
    return file.getvalue()


def rows_of(content, form):
    """The rows of an export, by column; what stands for nothing is None."""
    if form == "jsonl":
        return [json.loads(line) for line in content.splitlines()]
    if form == "csv":
        text = io.StringIO(content.decode(), newline="")
        return [{name: value or None for name, value in row.items()} for row in csv.DictReader(text)]
    return pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()


def record(number, kind="event", **members):
    made = {"kind": kind, "specversion": "1.0", "id": str(number), "type": "a.b", "source": "s", **members}
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.fixture
def kinds(written):
    """A trail with an event of every sort."""
    return written(
        record(1, time="2026-11-20T19:00:00.000000Z", correlationid="1", data={"n": 1, "ß": "ü\n,;"}),
        record(2, causationid="1", dataversion="2", data={}),
        record(2, "outcome", outcome={"handlers": ["x"], "failures": [{"handler": "x"}, {"handler": "y"}]}),
        record(3, unencodable={"type": "socket", "reason": "it holds a socket"}),
        record(4, "blocked", data={"free": True}, blocked={"by": "guard"}),
    )


def test_as_json_lines_events_are_cloudevents_that_know_more(kinds):
    content = exported(kinds)
    one, two, three, four = rows_of(content, "jsonl")
    assert (one["id"], one["data"], one["auditseq"], one["auditkind"]) == ("1", {"n": 1, "ß": "ü\n,;"}, "2", "event")
    assert (two["auditfailed"], two["causationid"], two["data"]) == ("x,y", "1", {})
    assert three["auditunencodable"] == "it holds a socket"
    assert "data" not in three
    assert (four["auditkind"], four["auditblockedby"]) == ("blocked", "guard")
    for line in content.splitlines():
        JSONFormat().read(CloudEvent, line)
        assert codec.decode(line).type == "a.b"


@pytest.mark.parametrize("table", ["csv", "parquet"])
def test_as_a_table_events_have_the_same_columns(kinds, table):
    one, two, three, four = rows_of(exported(kinds, table), table)
    assert tuple(one) == COLUMNS
    time = "2026-11-20T19:00:00.000000Z" if table == "csv" else datetime(2026, 11, 20, 19, tzinfo=UTC)
    assert (str(one["seq"]), one["id"], one["time"], one["correlation_id"]) == ("2", "1", time, "1")
    assert json.loads(one["data"]) == {"n": 1, "ß": "ü\n,;"}
    assert (two["version"], two["failed"], two["causation_id"]) == ("2", "x,y", "1")
    assert (three["data"], three["unencodable"]) == (None, "it holds a socket")
    assert (four["kind"], four["blocked_by"]) == ("blocked", "guard")


def test_parquet_is_written_in_groups(written, monkeypatch):
    monkeypatch.setattr("plugbus_audit.parquet._ROWS", 1_000)
    path = written(*(record(number, data={"n": number}) for number in range(2_500)))
    read = pyarrow.parquet.ParquetFile(io.BytesIO(exported(path, "parquet")))
    assert [read.metadata.row_group(number).num_rows for number in range(read.num_row_groups)] == [1_000, 1_000, 500]
    assert read.read().column("id").to_pylist() == [str(number) for number in range(2_500)]


@pytest.mark.parametrize("form_of_file", FORMS)
def test_an_export_of_nothing_can_be_read_too(written, form_of_file):
    path = written(record(1))
    assert rows_of(exported(path, form_of_file, Filter(type="no.such")), form_of_file) == []


def test_an_export_is_of_events(written):
    path = written(record(1))
    with pytest.raises(InvalidFilter, match="an export is of events"):
        exported(path, where=Filter(kinds=["outcome"]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=15, deadline=None)
@given(payloads=st.lists(st.dictionaries(st.text(), JSON, max_size=4), min_size=1, max_size=15))
@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
def test_any_json_value_comes_back_from_an_export_equal_but_for_what_is_redacted(tmp_path_factory, form, payloads):
    path = tmp_path_factory.mktemp("round") / "trail"
    bus = EventBus.from_config({"plugins": {"audit": {"path": str(path), "format": form}}})
    for payload in payloads:
        bus.publish_sync(Event(type="oddity.happened", payload=payload))
    bus.stop_sync()
    expected = [Redactor().redact(payload) for payload in payloads]
    where = Filter(type="oddity.happened")
    assert [found.data for found in Trail(path).search(where)] == expected
    for name in FORMS:
        rows = rows_of(exported(path, name, where), name)
        assert [row["data"] if name == "jsonl" else json.loads(row["data"]) for row in rows] == expected
    events = [codec.decode(line) for line in exported(path, where=where).splitlines()]
    assert [codec.to_dict(made)["payload"] for made in events] == expected


def test_no_byte_of_a_secret_is_in_an_export(tmp_path, form):
    def guard(made):
        if envelope(made).type == "door.closed":
            raise Refusal(f"no: password={PLANTED}")
        return made

    def fail(made):
        raise ValueError(f"cannot use {PLANTED} or {CARD}")

    path = tmp_path / "trail"
    bus = EventBus.from_config({"plugins": {"audit": {"path": str(path), "format": form, "record_results": "all"}}})
    bus.add_middleware(guard)
    bus.subscribe("*", fail)
    bus.publish_sync(VaultUnlocked(who="Ada", code=PLANTED))
    bus.publish_sync(Event(type="user.login", payload={"deep": [{"password": PLANTED}], "card": int(CARD), "x": CARD}))
    bus.publish_sync(Event(type="page.seen", payload={"url": f"https://ada:{PLANTED}@example.org/?token={PLANTED}"}))
    bus.publish_sync(Event(type="thing.broken", payload={"inf": float("inf"), "pwd": PLANTED}))
    with pytest.raises(Refusal):
        bus.publish_sync(Event(type="door.closed", payload={"secret": PLANTED}, source=f"https://a:{PLANTED}@b.org"))
    bus.stop_sync()
    for name in FORMS:
        content = exported(path, name)
        if name == "parquet":  # it is compressed
            content += repr(rows_of(content, name)).encode()
        assert b"door.closed" in content
        for planted in (PLANTED, CARD):
            assert planted.encode() not in content
    shown = repr([(found, found.members) for found in Trail(path).search()])
    assert PLANTED not in shown
    assert CARD not in shown


# --- the command


def test_a_file_is_written_in_the_form_that_its_name_says(kinds, called, tmp_path):
    for name in FORMS:
        err = called("export", "-o", f"events.{name}", path=kinds).err
        assert err == f"4 events written to events.{name}.\n"
        assert len(rows_of((tmp_path / f"events.{name}").read_bytes(), name)) == 4
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []
    called("export", "-o", "events.txt", "--format", "csv", "--kind", "blocked", path=kinds)
    assert len(rows_of((tmp_path / "events.txt").read_bytes(), "csv")) == 1


def test_a_file_that_is_there_is_replaced_only_if_that_is_asked_for(kinds, called, tmp_path):
    (tmp_path / "events.jsonl").write_text("mine")
    assert "--force replaces it" in called("export", "-o", "events.jsonl", path=kinds, code=2).err
    assert (tmp_path / "events.jsonl").read_text() == "mine"
    called("export", "-o", "events.jsonl", "--force", path=kinds)
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 4


def test_what_cannot_be_written_is_a_clear_error_and_leaves_nothing(kinds, called, tmp_path):
    done = called("export", "-o", "nowhere/events.csv", path=kinds, code=2)
    assert "cannot write nowhere/events.csv: No such file or directory" in done.err
    assert "Parquet is no text" in called("export", "--format", "parquet", path=kinds, code=2).err


@pytest.mark.parametrize("form", ["sqlite"], indirect=True)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_a_clear_error(kinds, configuration):
    command = [sys.executable, "-m", "plugbus", "audit", "export"]
    environment = {**os.environ, "PLUGBUS_PLUGINS__AUDIT__PATH": str(kinds)}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, cwd=configuration.parent, env=environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert b"cannot write standard output: No space left on device" in done.stderr
    assert done.returncode == 2


def test_without_pyarrow_the_line_that_installs_it_is_named(kinds, called, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = called("export", "-o", "events.parquet", path=kinds, code=2)
    assert "pip install 'plugbus-audit[parquet]'" in done.err
    assert not (tmp_path / "events.parquet").exists()


@pytest.mark.parametrize("form", ["sqlite"], indirect=True)
def test_what_is_exported_can_be_published(kinds, called, configuration):
    out = called("export", "--kind", "event", path=kinds).out
    command = [sys.executable, "-m", "plugbus", "publish", "--format", "json", "-"]
    done = subprocess.run(command, cwd=configuration.parent, input=out.encode(), capture_output=True, check=True)
    assert json.loads(done.stdout)["published"] == 3


MANY = """
import json, logging, os, sys
from pathlib import Path
from plugbus_audit import AuditSettings, export
from plugbus_audit.assembly import make_store

def memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

form = sys.argv[1]
store = make_store(AuditSettings(path=Path("many"), format=form), logging.getLogger())
row = json.dumps({"kind": "event", "id": "%d", "type": "a.b", "data": {"text": "x" * 300}}, separators=(",", ":"))
store.open()
for start in range(0, 60_000, 2_000):
    store.write([(row % number).encode() for number in range(start, start + 2_000)])
store.close()
store.end()
seen = []
with open(os.devnull, "wb") as nowhere:
    export("many", nowhere, "jsonl", progress=lambda done, total, found: seen.append(memory()))
print(max(seen[len(seen) // 4 :]) - seen[len(seen) // 4])
"""


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="memory is looked up in /proc")
def test_an_export_of_many_records_keeps_its_memory_flat(tmp_path, form):
    command = [sys.executable, "-c", MANY, form]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 4_000_000
