"""Rules in TOML guard publishing."""

from __future__ import annotations

import asyncio

import pytest

from plugbus import Event, EventBase, EventBus, event
from plugbus.doctor.plans import plans
from plugbus.errors import ConfigurationError
from plugbus.plugins import own_event
from plugbus_guards import ANONYMOUS, Principal, as_principal, as_system
from plugbus_guards.errors import AccessDenied, AgeRestricted, AuthenticationRequired, PermissionDenied


RULE = """
    [[plugins.guards.rules]]
    events = ["order.*"]
    all = ["authenticated", {guard = "age", minimum = 18}]
"""
ADULT = Principal(id="7", claims={"birthdate": "1990-01-01"})
MINOR = Principal(id="8", claims={"birthdate": "2015-01-01"})


def happened(type="order.placed", **payload):
    return Event(type=type, payload=payload)


def listening(site, what="order.*"):
    site.bus.subscribe(what, site.handled.append)
    return site


async def test_publish_raises_what_denies_and_no_handler_runs(site):
    made = listening(site(RULE))
    with pytest.raises(AuthenticationRequired) as caught:
        await made.bus.publish(happened())
    assert (caught.value.event_type, caught.value.rule) == ("order.placed", "plugbus.toml:3")
    with as_principal(MINOR), pytest.raises(AgeRestricted):
        await made.bus.publish(happened())
    assert made.handled == []
    with as_principal(ADULT):
        await made.bus.publish(happened())
    assert len(made.handled) == 1


def test_publish_sync_raises_it(site):
    made = listening(site(RULE))
    with pytest.raises(AuthenticationRequired):
        made.bus.publish_sync(happened())
    with as_principal(ADULT):
        made.bus.publish_sync(happened())
    assert len(made.handled) == 1


async def test_the_handle_of_publish_soon_holds_it(site):
    made = listening(site(RULE))
    handle = made.bus.publish_soon(happened())
    with pytest.raises(AuthenticationRequired):
        await handle


async def test_one_denial_stops_all_of_publish_many_and_names_the_event(site):
    made = listening(site(RULE), "*")
    denied = happened()
    with pytest.raises(AuthenticationRequired) as caught:
        await made.bus.publish_many([happened("item.created"), denied, happened("item.updated")])
    assert caught.value.event_id == denied.id
    assert denied.id in str(caught.value)
    assert [one.type for one in made.handled if one.type != "audit.log"] == []


async def test_in_deferred_the_principal_is_that_of_the_call_and_each_event_is_decided_on_its_own(site):
    made = listening(site(RULE))
    with pytest.raises(ExceptionGroup) as caught:  # noqa: PT012  (what is published inside is the point)
        async with made.bus.deferred():
            for principal in (ADULT, MINOR, ANONYMOUS, ADULT):
                with as_principal(principal):
                    await made.bus.publish(happened())
    assert {type(error) for error in caught.value.exceptions} == {AgeRestricted, AuthenticationRequired}
    assert len(made.handled) == 2


async def test_authorize_decides_before_and_a_block_that_fails_keeps_the_record(site):
    made = site(RULE)
    with as_principal(ADULT):
        await made.guards.authorize(happened())
    with pytest.raises(AuthenticationRequired):
        async with made.bus.deferred():
            await made.guards.authorize(happened())
    await made.bus.drain()
    assert made.results() == ["denied"]


def test_every_rule_that_names_an_event_has_to_allow_in_any_order(site):
    rules = [
        '[[plugins.guards.rules]]\nevents = ["order.*"]\nall = ["authenticated"]\n',
        '[[plugins.guards.rules]]\nevents = ["*.placed"]\nall = ["admin"]\n',
        '[[plugins.guards.rules]]\nevents = ["*"]\nany = ["email_verified"]\n',
    ]
    for order in (rules, rules[::-1]):
        made = site("\n" + "".join(order))
        for principal, error in (
            (ANONYMOUS, AuthenticationRequired),
            (ADULT, PermissionDenied),
            (Principal(id="1", roles=("admin",)), AccessDenied),
        ):
            with as_principal(principal), pytest.raises(error):
                made.bus.publish_sync(happened())
        with as_principal(Principal(id="1", roles=("admin",), claims={"email_verified": True})):
            made.bus.publish_sync(happened())


@event("crate.sent")
class CrateSent(EventBase):
    number: int = 0


