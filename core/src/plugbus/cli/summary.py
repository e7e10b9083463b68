"""What `plugbus publish` says at its end, as tables or as plain values for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plugbus.cli.text import amount, printable


if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from plugbus.cli.publishing import Publisher
    from plugbus.cli.tally import HandlerCount, Tally

__all__ = ("as_dict", "show")


def as_dict(publisher: Publisher) -> dict[str, Any]:
    """Return the counts as plain values, types and handlers sorted by name."""
    return {
        "lines": publisher.lines,
        "bad": publisher.bad,
        "published": publisher.published,
        "blocked": publisher.blocked,
        "refused": publisher.refused,
        "failed": publisher.failed,
        "types": [
            {"type": name, "published": count.published, "blocked": count.blocked, "failed": count.failed}
            for name, count in sorted(publisher.tally.types.items())
        ],
        "handlers": [
            {"handler": name, "plugin": plugin, "handled": count.handled, "failed": count.failed}
            for plugin, name, count in _handlers(publisher.tally)
        ],
    }


def show(console: Console, publisher: Publisher, *, source: str) -> None:
    """Print a table of event types, one of handlers, and in words what the tables do not say."""
    console.print(_type_table(publisher, printable(source)))
    if publisher.tally.handlers:
        console.print(_handler_table(publisher.tally))
    for sentence in _remarks(publisher, printable(source)):
        console.print(sentence, markup=False, highlight=False)


def _remarks(publisher: Publisher, source: str) -> list[str]:
    tally = publisher.tally
    remarks = []
    if publisher.bad:
        remarks.append(f"{amount(publisher.bad, 'bad line')}; each is reported above.")
    if publisher.refused:
        remarks.append(f"{amount(publisher.refused, 'event')} refused; each is reported above.")
    raised = sum(count.published + count.blocked for count in tally.types.values())
    if extra := raised - publisher.published - publisher.blocked:
        remarks.append(
            f"{amount(extra, 'event')} of these came from handlers or from the bus itself, not from {source}."
        )
    if publisher.published and not tally.handlers:
        remarks.append(
            "Nobody listened: no plugin is on that handles these events, and no handlers were imported. "
            "`plugbus plugins` shows the plugins; handlers of yours come with --app or [bus] imports."
        )
    return remarks


def _type_table(publisher: Publisher, source: str) -> Table:
    from rich.text import Text

    tally = publisher.tally
    table = _table("event type", "published", "blocked", "failed")
    table.title = Text(f"{source}: {amount(publisher.lines, 'line')}", style="bold")
    for name, count in sorted(tally.types.items()):
        _add(table, name, count.published, count.blocked, count.failed)
    if len(tally.types) != 1:
        counts = tally.types.values()
        table.add_section()
        _add(
            table,
            "all",
            sum(count.published for count in counts),
            sum(count.blocked for count in counts),
            sum(count.failed for count in counts),
        )
    return table


def _handler_table(tally: Tally) -> Table:
    table = _table("handler", "ended well", "failed")
    for plugin, name, count in _handlers(tally):
        _add(table, f"{name} ({plugin})" if plugin else name, count.handled, count.failed)
    return table


def _handlers(tally: Tally) -> list[tuple[str | None, str, HandlerCount]]:
    found = [(plugin, name, count) for (plugin, name), count in tally.handlers.items()]
    return sorted(found, key=lambda item: (item[0] or "", item[1]))


def _table(first: str, *numbers: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column(first, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _add(table: Table, name: str, *numbers: int) -> None:
    from rich.text import Text

    *good, failed = (f"{number:,}" for number in numbers)
    table.add_row(Text(printable(name)), *good, Text(failed, style="red" if numbers[-1] else ""))
