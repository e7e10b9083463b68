from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import attrs
import pytest

from plugbus import Event, EventBase, EventBus, envelope, event, name_event, secret
from plugbus.errors import OrderError, Refusal
from plugbus_audit import Filter, NoTrail, Trail, replay


@event("shelf.counted")
class StockCounted(EventBase):
    item: str
    count: int


@event("strongbox.opened")
class SafeOpened(EventBase):
    who: str
    code: str = secret()


@attrs.frozen
class Parcel:
    number: int


name_event(Parcel, "parcel.dropped")


@pytest.fixture
def path(tmp_path, form):
    return tmp_path / ("audit.db" if form == "sqlite" else "audit")


@pytest.fixture
def audited(path, form):
    """A function that makes a bus that records in the trail."""

    def make(**settings):
        return EventBus.from_config({"plugins": {"audit": {"path": str(path), "format": form, **settings}}})

    return make


@pytest.fixture
def recorded(audited):
    """A function that publishes events, so that they are in the trail."""

    async def publish(*events, middleware=None, **settings):
        bus = audited(**settings)
        if middleware is not None:
            bus.add_middleware(middleware)
        for made in events:
            await bus.publish(made)
        await bus.stop(announce=False)

    return publish


async def test_events_come_back_as_they_were_to_handlers_that_take_replays(recorded, path):
    made = [StockCounted(item="tea", count=3), Event(type="kettle.sold", payload={"n": 1}, source="shop")]
    await recorded(*made)
    bus, seen = EventBus(source="another"), []
    bus.subscribe("*", lambda event: seen.append("not this"))
    bus.subscribe(StockCounted, seen.append, replay=True)
    bus.subscribe("kettle.sold", seen.append, replay=True)
    done = await replay(path, bus)
    assert seen == made
    assert [attrs.evolve(envelope(event), source=None) for event in seen] == [
        attrs.evolve(envelope(event), source=None) for event in made
    ]
    assert envelope(seen[1]).source == "shop"
    assert (done.ok, done.total.selected, done.total.replayed, done.total.generic) == (True, 2, 2, 0)


async def test_an_event_without_its_secrets_comes_as_a_generic_one(recorded, path):
    opened = SafeOpened(who="Ada", code="1234")
    paid = Event(type="shelf.counted", payload={"item": "card 4111111111111111", "count": 1})
    await recorded(opened, paid)
    bus, seen, typed = EventBus(), [], []
    bus.subscribe("*", seen.append, replay=True, name="all")
    bus.subscribe(SafeOpened, typed.append, replay=True, name="typed")
    done = await replay(path, bus)
    assert [type(event) for event in seen] == [Event, Event]
    assert seen[0].payload == {"who": "Ada", "code": "[redacted:secret]"}
    assert [envelope(event).id for event in seen] == [envelope(opened).id, paid.id]
    assert typed == []
    assert done.types["strongbox.opened"].generic == 1


async def test_an_event_of_a_class_of_the_users_own_keeps_its_id(recorded, path):
    await recorded(Parcel(number=1))
    (found,) = Trail(path).search()
    bus, seen = EventBus(), []
    bus.subscribe("parcel.dropped", seen.append, replay=True)
    await replay(path, bus)
    assert [(event.id, event.payload) for event in seen] == [(found.id, {"number": 1})]


async def test_what_is_replayed_is_not_recorded_again(recorded, audited, path):
    await recorded(*(Event(type="kettle.sold", payload={"n": n}) for n in range(3)), record_results="all")
    before = [(found.kind, found.id) for found in Trail(path).search(Filter(kinds=["event", "blocked", "outcome"]))]
    bus = audited(record_results="all")
    bus.add_middleware(lambda event: None if event.type == "kettle.sold" and event.payload["n"] == 1 else event)

    async def pass_on(event):
        await bus.publish(Event(type="kettle.counted", payload=dict(event.payload)))
        raise ValueError("not well")

    bus.subscribe("kettle.sold", pass_on, replay=True)
    async with bus:
        done = await replay(path, bus, Filter(type="kettle.sold"))
    assert (done.total.replayed, done.total.blocked, done.total.failed) == (2, 1, 2)
    found = [
        (one.kind, one.id, one.type)
        for one in Trail(path).search(Filter(kinds=["event", "blocked", "outcome"]))
        if one.type != "service.shutdown"
    ]
    assert [(kind, id) for kind, id, _ in found[: len(before)]] == before
    # What handlers publish meanwhile is new.
    assert {type for _, _, type in found[len(before) :]} == {"kettle.counted", "error.occurred"}


async def test_events_are_chosen_as_in_a_search_and_blocked_ones_are_left_out(recorded, path):
    def block(event):
        return event if event.payload["n"] != 3 else None

    await recorded(
        *(Event(type=f"kettle.t{n % 2}", payload={"n": n}, correlation_id=f"c{n}") for n in range(6)), middleware=block
    )
    bus, seen = EventBus(), []
    bus.subscribe("*", lambda event: seen.append((event.payload["n"], event.correlation_id)), replay=True)
    await replay(path, bus, Filter(type="kettle.t1"))
    await replay(path, bus, Filter(correlation_id="c4"))
    await replay(path, bus, Filter(until="1h"))
    assert seen == [(1, "c1"), (5, "c5"), (4, "c4")]


