"""
What a setting's type means for the file and the environment: the base, and the kinds of single values.

A kind reads a value that TOML gave, strictly, or turns the text of an environment variable into such a value. It
collects what is wrong instead of raising, so that one report holds everything.
"""

from __future__ import annotations

import datetime as dt
import enum
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs

from plugbus._suggest import did_you_mean
from plugbus.config._document import Mark
from plugbus.config._positions import KeyPath


if TYPE_CHECKING:
    from plugbus.config._shelf import Schema, Shelf


__all__ = ("INVALID", "AnyKind", "ChoiceKind", "Fault", "Kind", "PathKind", "Place", "ScalarKind", "described")


class _Invalid(enum.Enum):
    INVALID = enum.auto()


# What `Kind.read` returns after it has recorded a fault; None is a value.
INVALID: Final = _Invalid.INVALID


@attrs.frozen
class Fault:
    """
    Something wrong at a key path, told as `<head> 'sinks[0].path' of <owner><tail>`.

    Args:
        keys: Where, within the settings.
        tail: What the message says after the setting's name.
        head: What it says before.
        hint: What to do.
        mark: What the caret stands under.
        missing: Whether it is that nothing was given.
    """

    keys: KeyPath
    tail: str = ""
    head: str = "setting"
    hint: str | None = None
    mark: Mark = "value"
    missing: bool = False


@attrs.frozen
class Place:
    """
    Where a value is read, and where its faults are collected.

    Args:
        folder: What relative paths are relative to.
        faults: What was wrong so far; shared by all places of one reading.
        keys: The key path within the settings.
        secret: Whether values here must not be shown.
    """

    folder: Path
    faults: list[Fault] = attrs.field(factory=list)
    keys: KeyPath = ()
    secret: bool = False

    def at(self, key: str | int, *, secret: bool = False) -> Place:
        """Return the place of an item or a setting below this one."""
        return attrs.evolve(self, keys=(*self.keys, key), secret=self.secret or secret)

    def apart(self) -> Place:
        """Return the same place with a list of faults of its own, for a reading that may fail."""
        return attrs.evolve(self, faults=[])

    def fault(
        self,
        tail: str = "",
        *,
        head: str = "setting",
        hint: str | None = None,
        mark: Mark = "value",
        missing: bool = False,
    ) -> object:
        """Record a fault and return `INVALID`."""
        self.faults.append(Fault(self.keys, tail, head, hint, mark, missing))
        return INVALID

    def mismatch(self, kind: Kind, value: object, hint: str | None = None, *, expected: str | None = None) -> object:
        """Record that something else was expected and return `INVALID`."""
        got = described(value, secret=self.secret or kind.compound)
        expected = expected or kind.expected
        return self.fault(f" expects {expected}, got {got}", hint=None if self.secret else hint)

    def absolute(self, path: Path) -> Path:
        """Expand `~` and resolve a relative path against the folder."""
        return self.folder / path.expanduser()


class Kind(ABC):
    """
    One type of settings.

    Attributes:
        expected: What a message says was expected, as in "an integer".
        compound: Whether tables belong here, so that what stands in their place may hold a secret.
    """

    expected: str
    compound: bool = False

    @abstractmethod
    def read(self, value: object, place: Place) -> object:
        """Return the setting for a value from TOML, or `INVALID` after recording every fault at the place."""

    @abstractmethod
    def from_text(self, text: str) -> object:
        """
        Return the value that TOML would have given for the text of an environment variable.

        Raises:
            ValueError: If the text cannot be one.
        """

    @abstractmethod
    def schema(self, shelf: Shelf) -> Schema:
        """Return the JSON Schema of what TOML may give; definitions that it refers to go onto the shelf."""

    def child(self, part: str) -> tuple[str, Kind] | None:  # noqa: ARG002
        """Return the key and kind below this one that a part of an environment variable's name stands for."""
        return None

    def keys(self) -> Iterable[str]:
        """Return the keys that may stand below this one, as far as they are known."""
        return ()

    def rival(self, key: str) -> str | None:  # noqa: ARG002
        """Return another key below this one that gives the same setting, if there is one."""
        return None


