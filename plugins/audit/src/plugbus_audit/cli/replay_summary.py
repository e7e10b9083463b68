"""What `plugbus audit replay` says at its end, as tables or as plain values for JSON."""

from __future__ import annotations

from typing import Any

import attrs

from plugbus.cli.tally import Tally
from plugbus.cli.text import amount, printable
from plugbus_audit.cli.showing import console
from plugbus_audit.replaying import Replay, ReplayCount


__all__ = ("as_dict", "show")


def as_dict(replay: Replay, tally: Tally) -> dict[str, Any]:
    """Return the counts as plain values, types and handlers sorted by name."""
    return {
        **attrs.asdict(replay.total),
        "refused": replay.refused,
        "types": [{"type": name, **attrs.asdict(count)} for name, count in sorted(replay.types.items())],
        "handlers": [
            {"handler": name, "plugin": plugin, "handled": count.handled, "failed": count.failed}
            for (plugin, name), count in sorted(tally.handlers.items(), key=lambda item: (item[0][0] or "", item[0][1]))
        ],
    }


def show(replay: Replay, tally: Tally, *, name: str, is_heard: bool) -> None:
    """
    Print a table of event types, one of handlers, and in words what the tables do not say.

    Args:
        replay: What has become of the events.
        tally: How the handlers ended.
        name: What the trail is called.
        is_heard: Whether any handler takes replays.
    """
    out = console()
    columns = ["selected"] if replay.bus is None else ["selected", "replayed", "blocked", "failed"]
    rows = {name: _numbers(count, columns) for name, count in sorted(replay.types.items())}
    if len(rows) != 1:
        rows["all"] = _numbers(replay.total, columns)
    _print_table(printable(name), ("event type", *columns), rows)
    handlers = {
        f"{handler} ({plugin})" if plugin else handler: [count.handled, count.failed]
        for (plugin, handler), count in sorted(tally.handlers.items(), key=lambda item: (item[0][0] or "", item[0][1]))
    }
    if handlers:
        _print_table("", ("handler", "ended well", "failed"), handlers)
    for sentence in _remarks(replay, is_heard=is_heard):
        out.print(sentence, soft_wrap=True)


def _numbers(count: ReplayCount, columns: list[str]) -> list[int]:
    return [getattr(count, name) for name in columns]


def _remarks(replay: Replay, *, is_heard: bool) -> list[str]:
    total = replay.total
    remarks = []
    if replay.bus is None:
        remarks.append("A dry run: nothing was published.")
    if total.generic:
        verb = "would be" if replay.bus is None else "published"
        remarks.append(f"{amount(total.generic, 'event')} {verb} generic, since a secret was removed from the data.")
    if total.unfit:
        remarks.append(f"{amount(total.unfit, 'event')} could not be published; each is reported above.")
    if replay.refused:
        remarks.append(f"{amount(replay.refused, 'event')} refused; each is reported above.")
    if total.selected and not is_heard:
        remarks.append(
            "Nobody takes replays: subscribe handlers with replay=True. Handlers of yours come with --app or [bus] "
            "imports."
        )
    return remarks


def _print_table(title: str, names: tuple[str, ...], rows: dict[str, list[int]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    first, *numbers = names
    table = Table(box=box.SIMPLE_HEAD, title_justify="left")
    if title:
        table.title = Text(title, style="bold")
    table.add_column(first, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for name, counts in rows.items():
        cells = [
            Text(f"{count:,}", style="red" if column == "failed" and count else "")
            for column, count in zip(numbers, counts, strict=True)
        ]
        table.add_row(Text(printable(name)), *cells)
    console().print(table)