async def test_what_does_not_go_well_is_told_and_the_rest_goes_on(recorded, path, written):
    written(
        b'{"kind":"event","specversion":"1.0","id":"1","source":"s","type":"a.b","unencodable":{"reason":"a socket"}}',
        b'{"kind":"event","specversion":"1.0","id":"2","source":"s","type":"shelf.counted","data":{"item":3}}',
    )
    await recorded(*(Event(type="kettle.sold", payload={"n": n}) for n in range(3)))
    bus, complaints = EventBus(), []

    def fail(event):
        if event.payload["n"] == 2:
            raise KeyError("tea")

    def guard(event):
        if event.payload["n"] == 0:
            raise Refusal("not you")
        return event

    bus.add_middleware(guard)
    bus.subscribe("kettle.sold", fail, name="fail", replay=True)
    done = await replay(path, bus, complain=lambda record, why: complaints.append((record.type, why)))
    assert complaints == [
        ("a.b", "expected recorded data, got none: a socket"),
        ("shelf.counted", complaints[1][1]),
        ("kettle.sold", "was refused: Refusal: not you"),
        ("kettle.sold", "failed in fail: KeyError"),
    ]
    assert "shelf.counted" in complaints[1][1]
    assert (done.total.unfit, done.refused, done.total.failed, done.total.replayed) == (2, 1, 1, 2)
    assert not done.ok


async def test_a_bus_that_cannot_publish_is_an_error(recorded, path):
    await recorded(Event(type="kettle.sold"))
    bus = EventBus()
    bus.subscribe("kettle.sold", print, after="nobody", replay=True)
    with pytest.raises(OrderError):
        await replay(path, bus)


async def test_without_a_bus_events_are_only_counted(recorded, path):
    await recorded(SafeOpened(who="Ada", code="1234"), Event(type="kettle.sold"))
    done = await replay(path, None)
    assert (done.total.selected, done.total.generic, done.total.replayed) == (2, 1, 0)
    with pytest.raises(NoTrail):
        await replay(path.with_name("none"), None)


async def test_a_rate_is_kept(recorded, path):
    await recorded(*(Event(type="kettle.sold") for _ in range(5)))
    begun = time.monotonic()
    await replay(path, EventBus(), rate=20)
    assert time.monotonic() - begun >= 4 / 20


# --- the command

SHOP = """
import sys, time
from plugbus import Event, EventBase, EventBus, event

@event("shelf.counted")
class StockCounted(EventBase):
    item: str

bus = EventBus.from_config()

@bus.on(StockCounted, replay=True)
def count(event):
    print("counted", event.item, flush=True)
    if event.item == "bad":
        raise ValueError("spoilt")

@bus.on("shelf.counted")
def mail(event):
    print("never", flush=True)

if __name__ == "__main__":
    for item in sys.argv[1:]:
        bus.publish_sync(StockCounted(item=item))
"""


@pytest.fixture
def shop(tmp_path, form):
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    (tmp_path / "plugbus.toml").write_text(f'[plugins.audit]\npath = "trail"\nformat = "{form}"\n', encoding="utf-8")

    def run(*arguments, code=0):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


REPLAY = ("-m", "plugbus", "audit", "replay", "--app", "shop:bus")


@pytest.mark.parametrize("form", ["sqlite"], indirect=True)
def test_the_command_publishes_through_the_bus_of_an_application(shop, tmp_path):
    shop("shop.py", "tea", "milk")
    size = len(list(Trail(tmp_path / "trail").search(Filter(kinds=["event", "outcome", "opened"]))))
    done = shop(*REPLAY)
    assert done.stdout.startswith("counted tea\ncounted milk\n")
    assert "never" not in done.stdout
    shown = [line.split() for line in done.stdout.splitlines()]
    assert ["shelf.counted", "2", "2", "0", "0"] in shown
    assert ["count", "2", "0"] in shown
    assert len(list(Trail(tmp_path / "trail").search(Filter(kinds=["event", "outcome", "opened"])))) == size


@pytest.mark.parametrize("form", ["sqlite"], indirect=True)
def test_failures_are_listed_and_found_in_the_exit_code(shop):
    shop("shop.py", "bad", "tea")
    done = shop(*REPLAY, "--type", "shelf.counted", "--format", "json", code=1)
    assert "shelf.counted" in done.stderr
    assert "failed in count: ValueError" in done.stderr
    told = json.loads(done.stdout[done.stdout.index("{") :])
    assert (told["selected"], told["replayed"], told["failed"]) == (2, 2, 1)
    assert told["handlers"][0]["handler"] in ("AuditLogHandler", "count")


@pytest.mark.parametrize("form", ["sqlite"], indirect=True)
def test_a_dry_run_publishes_nothing(shop, called):
    shop("shop.py", "tea")
    done = shop(*REPLAY, "--dry-run")
    assert "counted tea" not in done.stdout
    assert "A dry run: nothing was published." in done.stdout
    assert "Nobody takes replays" in called("replay", "--dry-run").out


@pytest.mark.parametrize("form", ["sqlite"], indirect=True)
def test_ctrl_c_ends_it_and_what_was_done_is_told(shop, tmp_path):
    shop("shop.py", *("tea" for _ in range(50)))
    running = subprocess.Popen(
        [sys.executable, *REPLAY, "--rate", "1"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout.readline() == "counted tea\n"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert err.startswith("Interrupted. Up to there:")
    assert "Traceback" not in err
    assert [line.split()[0] for line in out.splitlines() if line.strip().startswith("shelf")] == ["shelf.counted"]
