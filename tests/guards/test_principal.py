"""Who acts: said explicitly, else by the context, never by the event; and it does not leak."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
import threading

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugbus import Event, EventBus
from plugbus.errors import UsageError
from plugbus.testing import as_principal as acting_as
from plugbus_guards import ANONYMOUS, Principal, as_principal, as_system, current_principal, principal_of
from plugbus_guards.errors import AuthenticationRequired


def happened(type="order.placed", **payload):
    return Event(type=type, payload=payload)


def test_a_principal_is_frozen_at_any_depth_and_equal_to_its_like():
    claims = {"a": {"b": [1]}}
    principal = Principal(id="7", roles={"x"}, claims=claims)
    claims["a"]["b"].append(2)
    assert principal.claims["a"]["b"] == (1,)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        principal.id = "8"
    with pytest.raises(TypeError):
        principal.claims["a"]["b2"] = 1
    assert principal == Principal(id="7", roles=("x",), claims={"a": {"b": [1]}})
    assert len({principal, copy.copy(principal)}) == 1


def test_claims_are_not_shown():
    assert "hunter2" not in repr(Principal(id="7", claims={"password": "hunter2"}))


@pytest.mark.parametrize(
    "known",
    [
        {"id": ""},
        {"id": 7},
        {"id": "7", "roles": [1]},
        {"id": "7", "roles": [""]},
        {"id": "7", "expires_at": dt.datetime(2026, 1, 1)},  # noqa: DTZ001
        {"id": "7", "expires_at": "2026-01-01"},
    ],
    ids=str,
)
def test_what_is_no_principal_is_refused(known):
    with pytest.raises(UsageError):
        Principal(**known)


def test_one_role_may_be_written_as_a_text():
    assert Principal(id="7", roles="admin").roles == {"admin"}


def test_authority_is_never_what_an_event_says_of_itself(site):
    made = site('[[plugins.guards.rules]]\nevents = ["order.*"]\nall = ["admin"]\n')
    for payload in ({"principal": "admin"}, {"actor": "admin", "roles": ["admin"]}, {"user_id": "admin"}):
        with pytest.raises(AuthenticationRequired):
            made.bus.publish_sync(happened(**payload))


async def test_nested_publishes_inherit_who_acts_and_so_do_other_loops_and_threads(site):
    made = site()
    seen = []

    def note(where):
        return lambda event: seen.append((where, current_principal().id))

    async def nested(event):
        await made.bus.publish(happened("nested.happened"))
        await asyncio.to_thread(made.bus.publish_sync, happened("thread.happened"))
        made.bus.publish_soon(happened("soon.happened"))

    made.bus.subscribe("order.placed", nested)
    made.bus.subscribe("nested.*", note("nested"))
    made.bus.subscribe("thread.*", note("thread"))
    made.bus.subscribe("soon.*", note("soon"))
    made.bus.subscribe("order.placed", note("in_thread"), in_thread=True)

    async def on_bus(event):
        note("bus loop")(event)

    made.bus.subscribe("order.placed", on_bus, loop="bus")
    with as_principal(Principal(id="7")):
        await made.bus.publish(happened())
    await made.bus.drain()
    assert sorted(seen) == sorted((where, "7") for where in ("nested", "thread", "soon", "in_thread", "bus loop"))
    assert current_principal() is ANONYMOUS


def test_a_raw_thread_begins_as_nobody():
    seen = []
    with as_principal(Principal(id="7")):
        thread = threading.Thread(target=lambda: seen.append(current_principal()))
        thread.start()
        thread.join()
    assert seen == [ANONYMOUS]


NESTINGS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), min_size=1, max_size=6)


@settings(deadline=None, max_examples=30)
@given(NESTINGS)
def test_principals_of_concurrent_tasks_threads_and_nested_publishes_stay_apart(nestings):
    bus = EventBus()
    seen = []

    async def handler(event):
        before = current_principal().id
        await asyncio.sleep(0)
        rest = event.payload["rest"]
        if rest:
            with as_principal(Principal(id=str(rest[0]))):
                await bus.publish(happened(expected=str(rest[0]), rest=rest[1:]))
        await asyncio.sleep(0)
        seen.append((event.payload["expected"], before, current_principal().id))

    bus.subscribe("order.*", handler)
    bus.subscribe(
        "order.*",
        lambda event: seen.append((event.payload["expected"], current_principal().id, current_principal().id)),
        in_thread=True,
    )

    async def one(ids):
        with as_principal(Principal(id=str(ids[0]))):
            await bus.publish(happened(expected=str(ids[0]), rest=ids[1:]))
        assert current_principal() is ANONYMOUS

    async def all_of_them():
        await asyncio.gather(*(one(ids) for ids in nestings))

    asyncio.run(all_of_them())
    bus.stop_sync()
    assert len(seen) == 2 * sum(map(len, nestings))
    assert all(expected == before == after for expected, before, after in seen)


# --- expiry


@pytest.mark.parametrize(("seconds", "allowed"), [(-1, True), (0, False), (1, False)])
def test_who_has_expired_is_nobody_from_that_second_on(site, seconds, allowed):
    made = site('[[plugins.guards.rules]]\nevents = ["order.*"]\nall = ["admin"]\n')
    principal = Principal(id="7", roles=("admin",), expires_at=made.clock())
    made.clock.advance(seconds)
    with as_principal(principal):
        if allowed:
            made.bus.publish_sync(happened())
        else:
            with pytest.raises(AuthenticationRequired) as caught:
                made.bus.publish_sync(happened())
            assert caught.value.headers() == {"WWW-Authenticate": 'Bearer error="invalid_token"'}


def test_expiry_is_looked_at_in_each_decision(site):
    made = site('[[plugins.guards.rules]]\nevents = ["order.*"]\nall = ["authenticated"]\n')
    with as_principal(Principal(id="7", expires_at=made.clock() + dt.timedelta(seconds=10))):
        made.bus.publish_sync(happened())
        made.clock.advance(10)
        with pytest.raises(AuthenticationRequired):
            made.bus.publish_sync(happened())


# --- described


def test_a_principal_may_be_described():
    described = {
        "id": 7,
        "roles": ["a"],
        "scopes": ["s"],
        "claims": {"x": 1},
        "expires_at": "2026-11-26T12:00:00+00:00",
    }
    principal = principal_of(described)
    assert (principal.id, principal.roles, principal.scopes) == ("7", {"a"}, {"s"})
    assert principal.expires_at == dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("described", "told"),
    [
        ({}, "has an id"),
        ({"id": "7", "rolls": ["admin"]}, "has no 'rolls'"),
        ({"id": "7", "roles": "admin"}, "a list of names"),
        ({"id": "7", "claims": []}, "a table"),
        ({"id": "7", "expires_at": "soon"}, "ISO 8601"),
        ({"id": "7", "kind": "system"}, "has no 'kind'"),
        ([], "described by a table"),
    ],
    ids=str,
)
def test_a_description_that_is_none_says_what_is_wrong(described, told):
    with pytest.raises(UsageError, match=told):
        principal_of(described)


def test_as_system_wants_a_reason():
    for reason in ("", "  ", None):
        with pytest.raises(UsageError, match="reason"), as_system(reason):
            pass


def test_as_principal_wants_a_principal():
    with pytest.raises(UsageError, match="principal_of"), as_principal({"id": "7"}):
        pass


def test_a_test_acts_in_somebody_s_name(site):
    made = site('[[plugins.guards.rules]]\nevents = ["order.*"]\nall = ["admin"]\n')
    with acting_as({"id": "7", "roles": ["admin"]}, made.bus):
        made.bus.publish_sync(happened())
    with acting_as("7", made.bus), pytest.raises(Exception, match="no admin"):
        made.bus.publish_sync(happened())
