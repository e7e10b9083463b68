"""Secrets are masked in `repr`, `to_dict` and every encoding but the one that a delivery channel asks for."""

from __future__ import annotations

import copy
import pickle
import traceback

import attrs
import pytest

from plugbus import EventBase, codec, event, secret


@attrs.frozen
class Card:
    number: str = secret()
    holder: str = attrs.field(kw_only=True)


class WithToken(EventBase):
    token: str = secret(default="t-hunter2")


@event("payment.made")
class PaymentMade(WithToken):
    amount: int
    pin: int = secret(factory=lambda: 4711, validator=attrs.validators.ge(0))
    card: Card | None = None
    cards: tuple[Card, ...] = ()
    by_name: dict[str, Card] = attrs.field(factory=dict)


def payment():
    card = Card(number="5500-hunter2", holder="Ann")
    return PaymentMade(amount=3, card=card, cards=(card,), by_name={"ann": card})


def test_a_secret_is_what_it_was_for_those_who_handle_the_event():
    made = payment()
    assert (made.pin, made.token, made.card.number) == (4711, "t-hunter2", "5500-hunter2")


@pytest.mark.parametrize("shown", [repr, str, "{!r}".format], ids=["repr", "str", "format"])
def test_a_secret_is_masked_in_repr_in_nested_values_too(shown):
    text = shown(payment())
    assert "hunter2" not in text
    assert "4711" not in text
    assert "pin='***'" in text


def test_a_secret_is_masked_in_to_dict_in_nested_values_too():
    made = payment()
    masked = {"number": "***", "holder": "Ann"}
    expected = {
        "token": "***",
        "amount": 3,
        "pin": "***",
        "card": masked,
        "cards": [masked],
        "by_name": {"ann": masked},
    }
    assert made.to_dict()["payload"] == codec.to_dict(made)["payload"] == expected
    assert codec.to_cloudevent(made)["data"] == expected


def test_a_secret_is_masked_in_the_encoded_form():
    encoded = codec.encode(payment())
    assert b"hunter2" not in encoded
    assert b"4711" not in encoded


def test_a_delivery_channel_gets_secrets_with_reveal_and_the_event_comes_back_whole():
    made = payment()
    assert codec.decode(codec.encode(made, reveal=True)) == made
    assert codec.from_dict(codec.to_dict(made, reveal=True)) == made
    assert codec.to_cloudevent(made, reveal=True)["data"]["card"]["number"] == "5500-hunter2"


def test_copies_keep_secrets():
    made = payment()
    for twin in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made)), made.replace(amount=3)):
        assert twin == made
        assert twin.pin == 4711


def test_secrets_count_for_equality():
    assert payment() != payment().replace(pin=1)


def test_the_options_of_a_field_work_on_a_secret():
    @event("secret.tried")
    class SecretTried(EventBase):
        code: int = secret(converter=int)
        tries: list[str] = secret(factory=list)

    tried = SecretTried(code="7")
    assert (tried.code, tried.tries) == (7, [])
    with pytest.raises(TypeError, match="code"):
        SecretTried()
    with pytest.raises(ValueError, match="pin"):
        payment().replace(pin=-1)


def test_the_secrets_of_other_libraries_are_masked():
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Login", password=(pydantic.SecretStr, ...))
    encoded = codec.encode(model(password="hunter2"))
    assert b"hunter2" not in encoded


@pytest.mark.parametrize("value", ["hunter2", None, {"not": "text"}])
def test_an_error_of_decoding_does_not_show_a_secret(value):
    from plugbus.errors import DecodeError

    with pytest.raises(DecodeError) as caught:
        codec.decode({"type": "payment.made", "payload": {"amount": 1, "pin": value}})
    assert "hunter2" not in str(caught.value)


def converted_pin(value):
    return int(value)


@event("secret.converted")
class SecretConverted(EventBase):
    pin: int = secret(converter=converted_pin)


def test_what_a_users_converter_or_validator_says_of_a_secret_is_not_in_the_error_of_decoding():
    from plugbus.errors import DecodeError

    written = {"type": "secret.converted", "payload": {"pin": "hunter2"}}
    with pytest.raises(DecodeError, match="ValueError, whose text is kept back") as caught:
        codec.decode(written)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))
