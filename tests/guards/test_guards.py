"""Each guard at its boundary."""

from __future__ import annotations

import datetime as dt
import inspect
import uuid
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

from plugbus import Event, EventBase, event
from plugbus.errors import DefinitionError
from plugbus.testing import FrozenClock
from plugbus_guards import ALLOW, ANONYMOUS, Deny, Principal, as_system
from plugbus_guards.context import GuardContext
from plugbus_guards.guards import (
    BUILT_IN,
    AdminGuard,
    AgeVerificationGuard,
    AuthenticationGuard,
    CartGuard,
    ContentAccessGuard,
    EmailVerifiedGuard,
    OwnershipGuard,
    PaymentVerificationGuard,
    RolesGuard,
    SubscriptionGuard,
)
from plugbus_guards.settings import GuardsSettings
from plugbus_guards.surroundings import Surroundings


NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
with as_system("a test") as SYSTEM:
    pass


def ask(guard, principal, event=None, at=NOW, **resolvers):
    surroundings = Surroundings(GuardsSettings(), Path())
    surroundings.clock = FrozenClock(at)
    surroundings._resolvers = {name.replace("__", ":"): function for name, function in resolvers.items()}
    answer = guard.check(event or happened(), principal, GuardContext("order.placed", surroundings))
    if inspect.isawaitable(answer):
        try:
            answer.send(None)
        except StopIteration as stop:
            return stop.value
    return answer


def happened(**payload):
    return Event(type="order.placed", payload=payload)


def user(*roles, id="7", scopes=(), **claims):
    return Principal(id=id, roles=roles, scopes=scopes, claims=claims)


def allows(*args, **kwargs):
    return ask(*args, **kwargs) is ALLOW


def code(*args, **kwargs):
    decision = ask(*args, **kwargs)
    assert isinstance(decision, Deny), decision
    return decision.code


# --- who acts


def test_authenticated_wants_somebody_known():
    assert allows(AuthenticationGuard(), user())
    assert allows(AuthenticationGuard(), SYSTEM)
    assert code(AuthenticationGuard(), ANONYMOUS) == "authentication_required"


def test_admin_wants_the_role():
    assert allows(AdminGuard(), user("admin"))
    assert allows(AdminGuard(role="root"), user("root"))
    assert code(AdminGuard(), user("Admin", "administrator")) == "permission_denied"
    assert code(AdminGuard(), ANONYMOUS) == "authentication_required"


@pytest.mark.parametrize(
    ("guard", "principal", "allowed"),
    [
        (RolesGuard(any=("a", "b")), user("b"), True),
        (RolesGuard(any=("a", "b")), user("c"), False),
        (RolesGuard(all=("a", "b")), user("a", "b", "c"), True),
        (RolesGuard(all=("a", "b")), user("a"), False),
        (RolesGuard(scopes=("read", "write")), user(scopes=("write", "read")), True),
        (RolesGuard(scopes=("read", "write")), user("read", "write"), False),
        (RolesGuard(any=("a",), scopes=("read",)), user("a"), False),
    ],
    ids=["one of", "none of", "all", "not all", "scopes", "roles are no scopes", "both"],
)
def test_roles_wants_one_or_all_of_the_roles_and_all_of_the_scopes(guard, principal, allowed):
    assert allows(guard, principal) is allowed


def test_roles_without_any_are_no_guard():
    with pytest.raises(DefinitionError, match="names roles"):
        RolesGuard()


# --- age


@pytest.mark.parametrize(
    ("birthdate", "today", "allowed"),
    [
        ("2008-11-26", "2026-11-25T23:59:59+00:00", False),
        ("2008-11-26", "2026-11-26T00:00:00+00:00", True),
        ("2008", "2026-12-30T23:59:59+00:00", False),  # a year alone is its 31 December
        ("2008", "2026-12-31T00:00:00+00:00", True),
        ("2008-02-29", "2026-02-28T23:59:59+00:00", False),  # those matures on 1 March
        ("2008-02-29", "2026-03-01T00:00:00+00:00", True),
    ],
)
def test_the_age_is_reached_on_the_birthday(birthdate, today, allowed):
    at = dt.datetime.fromisoformat(today)
    assert allows(AgeVerificationGuard(minimum=18), user(birthdate=birthdate), at=at) is allowed


def test_those_born_on_29_february_may_have_it_a_day_earlier():
    guard, at = AgeVerificationGuard(leap_day="february_28"), dt.datetime(2026, 2, 28, tzinfo=dt.UTC)
    assert allows(guard, user(birthdate="2008-02-29"), at=at)
    assert not allows(guard, user(birthdate="2008-02-29"), at=at - dt.timedelta(seconds=1))


