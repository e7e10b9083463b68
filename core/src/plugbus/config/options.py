"""`option`: one setting of a plugin, with its help."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from keyword import iskeyword
from typing import Any, TypeVar, overload

import attrs


__all__ = ("HELP", "MASK", "SECRET", "key_of", "option", "secret_values", "without")

# Keys of the metadata that `option` writes into an attrs field.
HELP = "plugbus.help"
SECRET = "plugbus.secret"
# What is shown in a secret's place.
MASK = "***"

T = TypeVar("T")
_Validator = Callable[[Any, "attrs.Attribute[Any]", Any], Any]


@overload
def option(default: T, *, help: str, secret: bool = False, validator: _Validator | None = None) -> T: ...
@overload
def option(*, factory: Callable[[], T], help: str, secret: bool = False, validator: _Validator | None = None) -> T: ...
@overload
def option(*, help: str, secret: bool = False, validator: _Validator | None = None) -> Any: ...
def option(
    default: Any = attrs.NOTHING,
    *,
    factory: Callable[[], Any] | None = None,
    help: str,
    secret: bool = False,
    validator: _Validator | None = None,
) -> Any:
    """
    Declare a setting in an `attrs.frozen` class.

    Args:
        default: Its value when the configuration says nothing; without one (and without factory) it must be given.
            A relative path is relative to the configuration's folder.
        factory: Makes the default anew for each plugin, for lists, dicts and tables.
        help: What it is for, in a few words; shown by `plugbus plugins show`.
        secret: Never show its value: not in repr, not in reports. May be given as `<name>_file` too.
        validator: An attrs validator, for example `attrs.validators.ge(1)`.

    Returns:
        An attrs field, keyword-only, so that required settings may stand behind optional ones.
    """
    return attrs.field(
        default=default if factory is None else attrs.Factory(factory),
        validator=validator,
        kw_only=True,
        repr=_hide if secret else True,
        metadata={HELP: help, SECRET: secret},
    )


def key_of(field: attrs.Attribute[Any]) -> str:
    """Return a setting's key: the field's name; of one like `class_`, which Python would not have, without the `_`."""
    name = field.alias or field.name
    return name[:-1] if name.endswith("_") and iskeyword(name[:-1]) else name


def _hide(_: object) -> str:
    return repr(MASK)


def secret_values(settings: object) -> frozenset[str]:
    """Return the texts of all secrets in an instance of a settings class, at any depth."""
    return frozenset(text for value in _secrets(settings) if (text := str(value)))


def without(text: str, secrets: Iterable[str]) -> str:
    """Return a text with secrets replaced by `MASK`."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _secrets(value: Any, *, secret: bool = False) -> Iterator[object]:
    if value is None:
        return
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            inner_secret = secret or bool(field.metadata.get(SECRET))
            yield from _secrets(getattr(value, field.name), secret=inner_secret)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets(item, secret=secret)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _secrets(item, secret=secret)
    elif secret:
        yield value