@event("crate.returned")
class CrateReturned(CrateSent):
    pass


def test_a_rule_for_a_class_guards_its_subclasses_and_generic_events_of_their_types(site, folder):
    (folder / "parcels.py").write_text(f"from {__name__} import CrateSent" if "." in __name__ else "")
    import sys

    sys.modules["crates_here"] = sys.modules[CrateSent.__module__]
    made = site('[[plugins.guards.rules]]\nclass = "crates_here:CrateSent"\nall = ["admin"]\n')
    for one in (CrateSent(), CrateReturned(), happened("crate.sent"), happened("crate.returned")):
        with pytest.raises(AuthenticationRequired):
            made.bus.publish_sync(one)
    made.bus.publish_sync(happened("crate.lost"))


def test_a_subclass_that_is_defined_later_is_guarded_too(site):
    import sys

    sys.modules["crates_here"] = sys.modules[CrateSent.__module__]
    made = site('[[plugins.guards.rules]]\nclass = ["crates_here:CrateSent"]\nall = ["admin"]\n')
    made.bus.publish_sync(happened("crate.burned"))

    @event("crate.burned", version=3)
    class CrateBurned(CrateSent):
        pass

    with pytest.raises(AuthenticationRequired):
        made.bus.publish_sync(CrateBurned())


# --- modes


def test_a_rule_that_blocks_blocks_without_a_word(site):
    made = listening(site(RULE + '    mode = "block"\n'))
    result = made.bus.publish_sync(happened())
    assert result.blocked_by == "guards"
    assert made.handled == []
    assert made.results() == ["blocked"]


def test_a_rule_that_reports_never_blocks_and_records_what_it_would_have_done(site):
    made = listening(site(RULE + '    mode = "report"\n'))
    made.bus.publish_sync(happened())
    assert len(made.handled) == 1
    assert made.results() == ["would_deny"]
    assert made.records[0]["code"] == "authentication_required"


def test_a_report_does_not_soften_another_rule(site):
    made = site(RULE + '    mode = "report"\n' + RULE)
    with pytest.raises(AuthenticationRequired):
        made.bus.publish_sync(happened())


# --- default


DENY = 'default = "deny"\n' + RULE


def test_under_deny_an_event_that_no_rule_names_is_denied(site):
    made = site(DENY)
    with pytest.raises(PermissionDenied, match="no rule names it"):
        made.bus.publish_sync(happened("item.created"))
    with as_principal(Principal(id="1", roles=("admin",))), pytest.raises(PermissionDenied):
        made.bus.publish_sync(happened("item.created"))


async def test_what_the_bus_and_plugins_publish_themselves_is_exempt_and_the_same_from_an_application_is_not(site):
    made = site(DENY)
    seen = []
    made.bus.subscribe("error.occurred", seen.append)
    made.bus.subscribe("service.shutdown", seen.append)
    made.bus.subscribe("order.placed", lambda event: 1 / 0)
    with as_principal(ADULT):
        await made.bus.publish(happened())
    assert [one.type for one in seen] == ["error.occurred"]
    for type in ("error.occurred", "service.shutdown", "audit.log"):
        with pytest.raises(PermissionDenied):
            await made.bus.publish(happened(type))
    await made.bus.stop()
    assert seen[-1].envelope.type == "service.shutdown"


async def test_a_plugin_that_publishes_what_it_does_not_say_is_not_exempt(site):
    made = site(DENY)
    with pytest.raises(PermissionDenied):
        await made.bus.publish(own_event(happened("cache.invalidated"), "guards"))
    with pytest.raises(PermissionDenied):
        await made.bus.publish(own_event(happened("cache.invalidated"), "nobody"))


# --- fail closed


