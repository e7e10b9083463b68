"""`guarded` guards one handler, `requires` any function."""

from __future__ import annotations

import asyncio
import logging

import pytest

from plugbus import Event, EventBus, EventHandler
from plugbus.errors import DefinitionError
from plugbus_guards import ALLOW, ANONYMOUS, Call, Deny, Principal, any_of, as_principal, guarded, not_, requires
from plugbus_guards.errors import AuthenticationRequired, NotOwner, PermissionDenied
from plugbus_guards.guards import AgeVerificationGuard, OwnershipGuard, RateLimitGuard


ADA = Principal(id="7", roles=("admin",))


def happened(**payload):
    return Event(type="order.placed", payload=payload)


async def slowly(event, principal, context):
    await asyncio.sleep(0)
    return ALLOW if principal.is_known else Deny("nobody", "authentication_required")


@pytest.mark.parametrize("guard", ["authenticated", slowly], ids=["sync guard", "async guard"])
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("verb", ["publish", "publish_sync"])
def test_the_handler_that_is_guarded_is_left_out_and_the_others_run(site, guard, kind, verb, caplog):
    made = site()
    ran = []

    if kind == "sync":

        @made.bus.on("order.*")
        @guarded(guard)
        def secret(event):
            ran.append("secret")
    else:

        @made.bus.on("order.*")
        @guarded(guard)
        async def secret(event):
            ran.append("secret")

    made.bus.subscribe("order.*", lambda event: ran.append("open"))
    errors = []
    made.bus.subscribe("error.occurred", errors.append)

    def publish():
        if verb == "publish_sync":
            return made.bus.publish_sync(happened())
        return asyncio.run(made.bus.publish(happened()))

    with caplog.at_level(logging.WARNING, "plugbus"):
        result = publish()
    assert ran == ["open"]
    (failure,) = result.failures
    assert isinstance(failure.exception, AuthenticationRequired)
    assert failure.handler.endswith("secret")
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]
    assert errors == []
    made.bus.stop_sync()
    assert made.results() == ["denied"]


def test_whoever_may_is_handled(site):
    made = site()
    ran = []

    @made.bus.on("order.*")
    @guarded("authenticated", "admin")
    def secret(event):
        ran.append("secret")

    with as_principal(ADA):
        assert made.bus.publish_sync(happened()).failures == ()
    assert ran == ["secret"]


def test_a_handler_object_is_guarded_by_its_method(site):
    made = site()

    class Handler(EventHandler):
        event_types = ("order.*",)

        @guarded("admin")
        def handle(self, event):
            raise AssertionError

    made.bus.subscribe(Handler())
    assert isinstance(made.bus.publish_sync(happened()).failures[0].exception, AuthenticationRequired)


def test_without_the_plugin_guards_that_need_nothing_of_it_work_too():
    bus = EventBus()

    @bus.on("order.*")
    @guarded("authenticated")
    def secret(event):
        raise AssertionError

    assert isinstance(bus.publish_sync(happened()).failures[0].exception, AuthenticationRequired)
    bus.stop_sync()


def test_guards_put_together_guard_a_handler(site):
    made = site()
    ran = []

    @made.bus.on("order.*")
    @guarded(any_of("admin", OwnershipGuard()), not_(lambda event, principal, context: Deny("no")))
    def secret(event):
        ran.append(event.payload["user_id"])

    for principal, owner in ((ADA, "1"), (Principal(id="1"), "1"), (Principal(id="2"), "1")):
        with as_principal(principal):
            made.bus.publish_sync(happened(user_id=owner))
    assert ran == ["1", "1"]


def test_a_rate_limit_is_used_up_by_handling(site):
    made = site()
    ran = []

    @made.bus.on("order.*")
    @guarded(RateLimitGuard(limit=2, per=60.0))
    def secret(event):
        ran.append(1)

    for _ in range(3):
        made.bus.publish_sync(happened())
    assert len(ran) == 2
    made.clock.advance(60)
    made.bus.publish_sync(happened())
    assert len(ran) == 3


@pytest.mark.parametrize(
    ("guards", "told"),
    [
        ((), "name a guard at least"),
        (("age-ish",), "there is no guard 'age-ish'"),
        (("rate_limit",), "needs settings: write RateLimitGuard"),
        ((AgeVerificationGuard,), "put parentheses behind its name"),
        ((7,), "a guard is a Guard"),
    ],
    ids=str,
)
@pytest.mark.parametrize("decorator", [guarded, requires])
def test_what_is_no_guard_is_refused_where_it_is_written(guards, told, decorator):
    with pytest.raises(DefinitionError, match=told):
        decorator(*guards)


# --- requires


def test_a_function_runs_only_for_those_who_may(site):
    made = site()

    @requires("admin", bus=made.bus)
    def delete(number):
        """Delete it."""
        return number

    assert (delete.__name__, delete.__doc__) == ("delete", "Delete it.")
    with pytest.raises(AuthenticationRequired) as caught:
        delete(1)
    assert caught.value.event_type.endswith("delete")
    with as_principal(ADA):
        assert delete(1) == 1
    made.bus.stop_sync()
    (record,) = made.records
    assert (record["result"], record["rule"], record["object"]) == ("denied", "admin", None)
    assert record["action"].endswith("delete")


async def test_an_async_function_awaits_its_guards(site):
    made = site()

    @requires(slowly, bus=made.bus)
    async def delete(number):
        return number

    with pytest.raises(AuthenticationRequired):
        await delete(1)
    with as_principal(ADA):
        assert await delete(1) == 1


def test_a_sync_function_with_an_async_guard_says_what_to_do(site):
    made = site()

    @requires(slowly, bus=made.bus)
    def delete(number):
        return number

    with pytest.raises(DefinitionError, match="write `async def delete`"):
        delete(1)


def test_the_arguments_are_the_fields_that_guards_look_at(site):
    made = site()

    @requires(OwnershipGuard(field="owner"), bus=made.bus)
    def change(note, owner="8"):
        return note

    with as_principal(ADA):
        assert change(1, "7") == change(1, owner=7) == 1
        with pytest.raises(NotOwner):
            change(1)
        with pytest.raises(TypeError, match=r"change\(\)"):
            change()


def test_a_guard_gets_a_call_in_the_place_of_an_event():
    seen = []

    def look(event, principal, context):
        seen.append((event, principal))
        return ALLOW

    bus = EventBus()

    @requires(look, bus=bus)
    def change(note, *more, **others):
        return note

    change(1, 2, other=3)
    (call, principal) = seen[0]
    assert isinstance(call, Call)
    assert dict(call.arguments) == {"note": 1, "more": (2,), "others": {"other": 3}}
    assert principal is ANONYMOUS
    assert "2" not in repr(call)  # arguments may be secrets
    bus.stop_sync()


def test_by_default_it_is_the_default_bus_that_counts(bus):
    @requires("authenticated")
    def change():
        return 1

    with pytest.raises(AuthenticationRequired):
        change()
    with as_principal(ADA):
        assert change() == 1


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_generator_is_refused_since_it_would_run_after_the_guard(kind):
    def numbers():
        yield 1

    async def later():
        yield 1

    with pytest.raises(DefinitionError, match="guard its caller"):
        requires("admin")(numbers if kind == "sync" else later)


def test_a_guard_that_fails_denies_a_function(site, caplog):
    made = site()

    @requires(lambda event, principal, context: 1 / 0, bus=made.bus)
    def change():
        raise AssertionError

    with pytest.raises(PermissionDenied, match="raised ZeroDivisionError"):
        change()
