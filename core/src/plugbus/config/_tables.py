"""The kind of attrs classes: a table whose keys the class declares."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from plugbus._suggest import did_you_mean, nearest
from plugbus.config._containers import DictKind, ListKind, UnionKind
from plugbus.config._defaults import anchored, default_of, plain
from plugbus.config._document import sounds_secret
from plugbus.config._kinds import INVALID, Kind, PathKind, Place
from plugbus.config._limits import both, limits
from plugbus.config.options import HELP, SECRET, without


if TYPE_CHECKING:
    from plugbus.config._positions import KeyPath
    from plugbus.config._shelf import Schema, Shelf


__all__ = ("Setting", "TableKind")


@attrs.frozen
class Setting:
    """One setting of a settings class, made from its attrs field."""

    key: str
    kind: Kind
    field: attrs.Attribute[Any]

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown."""
        return bool(self.field.metadata.get(SECRET))

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.field.default is attrs.NOTHING

    @property
    def help(self) -> str:
        """What it is for."""
        return str(self.field.metadata.get(HELP, ""))

    @property
    def file_key(self) -> str:
        """The key that names a file which holds the secret."""
        return f"{self.key}_file"

    def schema(self, shelf: Shelf) -> Schema:
        """Return the schema of its value, with what an editor may show."""
        shown: Schema = {"description": self.help} if self.help else {}
        default = plain(default_of(self.field), secret=self.secret)
        if self.secret:
            shown["writeOnly"] = True
        elif default is not None:
            shown["default"] = default
        return shown | both(self.kind.schema(shelf), limits(self.field.validator))