GUARDS = """
import asyncio
import attrs
from plugbus.plugins import option
from plugbus_guards import ALLOW, Guard

CALLS = []

class Raising(Guard):
    def check(self, event, principal, context):
        raise ValueError("hunter2")

class Nonsense(Guard):
    def check(self, event, principal, context):
        return True

class Slow(Guard):
    async def check(self, event, principal, context):
        await asyncio.sleep(60)

class Blocking(Guard):
    def check(self, event, principal, context):
        import time
        time.sleep(1.5)
        return ALLOW

class Hidden(Guard):
    def check(self, event, principal, context):
        async def later():
            await asyncio.sleep(0)
            return ALLOW
        return later()

class Counting(Guard):
    def check(self, event, principal, context):
        CALLS.append(event)
        return ALLOW

@attrs.frozen
class Below(Guard):
    needs_event = True
    most: int = option(help="the highest number")
    def check(self, event, principal, context):
        return ALLOW if event.payload["number"] <= self.most else False

class Asking(Guard):
    def check(self, event, principal, context):
        found = context.ask("own_guards:resolver", principal, event)
        return ALLOW if found["status"] == "active" else False

def resolver(principal, event):
    CALLS.append(principal.id)
    return {"status": "active"}

number = 7
"""


@pytest.mark.parametrize(
    ("guard", "told"),
    [
        ('"own_guards:Raising"', "guard Raising raised ValueError"),
        ('"own_guards:Nonsense"', "answered bool, expected Allow, Deny or Error"),
        ('"own_guards:Slow"', "did not decide within 0.05 s"),
        ('{guard = "own_guards:Blocking", in_thread = true}', "did not decide within 0.05 s"),
        ('{not = "own_guards:Raising"}', "guard Raising raised ValueError"),
        ('{any = ["own_guards:Raising", "own_guards:Nonsense"]}', "guard Raising raised ValueError"),
    ],
)
@pytest.mark.parametrize("verb", ["publish", "publish_sync"])
def test_a_guard_that_fails_denies_and_says_so(site, folder, guard, told, verb):
    (folder / "own_guards.py").write_text(GUARDS)
    made = site(f'timeout = 0.05\n[[plugins.guards.rules]]\nevents = ["order.*"]\nall = [{guard}]\n')
    with pytest.raises(PermissionDenied) as caught:  # noqa: PT012  (one of two verbs)
        if verb == "publish":
            asyncio.run(made.bus.publish(happened()))
        else:
            made.bus.publish_sync(happened())
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)
    made.bus.stop_sync()
    assert made.results()[0] == "failed"
    assert "hunter2" not in str(made.records)


def test_a_guard_that_gives_an_awaitable_without_being_async_denies(site, folder):
    (folder / "own_guards.py").write_text(GUARDS)
    made = site('[[plugins.guards.rules]]\nevents = ["order.*"]\nall = ["own_guards:Hidden"]\n')

    async def publish():
        with pytest.raises(PermissionDenied, match="async def check"):
            await made.bus.publish(happened())

    asyncio.run(publish())


def test_a_guard_of_your_own_has_settings_that_are_read_strictly(site, folder):
    (folder / "own_guards.py").write_text(GUARDS)
    made = site('[[plugins.guards.rules]]\nevents = ["order.*"]\nall = [{guard = "own_guards:Below", most = 3}]\n')
    made.bus.publish_sync(happened(number=3))
    with pytest.raises(PermissionDenied):
        made.bus.publish_sync(happened(number=4))


def test_a_resolver_is_asked_once_in_a_publish(site, folder):
    (folder / "own_guards.py").write_text(GUARDS)
    subscription = '{guard = "subscription", resolver = "own_guards:resolver"}'
    made = site(f'[[plugins.guards.rules]]\nevents = ["order.*"]\nall = [{subscription}, {subscription}]\n' * 2)
    with as_principal(ADULT):
        made.bus.publish_sync(happened())
        made.bus.publish_sync(happened())
    import own_guards

    assert own_guards.CALLS == ["7", "7"]


def test_a_guard_that_asks_without_saying_so_gets_no_answer_of_another_publish(site, folder):
    (folder / "own_guards.py").write_text(GUARDS)
    made = site('[[plugins.guards.rules]]\nevents = ["order.*"]\nall = ["own_guards:Asking"]\n')
    for who in (ADULT, MINOR):
        with as_principal(who):
            made.bus.publish_sync(happened())
    import own_guards

    assert own_guards.CALLS == ["7", "8"]


# --- what is wrong with a rule stops the start, with its line


