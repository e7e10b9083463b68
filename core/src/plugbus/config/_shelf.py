"""The definitions of a JSON Schema, each there once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs


__all__ = ("Schema", "Shelf")

Schema = dict[str, Any]


@attrs.define
class Shelf:
    """The `$defs` of one schema: tables that stand at several places, or that hold themselves."""

    definitions: dict[str, Schema] = attrs.field(factory=dict)
    _names: dict[type, str] = attrs.field(factory=dict)

    def reference(self, cls: type, name: str, make: Callable[[Shelf], Schema]) -> Schema:
        """
        Return a reference to the definition of a class; the first who asks makes it.

        Args:
            cls: The class.
            name: What to call it; a number is added where another class has the name.
            make: Makes the definition, which may refer to itself.
        """
        if cls not in self._names:
            same = sum(given.rstrip("0123456789") == name for given in self._names.values())
            key = self._names[cls] = f"{name}{same + 1}" if same else name
            self.definitions[key] = {}
            self.definitions[key] = make(self)
        return {"$ref": f"#/$defs/{self._names[cls]}"}
