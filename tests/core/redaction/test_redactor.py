from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugbus.errors import DefinitionError
from plugbus.redaction import NAMES, NameList, Redactor, is_card_number


CARD = "4111111111111111"

# Any JSON value with keys that tell of nothing.
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("abc äöü"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("xyz_"), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture
def redactor():
    return Redactor()


@pytest.mark.parametrize(
    "name",
    ["password", "PASSWORD", "user_password", "userPassword", "passwordHash", "passwords", "X-Api-Key", "apiKey",
     "APIKEY",
     "accessToken", "accesstoken", "Authorization", "set-cookie", "client_secret", "iban", "IBAN", "card_number",
     "cardNumber", "creditcard", "pin", "cvv", "private-key", "credentials", "ssn"],
)  # fmt: skip
def test_a_telling_name_is_known_however_it_is_written(name):
    assert name in NameList(NAMES)


@pytest.mark.parametrize(
    "name", ["shipping", "user", "pinned", "tok", "opinion", "discard", "secretary_general"[3:6], ""]
)
def test_other_names_are_not(name):
    assert name not in NameList(NAMES)


def test_what_stands_under_a_telling_name_is_taken_out_at_any_depth(redactor):
    value = {"a": [{"b": {"password": "x", "token": ["y", {"z": 1}]}}], "secret": {"deep": "w"}}
    assert redactor.redact(value) == {
        "a": [{"b": {"password": "[redacted:name]", "token": "[redacted:name]"}}],
        "secret": "[redacted:name]",
    }


def test_what_says_nothing_stays(redactor):
    value = {"password": None, "token": False, "name": "Ada"}
    assert redactor.redact(value) is value


def test_the_value_is_never_changed(redactor):
    value = {"a": [{"password": "x"}], "b": {"c": 1}}
    before = json.dumps(value)
    made = redactor.redact(value)
    assert json.dumps(value) == before
    assert made["b"] is value["b"]


@given(value=VALUES)
def test_a_value_without_secrets_comes_back_as_it_is(value):
    assert Redactor().redact(value) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://ada:pw@example.org/x", "https://ada:[redacted:url]@example.org/x"),
        ("https://example.org/x?token=abc&page=2", "https://example.org/x?token=[redacted:name]&page=2"),
        ("postgresql://shop:p%40ss@db:5432/shop", "postgresql://shop:[redacted:url]@db:5432/shop"),
        ("cannot log in: password='hunter 2', user=ada", "cannot log in: password='[redacted:name]', user=ada"),
        ("Authorization: Bearer abc.def-123", "Authorization: [redacted:name]"),
        ("sent 'Bearer abcdefgh12345678'", "sent 'Bearer [redacted:name]'"),
        ("Cookie: a=b; c=d\nHost: x", "Cookie: [redacted:name]\nHost: x"),
        ('{"secret": "s3", "a": 1}', '{"secret": "[redacted:name]", "a": 1}'),
        ("{'api_key': 'k', 'b': 2}", "{'api_key': '[redacted:name]', 'b': 2}"),
        ("the api key: 12345", "the api key: [redacted:name]"),
        (f"paid with {CARD}.", "paid with [redacted:card]."),
        ("card 4111 1111 1111 1111 123", "card [redacted:card] 123"),
        ("12 5500-0000-0000-0004", "12 [redacted:card]"),
        ("eyJhbGciOi12345.eyJzdWIiOi12345.abc", "[redacted:pattern]"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "[redacted:pattern]"),
        ("at 2026-11-20T19:00:00.123456Z", "at 2026-11-20T19:00:00.123456Z"),
        ("order 4111111111111112", "order 4111111111111112"),
        (f"x{CARD}", f"x{CARD}"),
        ("ratio = 1:2, a: b", "ratio = 1:2, a: b"),
    ],
)
def test_secrets_in_a_text(redactor, text, expected):
    assert redactor.redact({"text": text})["text"] == expected


@pytest.mark.parametrize(
    "digits", [CARD, "5500000000000004", "340000000000009", "30000000000004", "6011000000000004", "3530111333300000"]
)
def test_numbers_of_cards_are_known(digits):
    assert is_card_number(digits)


@pytest.mark.parametrize("digits", ["4111111111111112", "1234567812345670", "0000000000000000", "411111", "٤" * 16])
def test_other_numbers_are_not(digits):
    assert not is_card_number(digits)


def test_a_number_is_that_of_a_card_only_under_a_name_that_says_so(redactor):
    value = {"card": int(CARD), "order": int(CARD), "payment": {"pan": int(CARD)}}
    assert redactor.redact(value) == {
        "card": "[redacted:card]",
        "order": int(CARD),
        "payment": {"pan": "[redacted:card]"},
    }


def test_paths_say_where_a_secret_is():
    redactor = Redactor(paths=["user.email", "people.*.born", "whole"])
    value = {
        "user": {"email": "a@b", "name": "Ada"},
        "people": [{"born": 1815}, {"born": 1906}],
        "whole": [1],
        "email": 1,
    }
    assert redactor.redact(value) == {
        "user": {"email": "[redacted:path]", "name": "Ada"},
        "people": [{"born": "[redacted:path]"}, {"born": "[redacted:path]"}],
        "whole": "[redacted:path]",
        "email": 1,
    }


def test_patterns_say_what_a_secret_looks_like():
    redactor = Redactor(patterns=[r"PAT-\d+"])
    assert redactor.redact(["PAT-1 and PAT-22", "p"]) == ["[redacted:pattern] and [redacted:pattern]", "p"]


def test_a_mark_of_ones_own_gets_kind_and_value():
    marked = []
    redactor = Redactor(mark=lambda kind, value: marked.append((kind, value)) or "X")
    made = redactor.redact({"iban": redactor.hide({"a": 1}), "password": 7})
    assert made == {"iban": "X", "password": "X"}
    assert marked == [("secret", {"a": 1}), ("name", 7)], "what is hidden already is not looked at again"
    assert type(made["iban"]) is str


@pytest.mark.parametrize("options", [{"patterns": ["("]}, {"paths": ["a..b"]}])
def test_what_is_no_pattern_or_path_is_refused(options):
    with pytest.raises(DefinitionError):
        Redactor(**options)
