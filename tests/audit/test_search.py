from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import aclosing, closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from plugbus.errors import InvalidPattern
from plugbus_audit import AsyncTrail, Filter, InvalidFilter, Trail
from plugbus_audit.record import KINDS
from plugbus_audit.sqlite_reader import candidates


def ids(records):
    return [record.id for record in records]


def event(number, kind="event", **members):
    known = {"id": str(number), "type": "a.b", "source": "test", "time": "2026-11-20T19:00:00.000000Z"}
    return json.dumps({"kind": kind, **known, **members}, ensure_ascii=False, separators=(",", ":")).encode()


def outcome(number, *failed):
    failures = [{"handler": name, "plugin": None, "error": "builtins.ValueError"} for name in failed]
    return event(number, "outcome", outcome={"handlers": [], "failures": failures})


# --- a filter, against the same in plain Python

TYPES = ["user.created", "user.login.failed", "item.created", "a.b"]
TIMES = [f"2026-11-20T{hour:02}:00:00.000000Z" for hour in range(4)]
NAMES = ["n", "user", "items", "payload", "0"]
VALUES = [
    1,
    1.0,
    -7,
    "-7",
    "007",
    True,
    False,
    None,
    0,
    7,
    "7",
    "true",
    "Ada",
    "ADA LOVELACE",
    'say "x"\n',
    "Straße",
    "1e22",
    1.5,
    2**70,
]


def data():
    leaves = st.sampled_from(VALUES)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
        max_leaves=6,
    )


RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["event", "event", "blocked", "outcome"]),
            "type": st.sampled_from(TYPES),
            "time": st.sampled_from(TIMES),
            "source": st.sampled_from(["shop", "web"]),
            "correlationid": st.sampled_from(["c1", "c2"]),
            "data": data(),
        }
    ),
    max_size=25,
)
PATHS = st.lists(st.sampled_from([*NAMES, "*", "data"]), min_size=1, max_size=3).map(".".join)
CRITERIA = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from([*TYPES, "*", "user.*", "*.created", "no.such"]),
        "since": st.sampled_from(TIMES),
        "until": st.sampled_from(TIMES),
        "source": st.sampled_from(["shop", "other"]),
        "correlation_id": st.sampled_from(["c1", "c3"]),
        "fields": st.dictionaries(PATHS, st.sampled_from(VALUES), max_size=1),
        "text": st.sampled_from(["ada", "7", "STRASSE", 'Y "X"\n', "user", "", "1.5", "true"]),
        "kinds": st.sampled_from([["event"], ["blocked", "outcome"], list(KINDS)]),
    },
)


def is_meant(record, said):
    segments = record["type"].split(".")
    patterns = {"*": True, "user.*": segments[0] == "user", "*.created": segments[1:] == ["created"]}
    wanted = said.get("type", "*")
    return (
        record["kind"] in said.get("kinds", ["event", "blocked"])
        and patterns.get(wanted, record["type"] == wanted)
        and said.get("since", "") <= record["time"] < said.get("until", "Z")
        and said.get("source", record["source"]) == record["source"]
        and said.get("correlation_id", record["correlationid"]) == record["correlationid"]
        and all(any(same(x, y) for x in at(record["data"], path)) for path, y in said.get("fields", {}).items())
        and ("text" not in said or any(said["text"].casefold() in text.casefold() for text in texts(record["data"])))
    )


def at(data, path):
    first, _, rest = path.partition(".")
    yield from at_steps(data, path.split("."))
    if first in ("payload", "data") and rest:
        yield from at_steps(data, rest.split("."))


def at_steps(value, steps):
    for step in steps[:1]:
        if isinstance(value, dict) and step in value:
            yield from at_steps(value[step], steps[1:])
        if isinstance(value, list):
            chosen = value if step == "*" else [item for index, item in enumerate(value) if str(index) == step]
            for item in chosen:
                yield from at_steps(item, steps[1:])
    if not steps:
        yield value


def same(found, wanted):
    if isinstance(found, list | dict):
        return False
    if isinstance(wanted, str) and not isinstance(found, str):
        try:
            wanted = json.loads(wanted)
        except ValueError:
            return False
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


