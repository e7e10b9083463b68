"""A trail that was changed past our code, through sqlite3, in every way that there is."""

from __future__ import annotations

import hashlib
import json
import logging
import random
import shutil
import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugbus_audit import AuditSettings
from plugbus_audit.assembly import make_store
from plugbus_audit.verification import verify


RECORDS = 1_000
COLUMNS = ("seq", "body", "hash")


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A trail of 1,000 records that two processes have written in turns, with its checkpoints."""
    folder = tmp_path_factory.mktemp("original")
    path = folder / "audit.db"
    options = AuditSettings(path=path, checkpoint_path=folder / "checkpoints")
    stores = [make_store(options, logging.getLogger("plugbus.audit")) for _ in range(2)]
    for number in range(100):
        event = {"kind": "event", "id": f"e-{number}", "type": "account.paid", "time": "2026-11-20T19:00:00.000000Z"}
        rows = [
            json.dumps({**event, "id": f"e-{number}-{part}", "data": {"amount": number}}).encode()
            for part in range(10 if number else 8)
        ]
        stores[number % 2].write(rows)
    for store in stores:
        store.rest()
        store.close()
        store.end()
    return path


class Copy:
    """A copy of the trail that can be changed and put back."""

    def __init__(self, original, folder):
        self.path = folder / "audit.db"
        self.checkpoints = folder / "checkpoints"
        self.original = original
        shutil.copy(original.parent / "checkpoints", self.checkpoints)
        self.restore()

    def restore(self):
        for leftover in self.path.parent.glob("audit.db*"):
            leftover.unlink()
        shutil.copy(self.original, self.path)

    def change(self, *statements):
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("BEGIN")
            for statement, *parameters in statements:
                connection.execute(statement, parameters)
            connection.execute("COMMIT")

    def rows(self):
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute("SELECT seq, body, hash FROM records ORDER BY seq").fetchall()

    def found(self):
        return verify(self.path, checkpoint_path=self.checkpoints)

    def bad(self):
        return {problem.seq for problem in self.found().problems}


@pytest.fixture
def copy(original, tmp_path):
    return Copy(original, tmp_path)


@pytest.fixture(scope="module")
def shared(original, tmp_path_factory):
    """A copy for many examples, each of which puts it back."""
    return Copy(original, tmp_path_factory.mktemp("shared"))


def other(column, value):
    if column == "seq":
        return value + 100_000
    return value[::-1] if column == "hash" else value.replace('"kind":', '"kind": ')


def test_the_trail_as_it_was_written_is_fine(copy):
    found = copy.found()
    assert found.ok, found.problems
    assert (found.records, found.chains, found.vouched) == (RECORDS, 2, RECORDS)
    assert found.first_bad is None


# So many records are changed at once: each is found on its own, and no more than 100 problems are told.
TOGETHER = 20


def apart(last=RECORDS):
    """Yield groups of numbers, far from each other, that together are all."""
    step = RECORDS // TOGETHER
    for offset in range(step):
        yield range(1 + offset, last + 1, step)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_change_of_every_column_of_every_record_is_found(copy, column):
    values = {row[0]: dict(zip(COLUMNS, row, strict=True))[column] for row in copy.rows()}
    for changed in apart():
        change = f"UPDATE records SET {column} = ? WHERE seq = ?"
        copy.change(*((change, other(column, values[seq]), seq) for seq in changed))
        assert set(changed) <= copy.bad()
        copy.restore()


def test_every_record_that_is_removed_is_found(copy):
    for removed in apart():
        copy.change(*(("DELETE FROM records WHERE seq = ?", seq) for seq in removed))
        assert set(removed) <= copy.bad()
        copy.restore()


def test_every_place_where_the_trail_is_cut_off_is_found(copy):
    for last in range(RECORDS - 1, -1, -1):
        copy.change(
            ("DELETE FROM records WHERE seq > ?", last),
            ("UPDATE sqlite_sequence SET seq = ? WHERE name = 'records'", last),
        )
        assert copy.found().first_bad == last + 1


def swap(one, another):
    return (
        ("UPDATE records SET seq = -1 WHERE seq = ?", one),
        ("UPDATE records SET seq = ? WHERE seq = ?", one, another),
        ("UPDATE records SET seq = ? WHERE seq = -1", another),
    )


def test_all_neighbors_that_change_places_are_found(copy):
    for first in apart(RECORDS - 1):
        pairs = [(seq, seq + 1) for seq in first]
        copy.change(*(statement for pair in pairs for statement in swap(*pair)))
        assert {seq for pair in pairs for seq in pair} <= copy.bad()
        copy.restore()


def test_a_thousand_pairs_that_change_places_are_found(copy):
    chance = random.Random(7)
    for _ in range(1_000 // TOGETHER):
        numbers = chance.sample(range(1, RECORDS + 1), 2 * TOGETHER)
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        copy.change(*(statement for pair in pairs for statement in swap(*pair)))
        assert set(numbers) <= copy.bad()
        copy.restore()


def rewritten(rows, changed, change):
    """Return all rows with one of them changed, and every hash from there on made to fit, as a forger would."""
    fits = {}
    made = []
    for seq, body, hash in rows:
        record = json.loads(body)
        if seq == changed:
            change(record)
        for link in ("prev", "above"):
            if record.get(link) in fits:
                record[link] = fits[record[link]]
        text = json.dumps(record, separators=(",", ":")) if seq == changed or fits else body
        own = hashlib.sha256(text.encode()).hexdigest()
        if own != hash:
            fits[hash] = own
        made.append((seq, text, own))
    return made


@pytest.mark.parametrize("changed", [2, 500, RECORDS])
def test_a_trail_that_was_written_anew_with_a_chain_that_fits_is_found_by_its_checkpoints(copy, changed):
    made = rewritten(copy.rows(), changed, lambda record: record.update(data={"amount": 1_000_000}))
    copy.change(*(("UPDATE records SET body = ?, hash = ? WHERE seq = ?", body, own, seq) for seq, body, own in made))
    found = copy.found()
    assert not found.ok
    assert changed <= found.first_bad <= RECORDS
    assert verify(copy.path).ok, "without checkpoints it cannot be seen"


def test_after_the_last_checkpoint_a_trail_can_be_written_anew_and_the_verification_says_where_that_begins(copy):
    first, *_ = copy.checkpoints.read_text().splitlines()
    copy.checkpoints.write_text(first + "\n")
    vouched = json.loads(first)["seq"]
    made = rewritten(copy.rows(), RECORDS, lambda record: record.update(data={"amount": 0}))
    copy.change(*(("UPDATE records SET body = ?, hash = ? WHERE seq = ?", body, own, seq) for seq, body, own in made))
    found = copy.found()
    assert found.ok
    assert found.vouched == vouched < RECORDS


def test_a_record_that_is_added_at_the_end_by_somebody_who_cannot_hash_is_found(copy):
    copy.change(("INSERT INTO records (seq, body, hash) SELECT 1001, body, hash FROM records WHERE seq = 500",))
    assert copy.found().first_bad == RECORDS + 1


def test_another_trail_in_the_place_of_the_first_is_found(copy, original, tmp_path):
    copy.change(("DELETE FROM records",), ("DELETE FROM sqlite_sequence",))
    assert copy.found().first_bad == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET body = CAST(body AS BLOB) WHERE seq = 7",
        "UPDATE records SET hash = CAST(hash AS BLOB) WHERE seq = 7",
        "UPDATE records SET hash = 7 WHERE seq = 7",
        "UPDATE records SET hash = upper(hash) WHERE seq = 7",
    ],
)
def test_a_value_of_another_type_is_found(copy, statement):
    copy.change((statement,))
    assert copy.found().first_bad == 7


def test_a_record_that_was_changed_in_the_file_past_sqlite_is_found(copy):
    original_rows = copy.rows()
    content = copy.path.read_bytes()
    copy.path.write_bytes(content.replace(b'"e-50-5"', b'"e-50-5,'))
    found = copy.found()
    assert found.first_bad == next(seq for seq, body, _ in original_rows if '"e-50-5"' in body)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("DROP INDEX records_by_time", "records_by_time"),
        ("CREATE TRIGGER forget AFTER INSERT ON records BEGIN DELETE FROM records WHERE seq = 7; END", "forget"),
        ("CREATE VIEW seen AS SELECT * FROM records", "seen"),
        ("UPDATE trail SET canon = 'mine'", "trail"),
        ("DELETE FROM trail", "trail"),
    ],
)
def test_a_database_that_holds_something_else_is_found(copy, statement, name):
    copy.change((statement,))
    (problem,) = copy.found().problems
    assert name in problem.message


def test_columns_that_no_longer_come_from_the_record_are_found(copy):
    columns = "seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, hash TEXT NOT NULL"
    names = "kind, chain, recorded, id, type, source, time, correlation_id, causation_id, unencodable"
    copy.change(
        (f"CREATE TABLE mine ({columns}, {names.replace(',', ' TEXT,')} TEXT)",),
        (f"INSERT INTO mine SELECT seq, body, hash, {names} FROM records",),
        ("DROP TABLE records",),
        ("ALTER TABLE mine RENAME TO records",),
        ("UPDATE records SET type = 'nothing.happened' WHERE seq = 7",),
    )
    assert any("records is not as plugbus-audit makes it" in str(problem) for problem in copy.found().problems)


@pytest.mark.parametrize("columns", ["source", "json_extract(body, '$.id') || 'x'"], ids=["order", "content"])
def test_an_index_that_says_something_else_than_the_records_is_found(copy, columns):
    with closing(sqlite3.connect(copy.path, isolation_level=None)) as connection:
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'records_by_id'").fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'records_by_id'",
            (f"CREATE INDEX records_by_id ON records ({columns})",),
        )
    with closing(sqlite3.connect(copy.path, isolation_level=None)) as connection:
        connection.execute("REINDEX records_by_id")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'records_by_id'", (sql,))
    (problem,) = copy.found().problems
    assert str(problem).startswith("the index records_by_id ")
    assert verify(copy.path, indexes=False).ok


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_one_change_does_to_a_record_is_found(shared, data):
    seq = data.draw(st.integers(1, RECORDS), label="record")
    kind = data.draw(st.sampled_from(["body", "hash", "remove", "swap", "copy"]), label="change")
    another = data.draw(st.integers(1, RECORDS).filter(lambda number: number != seq), label="another record")
    if kind in {"body", "hash"}:
        before = shared.rows()[seq - 1][COLUMNS.index(kind)]
        place = data.draw(st.integers(0, len(before) - 1), label="place")
        letter = data.draw(st.characters(exclude_characters=before[place], exclude_categories=["Cs"]), label="letter")
        after = before[:place] + letter + before[place + 1 :]
        try:
            shared.change((f"UPDATE records SET {kind} = ? WHERE seq = ?", after, seq))
        except sqlite3.OperationalError:
            return  # SQLite itself keeps it from being no JSON
    elif kind == "remove":
        shared.change(("DELETE FROM records WHERE seq = ?", seq))
    elif kind == "swap":
        shared.change(*swap(seq, another))
        seq = min(seq, another)
    else:
        values = "(SELECT body, hash FROM records WHERE seq = ?)"
        shared.change((f"UPDATE records SET (body, hash) = {values} WHERE seq = ?", another, seq))
    found = shared.found()
    shared.restore()
    assert found.first_bad == seq