@pytest.mark.parametrize(
    ("rule", "told", "column"),
    [
        ('events = ["order.*"]\nall = ["authentcated"]', "Did you mean 'authenticated'?", 8),
        ('events = ["order.*"]\nall = [{guard = "age", minimun = 18}]', "unknown setting 'minimun'", 24),
        ('events = ["order.*"]\nall = [{guard = "age", minimum = "18"}]', "expects an integer", 34),
        ('events = ["order.*"]\nall = [{gaurd = "age"}]', "one of the keys guard, all, any and not", 8),
        ('events = ["order.*"]\nall = [{not = "admin", minimum = 1}]', "beside not there is nothing else", 24),
        ('events = ["order.*"]\nall = [{any = []}]', "a list of guards with one at least", 15),
        ('events = ["order.*"]\nall = [7]', "a guard is a name or a table", 8),
        ('events = ["order.*"]\nall = ["own_guards:Nothing"]', "has no 'Nothing'", 8),
        ('events = ["order.*"]\nall = ["own_guards:number"]', "no class derived from plugbus_guards.Guard", 8),
        ('events = ["order.*"]\nall = ["nowhere:Guard"]', "cannot be imported", 8),
        ('events = ["order.*"]\nall = ["rate_limit"]', "setting 'limit' of rules[0].all[0] of plugin guards", None),
        ('events = ["order.*"]\nall = [{guard = "subscription", resolver = "own_guards:no"}]', "has no 'no'", 8),
        ('events = ["order.*"]\nall = [{guard = "subscription", resolver = "own_guards:number"}]', "a function", 8),
        ('events = ["order.*"]\nall = [{guard = "policy"}]', "there is no policy 'main'", 8),
        ('events = ["order.*"]\nall = [{guard = "roles"}]', "names roles", 8),
        ('events = ["order.*"]\nall = [{guard = "own_guards:Raising", x = 1}]', "has no settings", 8),
        ('events = ["order"]\nall = ["admin"]', "is no pattern", None),
        ('class = "own_guards:number"\nall = ["admin"]', "expected a class of events", 9),
        ('class = "own_guards:Nothing"\nall = ["admin"]', "has no 'Nothing'", 9),
        ('class = "own_guards"\nall = ["admin"]', "names nothing", 9),
        ('all = ["admin"]', "a rule names its events", None),
        ('events = ["order.*"]', "a rule names guards", None),
        ('event = ["order.*"]\nall = ["admin"]', "Did you mean 'events'?", 1),
        ('events = ["order.*"]\nall = ["admin"]\nmode = "enforced"', "Did you mean 'enforce'?", 8),
    ],
    ids=lambda value: None if isinstance(value, str) else str(value),
)  # fmt: skip
def test_a_rule_that_is_wrong_stops_the_start_and_its_line_is_shown(site, folder, rule, told, column):
    (folder / "own_guards.py").write_text(GUARDS)
    with pytest.raises(ConfigurationError) as caught:
        site("[[plugins.guards.rules]]\n" + rule + "\n")
    problem = caught.value.exceptions[0]
    assert told in str(caught.value)
    assert problem.line is not None
    assert problem.plugin == "guards"
    if column is not None:
        assert problem.column == column


def test_everything_that_is_wrong_is_in_one_report(site):
    with pytest.raises(ConfigurationError) as caught:
        site('[[plugins.guards.rules]]\nevents = ["a", "b.c"]\nall = ["x", "y", "admin"]\n')
    assert len(caught.value.exceptions) == 3


def test_default_has_no_third_value(site):
    with pytest.raises(ConfigurationError) as caught:
        site('default = "denny"\n')
    assert "Did you mean 'deny'?" in str(caught.value)


# --- order, and what is not guarded


def test_an_event_that_no_rule_names_has_the_plan_of_a_bus_without_the_plugin(site):
    made, bare = site(RULE).bus, EventBus()
    for bus in (made, bare):
        bus.subscribe("item.created", print)
    assert plans(made, "item.created") == plans(bare, "item.created")
    assert plans(made, "order.placed") != plans(bare, "order.placed")
    bare.stop_sync()


def test_guards_run_before_what_acts_on_the_event(site):
    more = "[plugins.audit]\npath = 'audit.db'\n"
    made = site(RULE, more=more)
    assert [record.name for record in made.bus.plugins][:2] == ["guards", "audit"]


async def test_system_passes_what_asks_who_acts_and_is_recorded_with_its_reason(site):
    made = listening(site(RULE))
    with as_system("nightly run"):
        await made.bus.publish(happened())
    assert len(made.handled) == 1
    assert (made.records[0]["result"], made.records[0]["reason"]) == ("system", "nightly run")
