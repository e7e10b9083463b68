"""`explain`, `check`, `matrix` and the bus agree, whatever the rules and the principals."""

from __future__ import annotations

import asyncio
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from plugbus import Event, EventBus
from plugbus_guards import Guards, Principal, as_principal
from plugbus_guards.errors import AccessDenied
from plugbus_guards.matrix import Somebody, somebodies


ROLES = ("admin", "editor", "viewer")
TYPES = ("order.placed", "order.changed", "item.sold")

LEAVES = st.one_of(
    st.sampled_from(["authenticated", "admin", "email_verified", "owner"]),
    st.sets(st.sampled_from(ROLES), min_size=1).map(lambda roles: {"guard": "roles", "any": sorted(roles)}),
    st.sets(st.sampled_from(ROLES), min_size=1).map(lambda roles: {"guard": "roles", "all": sorted(roles)}),
    st.sampled_from([18, 65]).map(lambda years: {"guard": "age", "minimum": years}),
    st.sampled_from(["pro", "team"]).map(lambda plan: {"guard": "subscription", "plans": [plan]}),
    st.just({"guard": "rate_limit", "limit": 100_000}),
    st.just({"guard": "content"}),
)
GUARDS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda items: {"all": items}),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: {"any": items}),
        inner.map(lambda item: {"not": item}),
    ),
    max_leaves=5,
)
RULES = st.lists(
    st.fixed_dictionaries(
        {
            "events": st.lists(st.sampled_from([*TYPES, "order.*", "*", "*.placed"]), min_size=1, max_size=2),
            "all": st.lists(GUARDS, min_size=1, max_size=3),
            "mode": st.sampled_from(["enforce", "enforce", "block", "report"]),
        }
    ),
    max_size=4,
)
CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "birthdate": st.sampled_from(["1950-01-01", "2000-01-01", "2020-01-01", "never"]),
        "email_verified": st.booleans(),
        "subscription": st.sampled_from([{"status": "active", "plan": "pro"}, {"status": "canceled"}]),
        "content": st.sampled_from([["a"], ["*"], []]),
    },
)
PRINCIPALS = st.builds(
    Principal,
    id=st.sampled_from(["1", "2"]),
    roles=st.sets(st.sampled_from(ROLES)),
    claims=CLAIMS,
    kind=st.sampled_from(["user", "user", "user", "anonymous"]),
)
EVENTS = st.builds(
    Event,
    type=st.sampled_from(TYPES),
    payload=st.fixed_dictionaries(
        {}, optional={"user_id": st.sampled_from(["1", "2", None]), "content_id": st.sampled_from(["a", "b"])}
    ),
)


@contextlib.contextmanager
def bus_with(rules, default):
    bus = EventBus.from_config({"bus": {}, "plugins": {"guards": {"rules": rules, "default": default}}})
    try:
        yield bus, bus.service(Guards)
    finally:
        bus.stop_sync()


def outcome(bus, principal, event):
    """What a publish comes to: what is raised, that it is blocked, or None."""
    with as_principal(principal):
        try:
            result = bus.publish_sync(event)
        except AccessDenied as error:
            return error.code
        return "blocked" if result.blocked_by else None


@settings(deadline=None, max_examples=120)
@given(RULES, st.sampled_from(["allow", "deny"]), PRINCIPALS, EVENTS)
def test_what_is_explained_is_what_the_bus_does(rules, default, principal, event):
    with bus_with(rules, default) as (bus, guards):
        explained = asyncio.run(guards.explain(event, principal))
        done = outcome(bus, principal, event)
        assert explained.allowed is (done is None)
        assert (explained.error.code if explained.error else None) == (None if done == "blocked" else done)
        with as_principal(principal):
            if explained.allowed:
                asyncio.run(guards.authorize(event))
            else:
                with contextlib.suppress(AccessDenied):
                    asyncio.run(guards.authorize(event))
                    raise AssertionError("it was authorized")


@settings(deadline=None, max_examples=120)
@given(RULES, st.sampled_from(["allow", "deny"]), PRINCIPALS, EVENTS)
def test_the_matrix_is_what_the_bus_does_but_for_what_depends(rules, default, principal, event):
    with bus_with(rules, default) as (bus, guards):
        column = Somebody("it", principal)
        ((cell,),) = asyncio.run(guards.matrix([event.type], [column]))
        if cell.answer != "depends":
            assert (cell.answer == "allow") is (outcome(bus, principal, event) is None)
        else:
            assert cell.depends


@settings(deadline=None, max_examples=80)
@given(RULES, PRINCIPALS, EVENTS)
def test_what_the_matrix_says_of_a_role_holds_for_everybody_with_it_alone(rules, principal, event):
    with bus_with(rules, "allow") as (bus, guards):
        columns = [one for one in somebodies(guards.rules) if one.principal.roles == principal.roles]
        columns = [one for one in columns if one.principal.kind == principal.kind]
        for column in columns:
            ((cell,),) = asyncio.run(guards.matrix([event.type], [column]))
            if cell.answer != "depends":
                assert (cell.answer == "allow") is (outcome(bus, principal, event) is None)
