"""Kinds that are made of other kinds: lists, tables with free keys, unions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from plugbus.config._kinds import INVALID, Kind, Place


if TYPE_CHECKING:
    from plugbus.config._shelf import Schema, Shelf


__all__ = ("DictKind", "ListKind", "TupleKind", "UnionKind")


class ListKind(Kind):
    """
    Any number of items of one kind.

    Args:
        item: The kind of the items.
        make: What the setting shall be: `list`, `tuple`, `frozenset`, `set`.
    """

    def __init__(self, item: Kind, make: Callable[[Iterable[object]], object]) -> None:
        self.item = item
        self.make = make
        self.compound = item.compound
        self.expected = f"a list, each item {item.expected}"

    def read(self, value: object, place: Place) -> object:
        if not isinstance(value, list | tuple | set | frozenset):
            return place.mismatch(self, value)
        items = [self.item.read(item, place.at(index)) for index, item in enumerate(value)]
        return INVALID if INVALID in items else self.make(items)

    def from_text(self, text: str) -> object:
        return [self.item.from_text(part.strip()) for part in text.split(",") if part.strip()]

    def schema(self, shelf: Shelf) -> Schema:
        return {"type": "array", "items": self.item.schema(shelf)}


class TupleKind(Kind):
    """A fixed number of items, each of its own kind."""

    def __init__(self, items: Sequence[Kind]) -> None:
        self.items = tuple(items)
        self.compound = any(item.compound for item in self.items)
        self.expected = f"a list of {len(self.items)} items: {', '.join(item.expected for item in self.items)}"

    def read(self, value: object, place: Place) -> object:
        if not isinstance(value, list | tuple) or len(value) != len(self.items):
            return place.mismatch(self, value)
        pairs = zip(self.items, value, strict=True)
        items = tuple(kind.read(item, place.at(index)) for index, (kind, item) in enumerate(pairs))
        return INVALID if INVALID in items else items

    def from_text(self, text: str) -> object:
        parts = [part.strip() for part in text.split(",")]
        if len(parts) != len(self.items):
            raise ValueError(text)
        return [kind.from_text(part) for kind, part in zip(self.items, parts, strict=True)]

    def schema(self, shelf: Shelf) -> Schema:
        items = [item.schema(shelf) for item in self.items]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


class DictKind(Kind):
    """A table whose keys the user chooses."""

    def __init__(self, item: Kind) -> None:
        self.item = item
        self.compound = item.compound
        self.expected = f"a table, each value {item.expected}"

    def read(self, value: object, place: Place) -> object:
        if not isinstance(value, Mapping):
            return place.mismatch(self, value)
        items = {key: self.item.read(item, place.at(key)) for key, item in value.items()}
        return INVALID if INVALID in items.values() else items

    def from_text(self, text: str) -> object:
        raise ValueError(text)

    def schema(self, shelf: Shelf) -> Schema:
        return {"type": "object", "additionalProperties": self.item.schema(shelf)}

    def child(self, part: str) -> tuple[str, Kind] | None:
        return part.lower(), self.item


class UnionKind(Kind):
    """
    What one of several kinds accepts; the first that does, wins.

    Args:
        members: The kinds, in the order of the annotation.
        optional: Whether None is a member too. TOML cannot say None; an empty environment variable can.
    """

    def __init__(self, members: Sequence[Kind], *, optional: bool) -> None:
        self.members = tuple(members)
        self.optional = optional
        self.compound = any(member.compound for member in self.members)
        self.expected = " or ".join(member.expected for member in self.members)

    def read(self, value: object, place: Place) -> object:
        if value is None and self.optional:
            return None
        attempts = []
        for member in self.members:
            attempt = place.apart()
            found = member.read(value, attempt)
            if found is not INVALID:
                return found
            attempts.append(attempt.faults)
        # A member that took the shape but not what is inside has the better story to tell.
        deepest = max(attempts, key=lambda faults: max(len(fault.keys) for fault in faults))
        if len(self.members) == 1 or any(len(fault.keys) > len(place.keys) for fault in deepest):
            place.faults.extend(deepest)
            return INVALID
        return place.mismatch(self, value)

    def from_text(self, text: str) -> object:
        if not text and self.optional:
            return None
        for member in self.members:
            try:
                raw = member.from_text(text)
            except ValueError:
                continue
            if member.read(raw, Place(Path())) is not INVALID:
                return raw
        return self.members[-1].from_text(text)

    def schema(self, shelf: Shelf) -> Schema:
        found = [member.schema(shelf) for member in self.members]
        return found[0] if len(found) == 1 else {"anyOf": found}

    def child(self, part: str) -> tuple[str, Kind] | None:
        return next((found for member in self.members if (found := member.child(part)) is not None), None)

    def keys(self) -> Iterable[str]:
        return [key for member in self.members for key in member.keys()]  # noqa: SIM118  (no mapping)

    def rival(self, key: str) -> str | None:
        return next((found for member in self.members if (found := member.rival(key)) is not None), None)
