"""Policies by Cedar."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from plugbus.errors import DefinitionError
from plugbus_guards.policies.files import FilePolicy


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


__all__ = ("CedarPolicy",)


class CedarPolicy(FilePolicy):
    """
    A set of policies of Cedar.

    Args:
        name: Its name.
        policies: The file with the policies.
        schema: The file with the schema, which the policies are checked against; None for none.
        entities: The file with entities, as JSON; None for none.

    Raises:
        DefinitionError: If one of them cannot be read or is none, or cedarpy is not installed.
    """

    def __init__(self, name: str, policies: Path, schema: Path | None, entities: Path | None) -> None:
        try:
            import cedarpy
        except ImportError:
            raise DefinitionError('policies of Cedar need an extra: pip install "plugbus-guards[cedar]"') from None
        self._cedar: Any = cedarpy
        self._policies = policies
        self._schema = schema
        self._entities = entities
        self._parsed: tuple[Any, list[Any]] = (None, [])
        super().__init__(name, [path for path in (policies, schema, entities) if path is not None])

    def is_allowed(self, request: Mapping[str, Any], entities: list[Mapping[str, Any]]) -> tuple[bool, list[str]]:
        """
        Return whether a request is allowed, and the errors of its evaluation.

        Args:
            request: `principal`, `action`, `resource` and `context`.
            entities: Entities besides those of the file.
        """
        policies, known = self._parsed
        answer = self._cedar.is_authorized(dict(request), policies, [*known, *entities])
        errors = [str(error) for error in answer.diagnostics.errors]
        return bool(answer.allowed) and not errors, errors

    def _read(self) -> None:
        try:
            text = self._policies.read_text(encoding="utf-8")
            schema = self._schema.read_text(encoding="utf-8") if self._schema is not None else None
            entities = json.loads(self._entities.read_text(encoding="utf-8")) if self._entities is not None else []
        except (OSError, ValueError) as error:
            raise DefinitionError(f"policy {self.name} cannot be read: {error}") from None
        if not isinstance(entities, list):
            raise DefinitionError(f"the entities of policy {self.name} are no list")
        try:
            checked = self._cedar.validate_policies(text, schema) if schema is not None else None
            parsed = self._cedar.PolicySet.from_str(text)
        except Exception as error:  # noqa: BLE001  (whatever the library raises)
            raise DefinitionError(f"policy {self.name} is none of Cedar: {error}") from None
        if checked is not None and not checked.validation_passed:
            told = "; ".join(str(error) for error in checked.errors)
            raise DefinitionError(f"policy {self.name} does not fit its schema: {told}")
        self._parsed = (parsed, entities)
