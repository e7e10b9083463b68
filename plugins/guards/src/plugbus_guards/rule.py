"""`Rule`: which events need what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

from plugbus.events import event_type_of
from plugbus.handlers import Pattern
from plugbus_guards.guard import Guard


if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = ("Rule",)


@attrs.frozen(kw_only=True, eq=False)
class Rule:
    """
    Events, and the guard that has to allow them.

    Args:
        name: What it is called.
        patterns: Patterns of event types.
        classes: Classes of events; their subclasses, and generic events of their types, are among them.
        guard: What has to allow.
        mode: What happens if it does not.
        place: Where it stands, as in `plugbus.toml:7`; None if nowhere.
    """

    name: str
    patterns: tuple[Pattern, ...] = ()
    classes: tuple[type, ...] = ()
    guard: Guard
    mode: Literal["enforce", "block", "report"] = "enforce"
    place: str | None = None

    def matches(self, event_type: str) -> bool:
        """Tell whether it names events of a type."""
        if any(pattern.matches(event_type) for pattern in self.patterns):
            return True
        return any(event_type == event_type_of(cls) for root in self.classes for cls in _family(root))

    @property
    def label(self) -> str:
        """The place where it stands, else its name."""
        return self.place or self.name


def _family(root: type) -> Iterator[type]:
    """Yield a class and all classes that derive from it."""
    seen: set[type] = set()
    waiting = [root]
    while waiting:
        cls = waiting.pop()
        if cls not in seen:
            seen.add(cls)
            yield cls
            waiting += type.__subclasses__(cls)