def test_in_a_leap_year_29_february_is_29_february():
    assert allows(
        AgeVerificationGuard(minimum=16), user(birthdate="2008-02-29"), at=dt.datetime(2024, 2, 29, tzinfo=dt.UTC)
    )


@pytest.mark.parametrize(
    ("zone", "at", "allowed"),
    [
        ("Pacific/Auckland", "2026-11-25T11:00:00+00:00", True),  # there it is the 26th already
        ("Pacific/Auckland", "2026-11-25T10:59:59+00:00", False),
        ("America/Los_Angeles", "2026-11-26T07:59:59+00:00", False),  # there it is still the 25th
        ("America/Los_Angeles", "2026-11-26T08:00:00+00:00", True),
        ("Nowhere/Land", "2026-11-26T00:00:00+00:00", True),  # no zone: UTC
        ("../../etc/passwd", "2026-11-25T23:59:59+00:00", False),
        (None, "2026-11-26T00:00:00+00:00", True),
    ],
)
def test_the_day_is_that_of_the_user_s_zone(zone, at, allowed):
    principal = user(birthdate="2008-11-26", zoneinfo=zone)
    assert allows(AgeVerificationGuard(), principal, at=dt.datetime.fromisoformat(at)) is allowed


@pytest.mark.parametrize(
    ("country", "years"), [("US", 21), ("us", 21), ("DE", 16), ("FR", 21), (None, 21), (7, 21), ("", 21)], ids=repr
)
def test_the_age_is_that_of_the_region_and_the_highest_where_it_is_not_known(country, years):
    guard = AgeVerificationGuard(minimum=18, regions={"US": 21, "DE": 16})
    born = NOW.date().replace(year=NOW.year - years)
    assert allows(guard, user(birthdate=born.isoformat(), country=country))
    assert code(guard, user(birthdate=(born + dt.timedelta(days=1)).isoformat(), country=country)) == "age_restricted"


@pytest.mark.parametrize(
    "birthdate", [None, "", "0000-05-05", "yesterday", "2008-13-01", 8, True, [], {}, "20081126 "], ids=repr
)
def test_without_a_birthdate_nobody_is_old_enough(birthdate):
    assert code(AgeVerificationGuard(minimum=1), user(birthdate=birthdate)) == "age_restricted"


def test_an_age_beyond_the_calendar_is_never_reached():
    assert not allows(AgeVerificationGuard(minimum=9000), user(birthdate="2000-01-01"))


# --- data of the principal


@pytest.mark.parametrize(
    ("subscription", "after_end", "grace", "allowed"),
    [
        ({"status": "active"}, 0, 0, True),
        ({"status": "active", "ends_at": NOW.isoformat()}, -1, 0, True),
        ({"status": "active", "ends_at": NOW.isoformat()}, 0, 0, False),
        ({"status": "active", "ends_at": NOW.timestamp()}, -1, 0, True),
        ({"status": "active", "ends_at": NOW.isoformat()}, 59, 60, True),
        ({"status": "active", "ends_at": NOW.isoformat()}, 60, 60, False),
        ({"status": "past_due", "ends_at": NOW.isoformat()}, 59, 60, True),
        ({"status": "past_due"}, 0, 60, False),
        ({"status": "canceled", "ends_at": "2030-01-01T00:00:00Z"}, 0, 0, False),
        ({"status": "active", "ends_at": "2030-01-01T00:00:00"}, 0, 0, False),  # without a zone: nobody knows
        ({"status": "active", "ends_at": "soon"}, 0, 0, False),
        ({"status": "active", "ends_at": True}, 0, 0, False),
        ({}, 0, 0, False),
        ("active", 0, 0, False),
        (None, 0, 0, False),
    ],
    ids=str,
)
def test_a_subscription_holds_until_its_end_and_the_grace_after_it(subscription, after_end, grace, allowed):
    at = NOW + dt.timedelta(seconds=after_end)
    assert allows(SubscriptionGuard(grace=grace), user(subscription=subscription), at=at) is allowed


def test_a_subscription_may_have_to_be_of_a_plan():
    guard = SubscriptionGuard(plans=("pro", "team"))
    assert allows(guard, user(subscription={"status": "active", "plan": "team"}))
    assert code(guard, user(subscription={"status": "active", "plan": "free"})) == "subscription_expired"
    assert code(guard, user(subscription={"status": "active"})) == "subscription_expired"


@pytest.mark.parametrize(
    ("claim", "allowed"),
    [(True, True), ("true", True), (1, False), ("True", False), (False, False), (None, False)],
    ids=repr,
)
def test_an_address_is_verified_if_that_is_said_plainly(claim, allowed):
    assert allows(EmailVerifiedGuard(), user(email_verified=claim)) is allowed
    assert code(EmailVerifiedGuard(), user()) == "email_not_verified"


