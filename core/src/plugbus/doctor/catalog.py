"""The catalog: every type of events that is known, with its fields and who handles it."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from plugbus._kinds import SECRET, SECRET_KEY
from plugbus.doctor._types import kinds_of, place_of
from plugbus.events import Event


if TYPE_CHECKING:
    from plugbus.bus import EventBus

__all__ = ("EventView", "FieldView", "Listener", "catalog")


@attrs.frozen
class FieldView:
    """
    One field of an event.

    Args:
        name: Its name.
        type: Its type as it is written.
        required: Whether it has no default.
        default: Its default as Python writes it; None if there is none; masked if it is secret.
        secret: Whether its value is masked.
    """

    name: str
    type: str
    required: bool = True
    default: str | None = None
    secret: bool = False


@attrs.frozen
class Listener:
    """A handler that takes events of a type, and the plugin that contributed it."""

    name: str
    plugin: str | None = None


@attrs.frozen
class EventView:
    """
    One type of events.

    Args:
        type: Its name.
        version: Its version.
        cls: The class, as module and name; None if only generic events have this type.
        summary: What the class says of itself in one line.
        fields: Its fields; a generic event has a payload of any fields.
        handlers: Who takes such events, in the order of subscription.
    """

    type: str
    version: int
    cls: str | None
    summary: str | None
    fields: tuple[FieldView, ...]
    handlers: tuple[Listener, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it as data for `json.dumps`."""
        return attrs.asdict(self)


def catalog(bus: EventBus | None = None) -> tuple[EventView, ...]:
    """
    List the types of events: those that have a class, the standard ones, and those that a handler names.

    Args:
        bus: Whose handlers are listed; None for none.
    """
    import plugbus.catalog  # noqa: F401  (it defines the technical ones)

    subscriptions = bus.subscriptions() if bus is not None else ()
    found = [
        EventView(
            type=kind.type,
            version=kind.version,
            cls=None if cls is Event else place_of(cls),
            summary=None if cls is Event else _summary(cls),
            fields=() if cls is Event else tuple(_fields(cls)),
            handlers=tuple(Listener(one.name, one.plugin) for one in subscriptions if one.matches(cls, kind)),
        )
        for cls, kind in kinds_of(subscriptions)
    ]
    return tuple(sorted(found, key=lambda view: (view.type, view.version)))


def _summary(cls: type) -> str | None:
    text = inspect.cleandoc(cls.__doc__) if cls.__doc__ else ""
    # A dataclass that says nothing has its signature there.
    return text.splitlines()[0] if text and not text.startswith(f"{cls.__name__}(") else None


def _fields(cls: type[Any]) -> Iterable[FieldView]:
    if attrs.has(cls):
        return _of_attrs(cls)
    if dataclasses.is_dataclass(cls):
        return _of_dataclass(cls)
    if hasattr(cls, "model_fields"):
        return _of_pydantic(cls)
    if hasattr(cls, "__struct_fields__"):
        return _of_msgspec(cls)
    return (FieldView(name, _written(hint)) for name, hint in inspect.get_annotations(cls).items())


def _of_attrs(cls: type[Any]) -> Iterator[FieldView]:
    for field in attrs.fields(cls):
        if field.init:
            default = _default(field.default, absent=attrs.NOTHING, made=isinstance(field.default, attrs.Factory))  # type: ignore[arg-type]
            yield _view(field.alias, field.type, default, secret=SECRET_KEY in field.metadata)


def _of_dataclass(cls: type[Any]) -> Iterator[FieldView]:
    for field in dataclasses.fields(cls):
        if field.init:
            made = field.default_factory is not dataclasses.MISSING
            yield _view(field.name, field.type, _default(field.default, absent=dataclasses.MISSING, made=made))


def _of_pydantic(cls: Any) -> Iterator[FieldView]:
    for name, field in cls.model_fields.items():
        hint = _written(field.annotation)
        default = None if field.is_required() else _default(field.default, made=field.default_factory is not None)
        yield _view(name, hint, default, secret="Secret" in hint)


def _of_msgspec(cls: type[Any]) -> Iterator[FieldView]:
    import msgspec

    for field in msgspec.structs.fields(cls):
        made = field.default_factory is not msgspec.NODEFAULT
        yield _view(field.name, field.type, _default(field.default, absent=msgspec.NODEFAULT, made=made))


def _view(name: str, hint: Any, default: str | None, *, secret: bool = False) -> FieldView:
    shown = SECRET if secret and default is not None else default
    return FieldView(name, _written(hint), required=default is None, default=shown, secret=secret)


def _default(value: Any, *, absent: object = None, made: bool) -> str | None:
    """Return a default as Python writes it, None if there is none; one that is made anew is not made for this."""
    if made:
        return "..."
    if value is absent and absent is not None:
        return None
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _written(hint: Any) -> str:
    if isinstance(hint, str):
        return hint
    if hint is None:
        return "Any"
    return hint.__name__ if isinstance(hint, type) and not getattr(hint, "__args__", ()) else str(hint)
