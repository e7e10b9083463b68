"""The error tree: statuses, headers, and what may be shown."""

from __future__ import annotations

import pytest

from plugbus.errors import PlugbusError, Refusal
from plugbus_guards import errors
from plugbus_guards.errors import CODES, AccessDenied, AuthenticationRequired, NotOwner, RateLimited


STATUS = {
    "AuthenticationRequired": 401,
    "PermissionDenied": 403,
    "SubscriptionExpired": 402,
    "PaymentRequired": 402,
    "AgeRestricted": 403,
    "EmailNotVerified": 403,
    "FeatureDisabled": 403,
    "RateLimited": 429,
    "CartInvalid": 422,
    "NotOwner": 403,
    "InvalidDiscountCode": 422,
    "ProductOutOfStock": 422,
    "ValidationFailed": 422,
}


@pytest.mark.parametrize("name", STATUS)
def test_every_error_of_the_tree_has_its_status_and_a_code_of_its_own(name):
    cls = getattr(errors, name)
    assert issubclass(cls, AccessDenied)
    assert issubclass(cls, Refusal)
    assert issubclass(cls, PlugbusError)
    assert cls("why").status == STATUS[name]
    assert CODES[cls.code] is cls


def test_there_is_no_other_error():
    assert {cls.__name__ for cls in CODES.values()} == set(STATUS)


@pytest.mark.parametrize("cls", CODES.values(), ids=lambda cls: cls.__name__)
def test_what_may_be_shown_holds_title_code_and_instance_and_nothing_of_rules_or_others(cls):
    error = cls("8 does not own it", event_type="order.placed", event_id="0192", rule="plugbus.toml:3")
    shown = error.problem()
    assert set(shown) == {"type", "title", "status", "code", "instance"}
    assert shown["instance"] == "urn:uuid:0192"
    for secret in ("plugbus.toml", "8 does", "order.placed"):
        assert secret not in str(shown)
    assert cls("why").problem("/orders/3")["instance"] == "/orders/3"
    assert "instance" not in cls("why").problem()


def test_the_log_is_told_where_the_rule_stands():
    error = AccessDenied("no", event_type="order.placed", event_id="0192", rule="plugbus.toml:3")
    assert str(error) == "order.placed 0192 is denied: no (plugbus.toml:3)"
    assert str(AuthenticationRequired()) == "this is denied: authentication required"


def test_authentication_is_challenged():
    assert AuthenticationRequired("no").headers() == {"WWW-Authenticate": "Bearer"}
    told = AuthenticationRequired("no", details={"error": "invalid_token"}).headers()
    assert told == {"WWW-Authenticate": 'Bearer error="invalid_token"'}


@pytest.mark.parametrize(("wait", "header"), [(0.001, "1"), (1, "1"), (1.01, "2"), (60, "60")])
def test_a_rate_says_when_to_come_back_in_whole_seconds(wait, header):
    error = RateLimited("often", details={"retry_after": wait})
    assert error.retry_after == wait
    assert error.headers() == {"Retry-After": header}


def test_what_is_not_owned_may_pose_as_not_being_there():
    hidden = NotOwner("no", details={"hidden": True})
    assert (hidden.status, hidden.problem()["code"], hidden.problem()["title"]) == (404, "not_found", "Not found")
    assert NotOwner("no").status == 403
