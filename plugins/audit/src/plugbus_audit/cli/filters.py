"""Options that say which records are meant, the same for all commands that read the trail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import click

from plugbus.cli.exits import FINDINGS
from plugbus.cli.text import printable
from plugbus.errors import InvalidPattern
from plugbus.handlers import parse_pattern
from plugbus_audit.errors import InvalidFilter, NoTrail
from plugbus_audit.filters import Filter
from plugbus_audit.moments import moment
from plugbus_audit.record import EVENTS


__all__ = ("filter_options", "reads_trail")

T = TypeVar("T")
_Function = Callable[..., Any]


def filter_options(kinds: Sequence[str] = (), default: Sequence[str] = EVENTS) -> Callable[[_Function], _Function]:
    """
    Give a command the options of a filter, and its function the `Filter` as the argument `where`.

    Args:
        kinds: The kinds of records among which the user may choose; none if he may not.
        default: The kinds if he does not.
    """

    def decorate(function: _Function) -> _Function:
        @wraps(function)
        def command(*arguments: Any, fields: dict[str, str], kinds: Sequence[str] = (), **options: Any) -> Any:
            names = ("type", "since", "until", "source", "correlation_id", "text")
            said = {name: options.pop(name) for name in names}
            where = Filter(**{**said, "type": said["type"] or "*"}, fields=fields, kinds=kinds or default)
            return function(*arguments, where=where, **options)

        decorated: _Function = command
        for option in reversed((*_OPTIONS, *([_kind_option(kinds)] if kinds else []))):
            decorated = option(decorated)
        return decorated

    return decorate


def reads_trail(function: _Function) -> _Function:
    """Let a command say where there is no trail, and end with the code for it."""

    @wraps(function)
    def command(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except NoTrail as error:
            click.echo(printable(str(error)), err=True)
            raise click.exceptions.Exit(FINDINGS) from None

    return command


def _read(reader: Callable[[str], T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    def callback(ctx: click.Context, parameter: click.Parameter, value: str | None) -> T | None:
        if value is None:
            return None
        try:
            return reader(value)
        except (InvalidFilter, InvalidPattern) as error:
            raise click.BadParameter(printable(str(error)), ctx, parameter) from error

    return callback


def _pattern(text: str) -> str:
    parse_pattern(text)
    return text


def _fields(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> dict[str, str]:
    fields = {}
    for value in values:
        path, equals, wanted = value.partition("=")
        if not equals or not all(path.split(".")):
            said = printable(value)
            raise click.BadParameter(f"expected PATH=VALUE, as in payload.user_id=7, got {said!r}", ctx, parameter)
        fields[path] = wanted
    return fields


def _kind_option(kinds: Sequence[str]) -> Callable[[_Function], _Function]:
    return click.option(
        "--kind",
        "kinds",
        type=click.Choice(list(kinds)),
        multiple=True,
        help="Only these kinds of records; repeatable.",
    )


_OPTIONS: tuple[Callable[[_Function], _Function], ...] = (
    click.option("--type", callback=_read(_pattern), metavar="PATTERN", help="Only these types, as in 'user.*'."),
    click.option(
        "--since",
        callback=_read(moment),
        metavar="TIME",
        help="Only what was created at that time (ISO 8601, UTC if it does not say) or later, or so long ago: '2h'.",
    ),
    click.option("--until", callback=_read(moment), metavar="TIME", help="Only what was created before that time."),
    click.option("--source", metavar="NAME", help="Only what this source raised."),
    click.option("--correlation", "correlation_id", metavar="ID", help="Only what belongs to this."),
    click.option(
        "--field",
        "fields",
        callback=_fields,
        multiple=True,
        metavar="PATH=VALUE",
        help="Only events with this value in their data, as in payload.user_id=7; repeatable.",
    ),
    click.option("--text", metavar="TEXT", help="Only events with this text in their data; upper or lower case."),
)
