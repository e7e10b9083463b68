"""A provider of OpenFeature for a file of flagd's whose flags have no targeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openfeature.exception import FlagNotFoundError, GeneralError, TypeMismatchError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, Metadata


if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openfeature.evaluation_context import EvaluationContext


__all__ = ("FileProvider",)


class FileProvider(AbstractProvider):
    """
    Each flag has the value of its `defaultVariant` while it is enabled.

    Args:
        flags: What stands under `flags` in the file.
    """

    def __init__(self, flags: Mapping[str, Any]) -> None:
        super().__init__()
        self._flags = flags

    def get_metadata(self) -> Metadata:
        return Metadata("plugbus-guards flag file")

    def get_provider_hooks(self) -> list[Any]:
        return []

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        return self._resolve(flag_key, (bool,))

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        return self._resolve(flag_key, (str,))

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        return self._resolve(flag_key, (int,))

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        return self._resolve(flag_key, (int, float))

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        return self._resolve(flag_key, (dict, list))

    def _resolve(self, key: str, types: tuple[type, ...]) -> FlagResolutionDetails[Any]:
        flag = self._flags.get(key)
        if flag is None:
            raise FlagNotFoundError(f"there is no flag {key!r}")
        if flag["state"] == "DISABLED":
            raise FlagNotFoundError(f"flag {key!r} is disabled")
        variant = flag.get("defaultVariant")
        if variant not in flag["variants"]:
            raise GeneralError(f"the default variant of flag {key!r} is none of its variants")
        value = flag["variants"][variant]
        if type(value) not in types:
            raise TypeMismatchError(f"flag {key!r} has another type")
        return FlagResolutionDetails(value, variant=variant, reason=Reason.STATIC)