def described(value: object, *, secret: bool = False) -> str:
    """Say in words what came; of a secret only its type."""
    match value:
        case bool():
            noun, text = "boolean", str(value).lower()
        case int():
            noun, text = "integer", str(value)
        case float():
            noun, text = "float", str(value)
        case str():
            noun, text = "string", repr(value if len(value) <= 60 else f"{value[:57]}...")
        case dt.date() | dt.time():
            noun, text = "date or time", str(value)
        case Mapping():
            return "a table"
        case list() | tuple():
            return "a list"
        case _:
            return f"an object of type {type(value).__name__}"
    return f"{'an' if noun == 'integer' else 'a'} {noun}" if secret else f"the {noun} {text}"


_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


class ScalarKind(Kind):
    """One of TOML's own scalar types; an int may stand for a float, nothing else for anything else."""

    _expected: Final[Mapping[type, str]] = {
        bool: "true or false",
        int: "an integer",
        float: "a number",
        str: "a string",
        dt.datetime: "a date with time",
        dt.date: "a date",
        dt.time: "a time",
    }
    types: Final = frozenset(_expected)
    # Dates have no type of their own in JSON; tools that read TOML for a schema make strings of them.
    _schemas: Final[Mapping[type, Mapping[str, str]]] = {
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        float: {"type": "number"},
        str: {"type": "string"},
        dt.datetime: {"type": "string", "format": "date-time"},
        dt.date: {"type": "string", "format": "date"},
        dt.time: {"type": "string", "format": "time"},
    }

    def __init__(self, type_: type[Any]) -> None:
        self.type = type_
        self.expected = self._expected[type_]

    def read(self, value: object, place: Place) -> object:
        if type(value) is self.type:
            return value
        if self.type is float and type(value) is int:
            return float(value)
        return place.mismatch(self, value)

    def from_text(self, text: str) -> object:
        text = text if self.type is str else text.strip()
        if self.type is bool:
            if text.lower() not in _BOOLEANS:
                raise ValueError(text)
            return _BOOLEANS[text.lower()]
        if self.type is int and not re.fullmatch(r"[+-]?\d+", text):
            raise ValueError(text)
        if issubclass(self.type, dt.date | dt.time):
            return self.type.fromisoformat(text)
        return text if self.type is str else self.type(text)

    def schema(self, shelf: Shelf) -> Schema:  # noqa: ARG002
        return dict(self._schemas[self.type])


class PathKind(Kind):
    """A path; `~` is the home folder, what is relative is relative to the configuration's folder."""

    expected = "a path"

    def read(self, value: object, place: Place) -> object:
        if isinstance(value, Path):
            value = str(value)
        if not isinstance(value, str) or not value or "\0" in value:
            return place.mismatch(self, value)
        try:
            return place.absolute(Path(value))
        except RuntimeError:
            return place.mismatch(self, value, expected="a path in a home folder that exists")

    def from_text(self, text: str) -> object:
        return text

    def schema(self, shelf: Shelf) -> Schema:  # noqa: ARG002
        return {"type": "string", "minLength": 1, "pattern": "^[^\\u0000]*$"}


class ChoiceKind(Kind):
    """
    One of a few values: a `Literal`, or the values of an enum.

    Args:
        choices: What TOML may give, and what the setting then is.
    """

    def __init__(self, choices: Mapping[str | int, object]) -> None:
        self.choices = {(type(key), key): value for key, value in choices.items()}
        names = ", ".join(repr(key) for key in choices)
        self.expected = f"one of {names}" if len(choices) > 1 else names

    def read(self, value: object, place: Place) -> object:
        if isinstance(value, str | int) and (type(value), value) in self.choices:
            return self.choices[type(value), value]
        if any(value is choice for choice in self.choices.values()):
            return value  # a mapping given in code may hold the enum's member itself
        strings = [key for _, key in self.choices if isinstance(key, str)]
        hint = did_you_mean(value, strings) if isinstance(value, str) else None
        return place.mismatch(self, value, hint)

    def from_text(self, text: str) -> object:
        return next((key for _, key in self.choices if str(key) == text), text)

    def schema(self, shelf: Shelf) -> Schema:  # noqa: ARG002
        return {"enum": [key for _, key in self.choices]}


class AnyKind(Kind):
    """Anything that TOML can say."""

    expected = "anything"

    def read(self, value: object, place: Place) -> object:  # noqa: ARG002
        return value

    def from_text(self, text: str) -> object:
        return text

    def schema(self, shelf: Shelf) -> Schema:  # noqa: ARG002
        return {}
