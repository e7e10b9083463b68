"""Checks of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from plugbus.config._annotations import table_kind
from plugbus.config._document import sounds_secret
from plugbus.config._kinds import INVALID, Kind, PathKind, Place
from plugbus.config._tables import Setting, TableKind
from plugbus.config.options import HELP
from plugbus.errors import ConfigurationError
from plugbus.testing._building import build
from plugbus.testing.contract._subject import Subject
from plugbus.testing.contract._verdict import fail, listed


__all__ = ("defaults_valid", "every_setting_has_help", "immutable", "secrets_declared", "unknown_refused")

_UNKNOWN = "setting_that_nobody_has"


def defaults_valid(subject: Subject) -> None:
    """Check the defaults: with nothing given but what is required, each is what the file might have said."""
    cls = subject.settings_class
    if cls is None:
        return
    known = table_kind(cls).settings
    required = {key: value for key, value in subject.settings.items() if key in known and known[key].required}
    settings, problems = subject.read(required)
    if settings is None:
        fail(
            f"The settings cannot be made of their defaults:{listed(problems)}\nMend the default. A setting that has "
            f"no sensible one has none; then it must be given, in `settings` of the test class too."
        )
    for key in known.keys() - required.keys():
        value = getattr(settings, known[key].field.name)
        _, problems = subject.read({**required, key: value})
        if problems:
            fail(f"The default of {key!r} is not of the setting's type:{listed(problems)}")


def every_setting_has_help(subject: Subject) -> None:
    """Check that each setting says what it is for."""
    silent = [path for path, setting in _walk(subject.settings_class) if not _help(setting)]
    if silent:
        fail(
            f"These settings have no help, which `plugbus plugins show {subject.name}` prints:{listed(silent)}\n"
            f'Declare each as `option(default, help="what it is for")`.'
        )


def immutable(subject: Subject) -> None:
    """Check that settings cannot be changed once they have been read."""
    for value in _instances(subject.read_own()):
        field = next(iter(attrs.fields(type(value))), None)
        if field is None:
            continue
        try:
            setattr(value, field.name, getattr(value, field.name))
        except attrs.exceptions.FrozenInstanceError:
            continue
        cls = type(value).__qualname__
        fail(f"{cls} can be changed while the bus runs, and nobody would notice. Decorate it with @attrs.frozen.")


def unknown_refused(subject: Subject) -> None:
    """Check that a misspelt setting is reported and not passed over."""
    try:
        build(subject.plugin, {**subject.settings, _UNKNOWN: 1}, subject.name, subject.folder)
    except ConfigurationError as error:
        if any(_UNKNOWN in str(problem) for problem in error.exceptions):
            return
        fail(f"No bus can be built with this plugin, whatever its settings:\n{error}", error)
    fail(
        f"The setting {_UNKNOWN!r} was accepted, so a misspelt one would be too. Leave the reading of settings to the "
        f"host: an attrs class, one field for each."
    )


def secrets_declared(subject: Subject) -> None:
    """Check that what sounds like a password is kept out of sight."""
    shown = [
        path
        for path, setting in _walk(subject.settings_class)
        if sounds_secret(setting.key) and not setting.secret and setting.key not in subject.no_secrets
        if _takes_text(setting.kind)
    ]
    if shown:
        fail(
            f"These sound like secrets, and are shown in reports and logs:{listed(shown)}\nDeclare them as "
            f"`option(..., secret=True)`. If one is no secret, name it in `no_secrets` of the test class."
        )


def _help(setting: Setting) -> str:
    text: str = setting.field.metadata.get(HELP) or ""
    return text.strip()


def _takes_text(kind: Kind) -> bool:
    return not isinstance(kind, PathKind) and kind.read("text", Place(Path())) is not INVALID


def _walk(cls: type[Any] | None) -> Iterator[tuple[str, Setting]]:
    """Visit every setting of a class and of the classes in it, with its path."""
    if cls is not None:
        yield from _below("", table_kind(cls), set())


def _below(path: str, kind: Kind, seen: set[type]) -> Iterator[tuple[str, Setting]]:
    if isinstance(kind, TableKind):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        for key, setting in kind.settings.items():
            here = f"{path}.{key}".removeprefix(".")
            yield here, setting
            yield from _below(here, setting.kind, seen)
    for inner in (getattr(kind, "item", None), *getattr(kind, "members", ()), *getattr(kind, "items", ())):
        if inner is not None:
            yield from _below(path, inner, seen)


def _instances(value: Any) -> Iterator[Any]:
    """Visit an instance of an attrs class and those in it."""
    if attrs.has(type(value)):
        yield value
        for field in attrs.fields(type(value)):
            yield from _instances(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _instances(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _instances(item)
