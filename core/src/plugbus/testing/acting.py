"""`as_principal`: publish in somebody's name."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from plugbus.authority import Authority
from plugbus.bus import EventBus


__all__ = ("as_principal",)


def as_principal(principal: str | Mapping[str, Any], bus: EventBus | None = None) -> AbstractContextManager[object]:
    """
    Publish in somebody's name inside of a block.

    Args:
        principal: An id, or a description like `{"id": "7", "roles": ["admin"]}`, as `plugbus publish --as` reads it.
        bus: The bus; by default the default one, which the fixtures `bus` and `plugbus_config` set.

    Raises:
        ServiceNotFound: If no plugin of the bus knows principals; plugbus-guards does.
        UsageError: If the description is none.
    """
    described = {"id": principal} if isinstance(principal, str) else principal
    return (bus or EventBus.get_instance()).service(Authority).acting_as(described)  # type: ignore[type-abstract]