def texts(value):
    match value:
        case dict():
            for key, item in value.items():
                yield key
                yield from texts(item)
        case list():
            for item in value:
                yield from texts(item)
        case str():
            yield value
        case int() if not isinstance(value, bool):
            yield str(value)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(records=[], said=[{}])
@given(records=RECORDS, said=st.lists(CRITERIA, min_size=1, max_size=12))
def test_a_search_finds_what_a_plain_filter_finds(tmp_path_factory, form, records, said):
    path = tmp_path_factory.mktemp("trail") / "trail"
    rows = [event(number, **record) for number, record in enumerate(records)]
    write(path, form, rows)
    for criteria in said:
        expected = [str(number) for number, record in enumerate(records) if is_meant(record, criteria)]
        where = Filter(**criteria)
        opened = [found for found in Trail(path).search(where) if found.kind != "opened"]
        assert ids(opened) == expected, criteria
        limited = Filter(**{"kinds": ["event", "blocked"], **criteria, "type": criteria.get("type", "*")})
        if "opened" not in limited.kinds:
            assert ids(Trail(path).search(limited, limit=3)) == expected[-3:], criteria


def write(path, form, rows):
    import logging

    from plugbus_audit import AuditSettings
    from plugbus_audit.assembly import make_store

    store = make_store(AuditSettings(path=path, format=form), logging.getLogger("plugbus.audit"))
    store.open()
    if rows:
        store.write(rows)
    store.close()
    store.end()


# --- what a filter takes


