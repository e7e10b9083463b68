"""Policies by Casbin and by Cedar, with their files as they are."""

from __future__ import annotations

import asyncio
import os
import textwrap
import threading

import pytest

from plugbus import Event
from plugbus.errors import ConfigurationError, DefinitionError
from plugbus.plugins import Health
from plugbus_guards import ANONYMOUS, Principal, as_principal
from plugbus_guards.errors import PermissionDenied
from plugbus_guards.policies.casbin import CasbinPolicy


def happened(type="data1.read", **payload):
    return Event(type=type, payload=payload)


# The examples that Casbin publishes, unchanged.
BASIC = """
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
"""
RBAC = """
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""
RBAC_POLICY = """
p, alice, data1, read
p, bob, data2, write
p, data2_admin, data2, read
p, data2_admin, data2, write
g, alice, data2_admin
"""
DOMAINS = """
[request_definition]
r = sub, dom, obj, act

[policy_definition]
p = sub, dom, obj, act

[role_definition]
g = _, _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = g(r.sub, p.sub, r.dom) && r.dom == p.dom && r.obj == p.obj && r.act == p.act
"""
DOMAINS_POLICY = """
p, admin, domain1, data1, read
p, admin, domain1, data1, write
p, admin, domain2, data2, read
p, admin, domain2, data2, write
g, alice, admin, domain1
g, bob, admin, domain2
"""
ABAC = """
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.sub.id == r.obj.Owner
"""
KEYMATCH = """
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = r.sub == p.sub && keyMatch(r.obj, p.obj) && regexMatch(r.act, p.act)
"""
KEYMATCH_POLICY = """
p, alice, /alice_data/*, GET
p, alice, /alice_data/resource1, POST
p, bob, /alice_data/resource2, GET
p, bob, /bob_data/*, POST
p, cathy, /cathy_data, (GET)|(POST)
"""


@pytest.fixture
def files(folder):
    def write(model, policy):
        (folder / "model.conf").write_text(model)
        (folder / "policy.csv").write_text(policy)
        return folder / "model.conf", folder / "policy.csv"

    return write


@pytest.fixture
def ruled(site, files):
    def build(model, policy, request='["principal.id", "event.entity", "event.action"]', more=""):
        files(model, policy)
        return site(
            more + '[plugins.guards.policies.main]\nmodel = "model.conf"\npolicy = "policy.csv"\n'
            f'[[plugins.guards.rules]]\nevents = ["*"]\nall = [{{guard = "policy", request = {request}}}]\n'
        )

    return build


def may(made, principal, event):
    principal = Principal(id=principal) if isinstance(principal, str) else principal
    with as_principal(principal):
        try:
            made.bus.publish_sync(event)
        except PermissionDenied:
            return False
    return True


@pytest.mark.parametrize(
    ("sub", "obj", "act", "allowed"),
    [
        ("alice", "data1", "read", True), ("alice", "data1", "write", False),
        ("alice", "data2", "read", True), ("alice", "data2", "write", True),
        ("bob", "data1", "read", False), ("bob", "data1", "write", False),
        ("bob", "data2", "read", False), ("bob", "data2", "write", True),
    ],
)  # fmt: skip
def test_rbac_gives_the_answers_that_casbin_documents(ruled, sub, obj, act, allowed):
    assert may(ruled(RBAC, RBAC_POLICY), sub, happened(f"{obj}.{act}")) is allowed


@pytest.mark.parametrize(
    ("sub", "dom", "obj", "act", "allowed"),
    [
        ("alice", "domain1", "data1", "read", True), ("alice", "domain1", "data1", "write", True),
        ("alice", "domain1", "data2", "read", False), ("alice", "domain1", "data2", "write", False),
        ("bob", "domain2", "data1", "read", False), ("bob", "domain2", "data1", "write", False),
        ("bob", "domain2", "data2", "read", True), ("bob", "domain2", "data2", "write", True),
        ("alice", "domain2", "data2", "read", False),
    ],
)  # fmt: skip
def test_rbac_with_domains_gives_the_answers_that_casbin_documents(ruled, sub, dom, obj, act, allowed):
    made = ruled(DOMAINS, DOMAINS_POLICY, '["principal.id", "claim:tenant", "event.entity", "event.action"]')
    assert may(made, Principal(id=sub, claims={"tenant": dom}), happened(f"{obj}.{act}")) is allowed


@pytest.mark.parametrize(("sub", "owner", "allowed"), [("alice", "alice", True), ("bob", "alice", False)])
def test_abac_gives_the_answers_that_casbin_documents(ruled, sub, owner, allowed):
    made = ruled(ABAC, "", '["principal", "event", "=read"]')
    assert may(made, sub, happened(Owner=owner)) is allowed


@pytest.mark.parametrize(
    ("sub", "obj", "act", "allowed"),
    [
        ("alice", "/alice_data/resource1", "GET", True), ("alice", "/alice_data/resource1", "POST", True),
        ("alice", "/alice_data/resource2", "GET", True), ("alice", "/alice_data/resource2", "POST", False),
        ("alice", "/bob_data/resource1", "GET", False), ("bob", "/alice_data/resource1", "GET", False),
        ("bob", "/alice_data/resource2", "GET", True), ("bob", "/bob_data/resource1", "POST", True),
        ("cathy", "/cathy_data", "GET", True), ("cathy", "/cathy_data", "DELETE", False),
    ],
)  # fmt: skip
def test_keymatch_gives_the_answers_that_casbin_documents(ruled, sub, obj, act, allowed):
    made = ruled(KEYMATCH, KEYMATCH_POLICY, '["principal.id", "field:path", "field:method"]')
    for _ in range(2):  # asked, and remembered
        assert may(made, sub, happened(path=obj, method=act)) is allowed


def test_a_role_that_is_added_changes_the_next_decision(ruled):
    made = ruled(RBAC, RBAC_POLICY)
    assert not may(made, "bob", happened("data2.read"))
    with made.guards.policy("main").edit() as enforcer:
        enforcer.add_role_for_user("bob", "data2_admin")
    assert may(made, "bob", happened("data2.read"))
    with made.guards.policy("main").edit() as enforcer:
        enforcer.delete_role_for_user("bob", "data2_admin")
        enforcer.add_policy("carol", "data1", "read")
    assert not may(made, "bob", happened("data2.read"))
    assert may(made, "carol", happened("data1.read"))


def test_a_change_that_fails_changes_nothing(ruled):
    made = ruled(RBAC, RBAC_POLICY)

    def change():
        with made.guards.policy("main").edit() as enforcer:
            enforcer.add_role_for_user("bob", "data2_admin")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert not may(made, "bob", happened("data2.read"))


def test_anonymous_is_asked_about_like_anybody(ruled):
    made = ruled(RBAC, RBAC_POLICY + "p, anonymous, data3, read\n")
    assert may(made, ANONYMOUS, happened("data3.read"))
    assert not may(made, ANONYMOUS, happened("data1.read"))


# --- what is remembered


@pytest.fixture
def counted(files, monkeypatch):
    def build(model, policy):
        made = CasbinPolicy("main", *files(model, policy))
        calls = []
        before = type(made._enforcer).enforce

        def enforce(self, *request):
            calls.append(request)
            return before(self, *request)

        monkeypatch.setattr(type(made._enforcer), "enforce", enforce)
        return made, calls

    return build


def test_a_decision_on_plain_texts_is_asked_once(counted):
    policy, calls = counted(RBAC, RBAC_POLICY)
    for _ in range(5):
        assert policy.enforce(("alice", "data1", "read")) is True
        assert policy.enforce(("alice", "data1", "write")) is False
    assert len(calls) == 2


def test_a_request_with_more_than_texts_is_asked_each_time(counted):
    from types import SimpleNamespace

    policy, calls = counted(ABAC, "")
    for _ in range(3):
        policy.enforce((SimpleNamespace(id="a"), SimpleNamespace(Owner="a"), "read"))
    assert len(calls) == 3


def test_a_model_with_a_function_of_its_own_is_asked_each_time(counted):
    policy, calls = counted(RBAC, RBAC_POLICY)
    answers = iter([True, False, True])
    policy.add_function("odd", lambda *_: next(answers))
    for _ in range(3):
        policy.enforce(("alice", "data1", "read"))
    assert len(calls) == 3


def test_a_matcher_that_calls_a_function_of_the_application_is_not_remembered(files):
    model, policy = files(RBAC.replace("m = g(", "m = weekday() && g("), RBAC_POLICY)
    made = CasbinPolicy("main", model, policy)
    answers = [True]
    made.add_function("weekday", lambda: answers[0])
    assert made.enforce(("alice", "data1", "read"))
    answers[0] = False
    assert not made.enforce(("alice", "data1", "read"))


def test_what_is_remembered_is_bounded(counted):
    policy, _ = counted(RBAC, RBAC_POLICY)
    for number in range(10_500):
        policy._decided[("x", str(number), "read")] = False
    policy.enforce(("alice", "data1", "read"))
    assert len(policy._decided) <= 10_001


def test_every_change_forgets(counted, folder):
    policy, calls = counted(RBAC, RBAC_POLICY)
    policy.enforce(("bob", "data1", "read"))
    with policy.edit() as enforcer:
        enforcer.add_policy("bob", "data1", "read")
    assert policy.enforce(("bob", "data1", "read"))
    (folder / "policy.csv").write_text(RBAC_POLICY + "# changed\n")
    assert policy.reload()
    assert not policy.enforce(("bob", "data1", "read"))
    assert len(calls) == 3


def test_decisions_are_right_while_the_policy_changes_under_threads(files):
    policy = CasbinPolicy("main", *files(RBAC, RBAC_POLICY))
    wrong, stop = [], threading.Event()
    state = [False]
    lock = threading.Lock()

    def ask():
        while not stop.is_set():
            with lock:
                expected = state[0]
                if policy.enforce(("bob", "data1", "read")) is not expected:
                    wrong.append(1)
            policy.enforce(("bob", "data1", "read"))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(40):
        with lock, policy.edit() as enforcer:
            if number % 2:
                enforcer.remove_policy("bob", "data1", "read")
            else:
                enforcer.add_policy("bob", "data1", "read")
            state[0] = not number % 2
    stop.set()
    for thread in threads:
        thread.join()
    # `state` changes inside of the block, the policy at its end; both before the lock is free.
    assert wrong == []


# --- files


def test_files_are_looked_at_again_while_the_bus_runs_and_never_while_an_event_is_published(ruled, folder, monkeypatch):
    made = ruled(RBAC, RBAC_POLICY, more='reload_every = "0.05s"\n')

    async def run():
        async with made.bus:
            assert not may_now(await published(made, "bob"))
            (folder / "policy.csv").write_text(RBAC_POLICY + "p, bob, data1, read\n")
            for _ in range(200):
                await asyncio.sleep(0.02)
                if may_now(await published(made, "bob")):
                    return
            pytest.fail("the policy was not read again")

    asyncio.run(run())
    stats = []
    before = os.stat
    monkeypatch.setattr(os, "stat", lambda *args, **kwargs: stats.append(args) or before(*args, **kwargs))
    made = ruled(RBAC, RBAC_POLICY)
    may(made, "alice", happened())
    seen = len(stats)
    may(made, "alice", happened())
    may(made, "carol", happened())
    assert len(stats) == seen


async def published(made, who):
    with as_principal(Principal(id=who)):
        try:
            return await made.bus.publish(happened())
        except PermissionDenied:
            return None


def may_now(result):
    return result is not None


@pytest.mark.parametrize(
    "damage",
    [
        lambda model, policy: policy.unlink(),
        lambda model, policy: model.unlink(),
        lambda model, policy: policy.write_bytes(b"\xff\xfe"),
        lambda model, policy: policy.write_text("p, alice\n"),
        lambda model, policy: model.write_text("[request_definition]\nr = sub, obj, act\n"),
        lambda model, policy: model.write_text("nothing"),
    ],
    ids=["policy gone", "model gone", "no text", "a short line", "half a model", "no model"],
)
def test_a_file_that_is_gone_or_broken_keeps_the_last_good_policy_and_is_reported(ruled, folder, damage, caplog):
    made = ruled(RBAC, RBAC_POLICY)
    policy = made.guards.policy("main")
    plugin = made.bus._host._entries[0].plugin
    damage(folder / "model.conf", folder / "policy.csv")
    assert policy.reload() is False
    assert may(made, "alice", happened("data1.read"))
    assert not may(made, "alice", happened("data1.write"))
    assert plugin.health().status == "degraded"
    assert "the last good one stays" in caplog.text
    assert policy.reload() is False  # it is told once
    assert caplog.text.count("the last good one stays") == 1
    (folder / "model.conf").write_text(RBAC)
    (folder / "policy.csv").write_text(RBAC_POLICY + "p, carol, data1, read\n")
    assert policy.reload() is True
    assert plugin.health() == Health("ok")
    assert may(made, "carol", happened("data1.read"))


@pytest.mark.parametrize(
    ("model", "policy", "told"),
    [
        ("nothing", "", "is none of Casbin"),
        (RBAC, "p, alice\n", "has 1 of 3 parts"),
        (RBAC.replace("sub, obj, act\n\n[policy_def", "sub, obj\n\n[policy_def"), "", "has 3 elements"),
    ],
    ids=["model", "policy", "request"],
)
def test_a_policy_that_is_none_stops_the_start(ruled, model, policy, told):
    with pytest.raises(ConfigurationError) as caught:
        ruled(model, policy)
    assert told in str(caught.value)
    assert caught.value.exceptions[0].line is not None


@pytest.mark.parametrize(
    "word", ["principal.__class__", "event.payload", "field:a.__class__", "claim:", "sub", "field:"]
)
def test_an_element_of_a_request_that_is_none_stops_the_start(ruled, word):
    with pytest.raises(ConfigurationError) as caught:
        ruled(RBAC, RBAC_POLICY, f'["{word}", "=a", "=b"]')
    assert "element of a request" in str(caught.value) or "names no field" in str(caught.value)


def test_a_matcher_reaches_nothing_but_plain_values(ruled):
    class Odd:
        secret = "x"

        def __str__(self):
            return "odd"

    for matcher in ("r.obj.thing.secret == 'x'", "r.sub.__class__ == 'x'", "r.obj.thing.__dict__ == 1"):
        made = ruled(ABAC.replace("r.sub.id == r.obj.Owner", matcher), "", '["principal", "event", "=read"]')
        assert not may(made, "alice", happened(thing=Odd()))
    made = ruled(ABAC.replace("r.sub.id == r.obj.Owner", "r.obj.thing == 'odd'"), "", '["principal", "event", "=read"]')
    assert may(made, "alice", happened(thing=Odd()))


def test_an_unknown_policy_names_those_that_there_are(ruled):
    made = ruled(RBAC, RBAC_POLICY)
    with pytest.raises(DefinitionError, match="there are main"):
        made.guards.policy("min")


# --- Cedar

CEDAR = """
permit (principal in Group::"staff", action == Action::"note.read", resource);
permit (principal, action == Action::"note.written", resource)
when { principal has age && principal.age >= 18 && context.total < 100 };
forbid (principal, action, resource) when { principal.id_hint == "banned" };
"""


@pytest.fixture
def cedar(site, folder):
    def build(text=CEDAR, more=""):
        (folder / "p.cedar").write_text(text)
        return site(
            f'[plugins.guards.cedar.main]\npolicies = "p.cedar"\n{more}'
            '[[plugins.guards.rules]]\nevents = ["note.*"]\nall = ["cedar"]\n'
        )

    return build


def somebody(*roles, **claims):
    return Principal(id="7", roles=roles, claims={"id_hint": "", **claims})


@pytest.mark.parametrize(
    ("principal", "event", "allowed"),
    [
        (somebody("staff"), happened("note.read"), True),
        (somebody("guest"), happened("note.read"), False),
        (somebody(age=18), happened("note.written", total=99), True),
        (somebody(age=17), happened("note.written", total=99), False),
        (somebody(age=18), happened("note.written", total=100), False),
        (somebody("staff", id_hint="banned"), happened("note.read"), False),
        (somebody("staff"), happened("note.deleted"), False),
    ],
    ids=range(7),
)
def test_cedar_decides_by_roles_attributes_and_the_fields_of_the_event(cedar, principal, event, allowed):
    assert may(cedar(), principal, event) is allowed


def test_a_policy_of_cedar_that_cannot_be_evaluated_denies(cedar):
    made = cedar("permit (principal, action, resource) when { principal.missing == 1 };")
    with as_principal(somebody("staff")), pytest.raises(PermissionDenied, match="cannot be evaluated"):
        made.bus.publish_sync(happened("note.read"))


@pytest.mark.parametrize(
    ("text", "more", "told"),
    [
        ("permit everything", "", "is none of Cedar"),
        (CEDAR, 'schema = "gone.cedarschema"\n', "cannot be read"),
        (CEDAR, 'entities = "e.json"\n', "cannot be read"),
    ],
)
def test_what_is_no_policy_of_cedar_stops_the_start(cedar, folder, text, more, told):
    (folder / "e.json").write_text("nothing")
    with pytest.raises(ConfigurationError) as caught:
        cedar(text, more)
    assert told in str(caught.value)


def test_policies_of_cedar_are_checked_against_their_schema(cedar, folder):
    (folder / "s.cedarschema").write_text(
        textwrap.dedent("""
        entity Group;
        entity User in [Group] { age: Long };
        entity Event;
        action "note.read" appliesTo { principal: [User], resource: [Event], context: {} };
        """)
    )
    right = 'permit (principal, action == Action::"note.read", resource) when { principal.age >= 18 };'
    made = cedar(right, 'schema = "s.cedarschema"\n')
    assert may(made, somebody(age=18), happened("note.read"))
    with pytest.raises(ConfigurationError) as caught:
        cedar(right.replace("age", "aeg"), 'schema = "s.cedarschema"\n')
    assert "does not fit its schema" in str(caught.value)