@pytest.mark.parametrize(
    ("payment", "allowed"),
    [
        ({"status": "paid", "amount": "9.99", "currency": "EUR"}, True),
        ({"status": "paid", "amount": 9.98, "currency": "EUR"}, False),  # a cent too little
        ({"status": "paid", "amount": 10, "currency": "EUR"}, True),
        ({"status": "paid", "amount": "9.99", "currency": "USD"}, False),
        ({"status": "paid", "amount": "NaN", "currency": "EUR"}, False),
        ({"status": "paid", "currency": "EUR"}, False),
        ({"status": "open", "amount": "9.99", "currency": "EUR"}, False),
        ("paid", False),
    ],
    ids=str,
)
def test_a_payment_reaches_what_is_due_in_the_same_currency(payment, allowed):
    guard = PaymentVerificationGuard(amount_field="total")
    assert allows(guard, user(payment=payment), happened(total=Decimal("9.99"), currency="EUR")) is allowed


def test_without_an_amount_it_is_enough_that_it_is_paid():
    assert allows(PaymentVerificationGuard(), user(payment={"status": "succeeded"}))
    assert code(PaymentVerificationGuard(), user()) == "payment_required"


@pytest.mark.parametrize(
    ("content", "wanted", "allowed"),
    [
        (["a", "b"], "b", True),
        ([7], "7", True),
        (["*"], "x", True),
        (["a"], "b", False),
        (["a"], None, False),
        ([None, ""], "", False),
        ("abc", "a", False),
        ({"a": 1}, "a", False),
    ],
    ids=repr,
)
def test_content_is_seen_by_those_who_have_it_on_their_list(content, wanted, allowed):
    assert allows(ContentAccessGuard(), user(content=content), happened(content_id=wanted)) is allowed


@pytest.mark.parametrize(
    ("level", "wanted", "allowed"),
    [
        ("basic", "basic", True), ("premium", "basic", True), ("free", "basic", False),
        ("gold", "basic", False), ("premium", "gold", False), (None, "free", False),
    ],
)  # fmt: skip
def test_content_has_a_level_that_has_to_be_reached(level, wanted, allowed):
    guard = ContentAccessGuard(field="level", levels=("free", "basic", "premium"))
    assert allows(guard, user(content=level), happened(level=wanted)) is allowed


# --- resolvers


