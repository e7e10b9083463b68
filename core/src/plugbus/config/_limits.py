"""What attrs' own validators say, in the words of JSON Schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any


if TYPE_CHECKING:
    from plugbus.config._shelf import Schema


__all__ = ("both", "limits")

_BOUNDS = {">=": "minimum", ">": "exclusiveMinimum", "<=": "maximum", "<": "exclusiveMaximum"}


def limits(validator: Any) -> Schema:  # noqa: PLR0911  (one for each validator)
    """Return what a validator allows; nothing for one that JSON Schema cannot express."""
    # By their attributes, since attrs does not publish the classes.
    match getattr(type(validator), "__name__", ""):
        case "_AndValidator":
            found: Schema = {}
            for member in validator._validators:
                found = both(found, limits(member))
            return found
        case "_OptionalValidator":
            return limits(validator.validator)  # TOML cannot say None
        case "_NumberValidator":
            return {_BOUNDS[validator.compare_op]: validator.bound}
        case "_MinLengthValidator":
            return dict.fromkeys(("minLength", "minItems", "minProperties"), validator.min_length)
        case "_MaxLengthValidator":
            return dict.fromkeys(("maxLength", "maxItems", "maxProperties"), validator.max_length)
        case "_MatchesReValidator" if not validator.pattern.flags & re.IGNORECASE:
            return {"pattern": _anchored(validator)}
        case "_InValidator" if all(isinstance(one, str | int | float) for one in validator.options):
            return {"enum": list(validator.options)}
        case _:
            return {}


def both(first: Schema, second: Schema) -> Schema:
    """Return a schema that says what two say."""
    if first.keys() & second.keys():
        return {"allOf": [first, second]}
    return first | second


def _anchored(validator: Any) -> str:
    text: str = validator.pattern.pattern
    # The method of the pattern that the validator calls says how much has to match.
    how = getattr(validator.match_func, "__name__", "fullmatch")
    return {"fullmatch": f"^(?:{text})$", "match": f"^(?:{text})"}.get(how, text)
