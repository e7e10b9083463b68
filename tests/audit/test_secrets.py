"""Nothing secret is on disk: a search for the bytes of planted secrets."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugbus import Event, EventBase, EventBus, envelope, event, secret
from plugbus.errors import Refusal
from plugbus.redaction import Redactor
from plugbus_audit.commitments import prove
from plugbus_audit.records import Recorder


PLANTED = "h" + "unter2-planted"
CARD = "4111111111111111"


@attrs.frozen
class Account:
    owner: str
    iban: str = secret()


@event("vault.opened")
class VaultOpened(EventBase):
    who: str
    code: str = secret()
    account: Account | None = None


def events():
    yield VaultOpened(who="Ada", code=PLANTED, account=Account("Ada", iban=PLANTED))
    yield Event(type="user.login", payload={"deep": {"list": [{"password": PLANTED}, [{"API-Key": {"x": PLANTED}}]]}})
    yield Event(type="page.seen", payload={"url": f"https://ada:{PLANTED}@example.org/?token={PLANTED}&x=1"})
    yield Event(type="mail.sent", payload={"headers": f"Authorization: Bearer {PLANTED}\r\nCookie: a={PLANTED}"})
    yield Event(
        type="item.paid", payload={"note": f"with {CARD}", "card": int(CARD), "json": f'{{"secret": "{PLANTED}"}}'}
    )
    yield Event(
        type="thing.broken", payload={"attrs": Account("Ada", iban=PLANTED), "inf": float("inf"), "pwd": PLANTED}
    )
    yield Event(type="door.closed", payload={"password": PLANTED}, source=f"https://ada:{PLANTED}@example.org")


def guard(event):
    if envelope(event).type == "door.closed":
        raise Refusal(f"no: password={PLANTED}")
    return event


def fail(event):
    raise ValueError(f"cannot use {PLANTED} or {CARD}")


@pytest.mark.parametrize("form", ["sqlite", "jsonl"])
@pytest.mark.parametrize("results", ["failures", "all"])
def test_no_byte_of_a_secret_is_in_the_trail_beside_it_or_in_the_log(tmp_path, caplog, form, results):
    caplog.set_level(logging.DEBUG, "plugbus.audit")
    settings = {
        "path": str(tmp_path / "trail"),
        "format": form,
        "record_results": results,
        "checkpoint_path": str(tmp_path / "checkpoints"),
        "commitments_path": str(tmp_path / "salts"),
    }
    bus = EventBus.from_config({"plugins": {"audit": settings}})
    bus.add_middleware(guard)
    bus.subscribe("*", fail)
    for made in events():
        try:
            bus.publish_sync(made)
        except Refusal:
            assert envelope(made).type == "door.closed"
    bus.flush()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 4
    content = b"".join(path.read_bytes() for path in files)
    assert b"vault.opened" in content
    assert b"door.closed" in content
    for planted in (PLANTED, CARD):
        assert planted.encode() not in content
    assert PLANTED not in "".join(entry.getMessage() for entry in caplog.records if entry.name == "plugbus.audit")
    bus.stop_sync()
    assert PLANTED.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_removed_value_can_be_proven_with_its_salt(tmp_path, trail):
    bus = EventBus.from_config(
        {"plugins": {"audit": {"path": str(trail.path), "commitments_path": str(tmp_path / "salts")}}}
    )
    bus.publish_sync(VaultOpened(who="Ada", code="1234"))
    bus.publish_sync(Event(type="user.login", payload={"pin": 1234}))
    bus.stop_sync()
    first, second = (record["data"] for record in trail.records() if record["type"] != "service.shutdown")
    kind, commitment = first["code"].removeprefix("[redacted:").removesuffix("]").split(":sha256:")
    assert kind == "secret"
    assert prove(tmp_path / "salts", commitment, "1234")
    assert not prove(tmp_path / "salts", commitment, "1235")
    assert prove(tmp_path / "salts", second["pin"].rpartition(":")[2][:-1], 1234)
    assert commitment.encode() in (tmp_path / "salts").read_bytes()
    assert (tmp_path / "salts").stat().st_mode & 0o077 == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(payload=st.dictionaries(st.text(), JSON, max_size=5))
def test_any_json_value_comes_back_equal_but_for_what_is_redacted(payload):
    redactor = Redactor()
    row = Recorder(redactor).event(Event(type="thing.happened", payload=payload))
    assert b"\n" not in row
    assert json.loads(row)["data"] == redactor.redact(payload)


def test_a_microsecond_stamp_that_passes_for_a_card_number_stays_in_the_envelope(monkeypatch):
    made = Event(type="thing.happened", payload={}, correlation_id=CARD)
    record = json.loads(Recorder(Redactor()).event(made))
    assert record["correlationid"] == CARD
    assert datetime.fromisoformat(record["time"]).tzinfo == UTC
