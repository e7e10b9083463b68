"""Who acts: what a plugin offers that knows principals, to whatever has to name one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any


__all__ = ("Authority",)


class Authority(ABC):
    """
    The service that says in whose name events are published.

    Core knows no principals: `plugbus publish --as` and `plugbus.testing.as_principal` ask this service, which the
    plugin guards offers.
    """

    @abstractmethod
    def acting_as(self, principal: Mapping[str, Any]) -> AbstractContextManager[object]:
        """
        Publish in somebody's name inside of a block.

        Args:
            principal: A description: `id`, and what else the plugin knows, such as `roles` and `claims`.

        Returns:
            A context manager, for `with`, for the context that it is entered in.

        Raises:
            UsageError: If the description is none.
        """
