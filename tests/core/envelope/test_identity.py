"""The envelope: the timestamp is taken at creation; ids are made when somebody asks, atomically."""

from __future__ import annotations

import gc
import os
import re
import signal
import subprocess
import sys
import threading
import uuid
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugbus import Event, EventBase, EventBus, envelope, event
from plugbus._envelope import from_nanoseconds, new_id, to_nanoseconds


UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@event("clock.struck")
class ClockStruck(EventBase):
    hour: int = 0


@pytest.fixture(params=[ClockStruck, lambda: Event(type="clock.struck")], ids=["typed", "generic"])
def make(request):
    return request.param


def test_an_envelope_holds_what_is_known_about_an_event(make):
    known = envelope(make())
    assert attrs.asdict(known) == {
        "id": known.id,
        "type": "clock.struck",
        "version": 1,
        "timestamp": known.timestamp,
        "source": None,
        "correlation_id": known.id,
        "causation_id": None,
    }


def test_the_envelope_of_an_event_is_the_same_whoever_asks(make):
    made = make()
    assert envelope(made) == made.envelope == envelope(made)


def test_an_envelope_cannot_be_changed(make):
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        envelope(make()).id = "other"


def test_the_timestamp_is_aware_and_utc_and_taken_at_creation(make):
    before = datetime.now(UTC)
    made = make()
    after = datetime.now(UTC)
    threading.Event().wait(0.002)
    known = envelope(made)
    assert known.timestamp.tzinfo is UTC
    assert before - timedelta(microseconds=1) <= known.timestamp <= after
    assert known.timestamp == envelope(made).timestamp


def test_an_id_is_a_uuid_of_version_7_that_holds_the_timestamp(make):
    known = envelope(make())
    assert UUID7.fullmatch(known.id)
    parsed = uuid.UUID(known.id)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == int(known.timestamp.timestamp() * 1000)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**62), min_size=2, max_size=20, unique_by=lambda time: time // 1_000_000))
def test_ids_sort_by_time(times):
    ids = [new_id(time) for time in sorted(times)]
    assert ids == sorted(ids)
    assert all(UUID7.fullmatch(id) for id in ids)


def test_ids_made_in_one_millisecond_differ():
    assert len({new_id(0) for _ in range(1000)}) == 1000


@settings(deadline=None)
@given(st.datetimes(timezones=st.timezones()))
def test_times_survive_the_way_to_nanoseconds_and_back(time):
    try:
        expected = time.astimezone(UTC)
    except OverflowError:
        with pytest.raises(OverflowError):
            to_nanoseconds(time)
    else:
        assert from_nanoseconds(to_nanoseconds(time)) == expected


def test_no_id_is_made_before_somebody_asks(make, monkeypatch):
    drawn = []
    monkeypatch.setattr(os, "urandom", lambda count: drawn.append(count) or bytes(count))
    bus = EventBus()
    bus.subscribe("clock.*", lambda _: None)
    made = make()
    bus.publish_sync(made)
    assert drawn == []
    assert envelope(made).id
    assert len(drawn) == 1


def test_threads_that_ask_at_once_get_one_envelope(make):
    for _ in range(50):
        made = make()
        start, seen = threading.Barrier(8), []

        def ask(made=made, start=start, seen=seen):
            start.wait()
            seen.append(envelope(made))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(seen) == 8
        assert len({known.id for known in seen}) == 1


def test_threads_that_ask_for_many_envelopes_of_shared_events_agree():
    before = sys.getswitchinterval()
    events = [ClockStruck() for _ in range(300)]
    seen = [[] for _ in range(4)]
    start = threading.Barrier(4)

    def ask(mine):
        start.wait()
        mine += [envelope(made).id for made in events]

    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=ask, args=[mine]) for mine in seen]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert seen[0] == seen[1] == seen[2] == seen[3]


def test_a_signal_handler_may_make_an_id_while_one_is_made(monkeypatch):
    made, interrupting, urandom = ClockStruck(), ClockStruck(), os.urandom

    def draw(count):
        monkeypatch.setattr(os, "urandom", urandom)
        signal.raise_signal(signal.SIGUSR1)
        return urandom(count)

    seen = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(envelope(interrupting).id))
    try:
        monkeypatch.setattr(os, "urandom", draw)
        own = envelope(made).id
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(seen) == 1
    assert own != seen[0]


FORK = """
import os, threading
from plugbus import Event, envelope
from plugbus._envelope import lock

made = Event(type="clock.struck")
reader, writer = os.pipe()
held, done = threading.Event(), threading.Event()

def hold():
    with lock.held:
        held.set()
        done.wait()

threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if child == 0:
    os.write(writer, envelope(made).id.encode())
    os._exit(0)
os.waitpid(child, 0)
done.set()
assert os.read(reader, 100).decode() != envelope(made).id
"""


def test_a_forked_child_makes_ids_of_its_own_even_if_one_was_made_at_that_moment():
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=True, timeout=60)


def test_an_event_that_is_gone_takes_its_envelope_with_it():
    import weakref

    made = ClockStruck()
    record = made.__record__()
    seen = weakref.ref(made)
    del made
    gc.collect()
    assert seen() is None
    assert record.type == "clock.struck"


async def test_the_source_is_the_events_own_else_that_of_the_bus():
    bus, seen = EventBus(source="shop"), []
    bus.subscribe(EventBase, lambda made: seen.append(envelope(made).source))
    await bus.publish(ClockStruck())
    await bus.publish(Event(type="clock.struck"))
    await bus.publish(Event(type="clock.struck", source="tower"))
    assert seen == ["shop", "shop", "tower"]