class TableKind(Kind):
    """
    An attrs class.

    Args:
        cls: The class.
        settings_of: Returns its settings; called on first use, so that a class may contain itself.
    """

    expected = "a table"
    compound = True

    def __init__(self, cls: type, settings_of: Callable[[type], Iterable[Setting]]) -> None:
        self.cls = cls
        self._settings_of = settings_of

    @cached_property
    def settings(self) -> dict[str, Setting]:
        """The settings by key."""
        return {setting.key: setting for setting in self._settings_of(self.cls)}

    @cached_property
    def files(self) -> dict[str, Setting]:
        """The secrets by the key that names their file."""
        return {
            setting.file_key: setting
            for setting in self.settings.values()
            if setting.secret and setting.file_key not in self.settings
        }

    def read(self, value: object, place: Place) -> object:
        if isinstance(value, self.cls):
            return value
        if not isinstance(value, Mapping):
            return place.mismatch(self, value)
        unknown = [key for key in value if key not in self.settings and key not in self.files]
        for key in unknown:
            self._unknown(key, place)
        given: dict[str, object] = {}
        for setting in self.settings.values():
            found = self._read_setting(setting, value, place)
            if found is not attrs.NOTHING:
                given[setting.key] = found
        instance = self._build(given, place)
        return INVALID if unknown else instance

    def from_text(self, text: str) -> object:
        raise ValueError(text)

    def child(self, part: str) -> tuple[str, Kind] | None:
        for key, setting in self.settings.items():
            if key.upper() == part:
                return key, setting.kind
        return next(((key, PathKind()) for key in self.files if key.upper() == part), None)

    def keys(self) -> Iterable[str]:
        return [*self.settings, *self.files]

    def schema(self, shelf: Shelf) -> Schema:
        return shelf.reference(self.cls, self.cls.__name__, self.object_schema)

    def object_schema(self, shelf: Shelf) -> Schema:
        """Return the schema of the table itself, not a reference to it."""
        properties = {key: setting.schema(shelf) for key, setting in self.settings.items()}
        by_file = {setting.key for setting in self.files.values()}
        required = [key for key, setting in self.settings.items() if setting.required and key not in by_file]
        rules: list[Schema] = []
        for file_key, setting in self.files.items():
            properties[file_key] = {"description": f"a file that holds {setting.key}", **PathKind().schema(shelf)}
            either: list[Schema] = [{"required": [setting.key]}, {"required": [file_key]}]
            rules.append({"oneOf": either} if setting.required else {"not": {"allOf": either}})
        found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        return found | ({"required": required} if required else {}) | ({"allOf": rules} if rules else {})

    def rival(self, key: str) -> str | None:
        if key in self.files:
            return self.files[key].key
        file_key = f"{key}_file"
        return file_key if file_key in self.files else None

    def secret_paths(self, table: Mapping[str, object]) -> Iterator[KeyPath]:
        """
        Find the values in a table from TOML that are secrets, or may be.

        May be: those of the wrong shape, and those of unknown keys, unless it is plain which setting was meant.
        """
        for key, item in table.items():
            setting = self.settings.get(key)
            if setting is None:
                if sounds_secret(key) or not self._is_like_no_secret(key):
                    yield (key,)
            elif setting.secret:
                yield (key,)
            else:
                yield from ((key, *rest) for rest in _secrets_below(setting.kind, item))

    def _is_like_no_secret(self, key: str) -> bool:
        found = nearest(key, self.settings, likeness=0.8)
        return found is not None and not self.settings[found].secret

    def _unknown(self, key: str, place: Place) -> None:
        known = self.keys()
        hint = did_you_mean(str(key), known)
        if hint is None:
            hint = f"Known settings: {', '.join(sorted(known))}" if known else "There are no settings here"
        place.at(key).fault(head="unknown setting", hint=hint, mark="key")

    def _read_setting(self, setting: Setting, value: Mapping[str, object], place: Place) -> object:
        here = place.at(setting.key, secret=setting.secret)
        by_file = setting.file_key in value and setting.file_key in self.files
        if setting.key in value:
            if by_file:
                return here.fault(f" is given twice: give either {setting.key} or {setting.file_key}", mark="key")
            return setting.kind.read(value[setting.key], here)
        if by_file:
            return self._read_file(setting, value[setting.file_key], place)
        if setting.required:
            return here.fault(f" is missing; it expects {setting.kind.expected}", missing=True)
        return attrs.NOTHING

    def _read_file(self, setting: Setting, value: object, place: Place) -> object:
        here = place.at(setting.file_key)
        path = PathKind().read(value, here)
        if not isinstance(path, Path):
            return INVALID
        try:
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not valid UTF-8"
            return here.fault(f" names a file that cannot be read: {path}: {reason}")
        hidden = attrs.evolve(here, secret=True)
        try:
            return setting.kind.read(setting.kind.from_text(text), hidden)
        except ValueError:
            return hidden.mismatch(setting.kind, text)

    def _build(self, given: Mapping[str, object], place: Place) -> object:
        """Make the instance; where a validator refuses a value, go on with the default to find the next."""
        usable = {key: value for key, value in given.items() if value is not INVALID}
        if any(setting.required and key not in usable for key, setting in self.settings.items()):
            self._validate_alone(usable, place)
            return INVALID
        complete = len(usable) == len(given)
        blamed: set[str] = set()
        while True:
            try:
                instance: object = self.cls(**self._arguments(usable, place))
            except Exception as error:  # noqa: BLE001  (a validator may raise anything)
                setting = self._blamed(error)
                if setting is None:
                    return place.fault(f" are refused: {self._reason(error, usable)}")
                if setting.key in blamed:
                    return INVALID
                blamed.add(setting.key)
                self._refuse(setting, error, usable, place)
                if setting.key not in usable or setting.required:
                    return INVALID
                del usable[setting.key]
            else:
                return instance if complete and not blamed else INVALID

    def _validate_alone(self, usable: Mapping[str, object], place: Place) -> None:
        """Run the validators of what was given though something else is missing: one report holds everything."""
        stand_in = types.SimpleNamespace(**{self.settings[key].field.name: value for key, value in usable.items()})
        for key, value in usable.items():
            field = self.settings[key].field
            if field.validator is not None and field.converter is None:
                try:
                    field.validator(stand_in, field, value)
                except AttributeError:
                    continue  # it looks at a setting that is missing
                except Exception as error:  # noqa: BLE001  (a validator may raise anything)
                    self._refuse(self.settings[key], error, usable, place)

    def _arguments(self, usable: Mapping[str, object], place: Place) -> dict[str, object]:
        """Add the defaults that hold relative paths, with these made absolute; attrs fills in the others."""
        arguments: dict[str, object] = {}
        for key, setting in self.settings.items():
            name = setting.field.alias or key
            if key in usable:
                arguments[name] = usable[key]
            else:
                default = default_of(setting.field)
                absolute = anchored(default, place)
                if absolute is not default:
                    arguments[name] = absolute
        return arguments

    def _blamed(self, error: Exception) -> Setting | None:
        """Find the setting whose validator raised: attrs hands the attribute to it, and some errors hold that."""
        candidates: list[object] = list(error.args)
        trace = error.__traceback__
        while trace is not None:
            candidates.extend(trace.tb_frame.f_locals.values())
            trace = trace.tb_next
        names = [candidate.name for candidate in candidates if isinstance(candidate, attrs.Attribute)]
        return next((setting for setting in self.settings.values() if setting.field.name in names), None)

    def _refuse(self, setting: Setting, error: Exception, usable: Mapping[str, object], place: Place) -> None:
        here = place.at(setting.key, secret=setting.secret)
        reason = type(error).__name__ if here.secret else self._reason(error, usable)
        if setting.key in usable:
            here.fault(f" is refused: {reason}")
        else:
            here.fault(f" is refused: {reason}", head="the default of setting")

    def _reason(self, error: Exception, usable: Mapping[str, object]) -> str:
        text = str(error.args[0]) if error.args else type(error).__name__
        secrets = (str(usable[key]) for key, setting in self.settings.items() if setting.secret and key in usable)
        return without(text, filter(None, secrets))


def _secrets_below(kind: Kind, value: object) -> Iterator[KeyPath]:
    match kind, value:
        case TableKind(), Mapping():
            yield from kind.secret_paths(value)
        case ListKind(), list():
            for index, item in enumerate(value):
                yield from ((index, *rest) for rest in _secrets_below(kind.item, item))
        case DictKind(), Mapping():
            for key, item in value.items():
                yield from ((key, *rest) for rest in _secrets_below(kind.item, item))
        case UnionKind(), _:
            for member in kind.members:
                yield from _secrets_below(member, value)
        case _ if kind.compound:
            yield ()