@pytest.mark.parametrize(
    ("guard", "answer"),
    [
        (AgeVerificationGuard(resolver="r:f"), "1990-01-01"),
        (SubscriptionGuard(resolver="r:f"), {"status": "active"}),
        (EmailVerifiedGuard(resolver="r:f"), True),
        (PaymentVerificationGuard(resolver="r:f"), {"status": "paid"}),
        (ContentAccessGuard(resolver="r:f"), ["c"]),
        (OwnershipGuard(resolver="r:f"), "7"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_resolver_is_asked_for_what_is_not_claimed(guard, answer, is_async):
    def plain(principal, event):
        return answer

    async def awaited(principal, event):
        return answer

    async def nothing(principal, event):
        return None

    assert allows(guard, user(), happened(content_id="c"), r__f=awaited if is_async else plain)
    assert not allows(
        guard, user(), happened(content_id="c"), r__f=nothing if is_async else lambda principal, event: None
    )
    assert not allows(guard, ANONYMOUS, happened(content_id="c"), r__f=plain)


def test_nothing_is_known_of_nobody_whatever_is_claimed():
    nobody = Principal(id="x", kind="anonymous", claims={"email_verified": True, "birthdate": "1990-01-01"})
    assert code(EmailVerifiedGuard(), nobody) == "authentication_required"
    assert code(AgeVerificationGuard(), nobody) == "authentication_required"


def test_a_claim_is_taken_before_the_resolver_is_asked():
    asked = []
    guard = EmailVerifiedGuard(resolver="r:f")
    assert not allows(guard, user(email_verified=False), r__f=lambda principal, event: asked.append(1) or True)
    assert asked == []


# --- ownership


@event("note.changed")
class NoteChanged(EventBase):
    user_id: object


@attrs.frozen
class Foreign:
    user_id: object


NUMBER = uuid.UUID(int=7)


@pytest.mark.parametrize(
    ("owner", "id", "allowed"),
    [
        ("7", "7", True), (7, "7", True), ("07", "7", False), (NUMBER, str(NUMBER), True),
        (None, "None", False), ("", "7", False), (True, "True", False), (["7"], "['7']", False),
        (7.0, "7.0", False),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize(
    "kind", [NoteChanged, Foreign, lambda user_id: happened(user_id=user_id)], ids=["typed", "foreign", "generic"]
)
def test_an_owner_is_whose_id_the_field_holds(owner, id, allowed, kind):
    assert allows(OwnershipGuard(), user(id=id), kind(user_id=owner)) is allowed


def test_what_has_no_such_field_nobody_owns():
    assert code(OwnershipGuard(), user(), happened()) == "not_owner"
    assert code(OwnershipGuard(field="id"), user(id=happened().id), happened()) == "not_owner"  # not the envelope's


def test_ownership_may_lie_behind_a_dot():
    guard = OwnershipGuard(field="order.customer")
    assert allows(guard, user(), happened(order={"customer": "7"}))
    assert not allows(guard, user(), happened(order="7"))


@pytest.mark.parametrize("path", ["__class__", "a.__class__", "", "a..b", "a[0]", "a b"])
def test_a_field_is_reached_by_names_alone(path):
    with pytest.raises(DefinitionError, match="names no field"):
        OwnershipGuard(field=path)


def test_the_system_owns_what_it_needs():
    assert allows(OwnershipGuard(), SYSTEM, happened())


# --- cart


def cart(*items, **fields):
    return happened(items=[{"product_id": product, "quantity": count} for product, count in items], **fields)


@pytest.mark.parametrize(
    ("total", "allowed"),
    [("10.00", True), ("9.99", False), (10, True), (9.99, False), ("100.00", True), ("100.01", False), (None, False),
     ("x", False), (float("nan"), False), (True, False)],
    ids=repr,
)  # fmt: skip
def test_the_total_of_a_cart_is_within_its_limits(total, allowed):
    assert allows(CartGuard(minimum=10, maximum="100"), user(), cart(("a", 1), total=total)) is allowed


@pytest.mark.parametrize(
    ("items", "expected"),
    [([], "cart_invalid"), ("text", "validation_failed"), ([{"quantity": 1}], "validation_failed"),
     ([{"product_id": "a", "quantity": 0}], "validation_failed"),
     ([{"product_id": "a", "quantity": True}], "validation_failed"),
     ([7], "validation_failed"), (None, "validation_failed")],
    ids=repr,
)  # fmt: skip
def test_a_cart_holds_items_with_a_quantity(items, expected):
    assert code(CartGuard(), user(), happened(items=items)) == expected


def test_a_cart_is_in_its_currency():
    assert allows(CartGuard(currency="EUR"), user(), cart(("a", 1), currency="EUR"))
    assert code(CartGuard(currency="EUR"), user(), cart(("a", 1), currency="eur")) == "cart_invalid"
    assert code(CartGuard(currency="EUR"), user(), cart(("a", 1))) == "cart_invalid"


@pytest.mark.parametrize(
    ("stock", "expected"),
    [({"a": 3}, "allow"), ({"a": 2}, "product_out_of_stock"), ({}, "product_out_of_stock"),
     (None, "product_out_of_stock"), ({"a": "many"}, "product_out_of_stock"),
     ({"a": float("nan")}, "product_out_of_stock"), ({"a": True}, "product_out_of_stock")],
    ids=repr,
)  # fmt: skip
def test_there_is_enough_of_each_product_all_its_lines_together(stock, expected):
    decision = ask(CartGuard(stock="r:f"), user(), cart(("a", 1), ("a", 2)), r__f=lambda principal, event: stock)
    assert getattr(decision, "code", "allow") == expected


@pytest.mark.parametrize(
    ("holds", "expected"), [(True, "allow"), (False, "invalid_discount_code"), (None, "invalid_discount_code")]
)
def test_a_discount_code_has_to_hold(holds, expected):
    guard = CartGuard(discounts="r:f")
    decision = ask(guard, user(), cart(("a", 1), discount_code="TEN"), r__f=lambda principal, event: holds)
    assert getattr(decision, "code", "allow") == expected
    assert allows(guard, user(), cart(("a", 1)), r__f=lambda principal, event: holds)


def test_limits_of_a_cart_are_amounts():
    with pytest.raises(ValueError, match="is an amount"):
        CartGuard(minimum="ten")


# --- all


def test_every_guard_of_the_issue_is_there_by_its_name():
    assert {cls.__name__ for cls in BUILT_IN.values()} >= {
        "AuthenticationGuard", "AdminGuard", "AgeVerificationGuard", "SubscriptionGuard", "OwnershipGuard",
        "PaymentVerificationGuard", "ContentAccessGuard", "FeatureFlagGuard", "EmailVerifiedGuard", "CartGuard",
        "RateLimitGuard",
    }  # fmt: skip


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_guard_says_what_it_is_and_what_its_settings_are_for(name):
    cls = BUILT_IN[name]
    assert inspect.getdoc(cls)
    assert all(field.metadata.get("plugbus.help") for field in attrs.fields(cls) if field.init)
