"""A provider of OpenFeature for a file of flagd's with targeting, by flagd's own evaluator without its server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.provider import AbstractProvider, Metadata


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType


__all__ = ("TargetingProvider",)


class TargetingProvider(AbstractProvider):
    """
    Flags whose value depends on who asks.

    Args:
        document: The content of the file.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self._core: Any = FlagdCore()
        self._core.set_flags(document)

    def get_metadata(self) -> Metadata:
        return Metadata("plugbus-guards flag file with targeting")

    def get_provider_hooks(self) -> list[Any]:
        return []

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        found: FlagResolutionDetails[bool] = self._core.resolve_boolean_value(
            flag_key, default_value, evaluation_context
        )
        return found

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        found: FlagResolutionDetails[str] = self._core.resolve_string_value(flag_key, default_value, evaluation_context)
        return found

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        found: FlagResolutionDetails[int] = self._core.resolve_integer_value(
            flag_key, default_value, evaluation_context
        )
        return found

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        found: FlagResolutionDetails[float] = self._core.resolve_float_value(
            flag_key, default_value, evaluation_context
        )
        return found

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        found: FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]] = (
            self._core.resolve_object_value(flag_key, default_value, evaluation_context)
        )
        return found