def test_times_are_datetimes_texts_and_durations_ago():
    assert Filter(since="2026-11-20").since == "2026-11-20T00:00:00.000000Z"
    assert Filter(since="2026-11-20T20:00+01:00").since == "2026-11-20T19:00:00.000000Z"
    assert Filter(until=datetime(2026, 11, 20, 19, tzinfo=UTC)).until == "2026-11-20T19:00:00.000000Z"
    before = datetime.now(UTC) - timedelta(hours=2)
    ago = datetime.fromisoformat(Filter(since="2h").since)
    assert before <= ago <= datetime.now(UTC) - timedelta(hours=2)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"type": "user"}, "is no pattern"),
        ({"since": "yesterday"}, "expected ISO 8601"),
        ({"since": "9999999999w"}, "expected ISO 8601"),
        ({"until": datetime(2026, 11, 20)}, "has no time zone"),  # noqa: DTZ001
        ({"fields": {"a..b": 1}}, "is no path"),
        ({"kinds": ["events"]}, "is no kind of record: expected event, blocked"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(said, error):
    with pytest.raises((InvalidFilter, InvalidPattern), match=error):
        Filter(**said)


# --- what is found


def test_an_event_comes_with_what_became_of_it(written):
    path = written(
        event(1), event(2), outcome(2, "charge", "mail"), outcome(1), event(3), event(4, "blocked", blocked={"by": "g"})
    )
    first, second, third, fourth = Trail(path).search()
    assert (first.outcome, first.failures) == ({"handlers": [], "failures": []}, ())
    assert second.failures == ("charge", "mail")
    assert (third.outcome, third.failures) == (None, ())
    assert (fourth.blocked_by, fourth.outcome) == ("g", None)
    assert [found.outcome for found in Trail(path).search(outcomes=False)] == [None] * 4


def test_an_outcome_belongs_to_the_event_before_it_that_the_same_process_recorded(written):
    written(event(1))
    path = written(event(1), outcome(1, "charge"), event(1))
    assert [found.failures for found in Trail(path).search()] == [(), ("charge",), ()]
    assert [found.failures for found in Trail(path).tail(1)] == [()]


def test_show_gives_every_record_with_an_id(written):
    path = written(event(1), event(2), outcome(1, "charge"), event(11))
    assert [(found.kind, found.failures) for found in Trail(path).show("1")] == [
        ("event", ("charge",)),
        ("outcome", ("charge",)),
    ]
    assert Trail(path).show("3") == []


def test_a_search_crosses_segments_and_ends_where_the_trail_ended_when_it_began(tmp_path, written, form):
    rows = [event(number, data={"n": number}) for number in range(3_000)]
    path = written(*rows, size=100_000)
    if form == "jsonl":
        assert len(list(path.glob("*.jsonl"))) > 3
    seen = []
    for found in Trail(path).search():
        if found.id == "5":
            written(event("later"))
        seen.append(found.id)
    assert seen == [str(number) for number in range(3_000)]
    assert ids(Trail(path).tail(1_500)) == [*seen[-1_499:], "later"]


def test_a_search_tells_how_far_it_has_come(written):
    path = written(*(event(number) for number in range(2_500)))
    told = []
    assert len(list(Trail(path).search(progress=lambda *place: told.append(place)))) == 2_500
    dones, totals, founds = zip(*told, strict=True)
    assert list(dones) == sorted(dones)
    assert dones[-1] == totals[-1]
    assert founds[-1] == 2_500
    assert len(told) > 1


def test_a_reader_that_pauses_keeps_no_transaction_open(written, form):
    path = written(*(event(number) for number in range(2_500)))
    if form == "jsonl":
        pytest.skip("there are none")
    with closing(Trail(path).search(Filter(type="a.*"))) as records:
        next(records)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


# --- the query plan


@pytest.mark.parametrize(
    ("said", "types", "index"),
    [
        ({"type": "a.b", "since": "2h"}, ["a.b"], "records_by_type_and_time (type=? AND time>?)"),
        ({"type": "a.*", "since": "2h", "until": "1h"}, ["a.b", "a.c"], "(type=? AND time>? AND time<?)"),
        ({"type": "a.b"}, ["a.b"], "records_by_type_and_time (type=?)"),
        ({"since": "2h"}, None, "records_by_time (time>?)"),
        ({"correlation_id": "c", "since": "2h"}, None, "records_by_correlation (correlation_id=?)"),
    ],
)
@pytest.mark.parametrize("form", ["sqlite"], indirect=True)
def test_a_search_is_answered_by_an_index(written, said, types, index):
    path = written(*(event(number) for number in range(100)))
    condition, parameters = candidates(Filter(**said), types)
    statement = f"EXPLAIN QUERY PLAN SELECT seq FROM records WHERE {condition}"
    with closing(sqlite3.connect(path)) as connection:
        plan = [row[3] for row in connection.execute(statement, parameters)]
    assert any(step.startswith("SEARCH records USING") and index in step for step in plan), plan
    assert not any(step.startswith("SCAN records") for step in plan), plan


@pytest.mark.parametrize("form", ["sqlite"], indirect=True)
def test_the_statements_beside_are_answered_by_an_index_too(written, monkeypatch):
    from plugbus_audit import sqlite_reader

    path = written(event(1))
    with closing(sqlite3.connect(path)) as connection:
        for statement, parameters in ((sqlite_reader._TYPES, ()), (sqlite_reader._OUTCOMES, ("[]",))):
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert any("SEARCH records" in step for step in plan), plan
            assert not any(step.startswith("SCAN records") for step in plan), plan


def test_with_more_types_than_fit_a_list_a_pattern_is_answered_all_the_same(written, monkeypatch):
    monkeypatch.setattr("plugbus_audit.sqlite_reader._MOST_TYPES", 3)
    path = written(*(event(number, type=f"a.t{number}") for number in range(10)), event("x", type="b.c"))
    assert len(list(Trail(path).search(Filter(type="a.*")))) == 10


# --- async


async def test_an_async_trail_answers_as_a_trail_does(written):
    path = written(event(1, correlationid="c"), event(2, correlationid="c", causationid="1"), outcome(2, "charge"))
    there, plain = AsyncTrail(path), Trail(path)
    assert [found async for found in there.search()] == list(plain.search())
    assert await there.tail(1) == plain.tail(1)
    assert await there.show("2") == plain.show("2")
    assert await there.stats() == plain.stats()
    trace = await there.trace("c")
    assert [(depth, found.id) for depth, found in trace.walk()] == [(0, "1"), (1, "2")]


async def test_an_async_search_may_be_left_and_cancelled(written):
    path = written(*(event(number) for number in range(3_000)))
    async with aclosing(AsyncTrail(path).search()) as records:
        async for _ in records:
            break

    async def forever():
        while True:
            async for _ in AsyncTrail(path).search():
                pass

    task = asyncio.create_task(forever())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
